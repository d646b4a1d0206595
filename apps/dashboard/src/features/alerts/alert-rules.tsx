import { Button, Card, Group, MultiSelect, NumberInput, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { type AlertCondition, type AlertRule } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { shellWord } from '../../shell/shell-words';
import { WideTable } from '../../shell/wide-table';
import { conditionKinds, conditionText } from './condition-text';

const columns = [{ label: 'Name' }, { label: 'Watches for' }, { label: 'Channels' }, { label: 'Silent until' }, { label: 'Actions' }];

/** What is watched for, and a form for more. */
export function AlertRules() {
  const rules = useRoute('listAlertRules');
  const channels = useRoute('listAlertChannels');
  const nameOf = (id: string) => channels.data?.items.find((channel) => channel.id === id)?.name ?? id;
  const rows = rules.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="rules">
      <Title order={2} size="h4" id="rules">Rules</Title>
      <NewRule channels={(channels.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))} />
      <QueryState query={rules}>
        {rows.length === 0 ? <Text>Nothing is watched for yet.</Text> : (
          <WideTable label="Alert rules" columns={columns} minWidth={800}>
            {rows.map((rule) => <RuleLine key={rule.id} rule={rule} channels={rule.channels.map(nameOf).join(', ') || 'listed only'} />)}
          </WideTable>
        )}
      </QueryState>
    </Stack>
  );
}

function RuleLine({ rule, channels }: { rule: AlertRule; channels: string }) {
  const silence = useAction('silenceAlertRule');
  const end = useAction('deleteAlertRule');
  const params = { id: rule.id };
  const silent = rule.silencedUntil !== null && Date.parse(rule.silencedUntil) > Date.now();
  const error = silence.error ?? end.error;
  return (
    <Table.Tr>
      <Table.Td>{rule.name}</Table.Td><Table.Td>{conditionText(rule.condition)}</Table.Td><Table.Td>{channels}</Table.Td><Table.Td>{silent ? dateTimeOf(rule.silencedUntil) : '–'}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" aria-label={`${silent ? 'End the silence of' : 'Silence for an hour:'} ${rule.name}`} onClick={() => silence.mutate({ params, body: { seconds: silent ? 0 : 3_600 } })}>{silent ? 'Let it speak' : 'Silence for an hour'}</Button>
          <Button size="xs" variant="default" aria-label={`End rule ${rule.name}`} onClick={() => end.mutate({ params })}>End</Button>
        </Group>
        {error === null ? null : <Text size="sm" role="alert">{error.message}</Text>}
      </Table.Td>
    </Table.Tr>
  );
}

const bounds = { minutes: 'Minutes', evaluations: 'Evaluations', share: 'Share, 0 to 1', rounds: 'Rounds', hours: 'Hours' } as const;

function NewRule({ channels }: { channels: { value: string; label: string }[] }) {
  const [name, setName] = useState('');
  const [condition, setCondition] = useState<AlertCondition>({ type: 'round-stalled', minutes: 10 });
  const [chosen, setChosen] = useState<string[]>([]);
  const create = useAction('createAlertRule');
  const { type, ...limits } = condition;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ body: { name: name.trim(), condition, channels: chosen } }, { onSuccess: () => setName('') });
  };
  const flags = Object.entries(limits).map(([bound, value]) => `--${bound} ${value}`);
  return (
    <Card withBorder component="form" onSubmit={submit}>
      <Stack gap="sm">
        <Group align="flex-end">
          <TextInput label="Name of the rule" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="Watch for" data={conditionKinds.map((kind) => ({ value: kind.condition.type, label: kind.label }))} value={type} allowDeselect={false}
            onChange={(value) => setCondition(conditionKinds.find((kind) => kind.condition.type === value)?.condition ?? condition)} />
          {Object.entries(limits).map(([bound, value]) => (
            <NumberInput key={bound} label={bounds[bound as keyof typeof bounds]} required min={0} step={bound === 'share' ? 0.1 : 1} value={Number(value)} onChange={(next) => setCondition({ ...condition, [bound]: Number(next) })} />
          ))}
          <MultiSelect label="Who hears of it" placeholder={chosen.length === 0 ? 'listed only' : undefined} data={channels} value={chosen} onChange={setChosen} />
          <Button type="submit" loading={create.isPending}>Watch</Button>
        </Group>
        <Text size="sm">An alert begins when this holds: {conditionText(condition)}. It ends by itself when it no longer does.</Text>
        <CommandLine does="The same from a terminal:" line={['seedfleet alerts watch', '--name', shellWord(name.trim() || 'NAME'), '--type', type, ...flags, ...(chosen.length === 0 ? [] : ['--channels', chosen.join(',')])].join(' ')} />
        {create.error === null ? null : <Text role="alert">{create.error.message}</Text>}
      </Stack>
    </Card>
  );
}
