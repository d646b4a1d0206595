import { Alert, Button, Card, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useAction } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { shellWord } from '../../shell/shell-words';

const lifetimes = [
  { value: '3600', label: 'an hour' },
  { value: '86400', label: 'a day' },
  { value: '604800', label: 'a week' },
  { value: '2592000', label: '30 days' },
];

/** Makes a token and shows the line that a device runs with it: once, as the coordinator keeps only its hash. */
export function NewToken() {
  const [name, setName] = useState('');
  const [lifetime, setLifetime] = useState('86400');
  const [uses, setUses] = useState<number | string>(1);
  const [approval, setApproval] = useState(true);
  const create = useAction('createEnrolmentToken');
  const usesMax = Number(uses);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ body: { ...(name.trim() === '' ? {} : { name: name.trim() }), expiresInSeconds: Number(lifetime), usesMax, approval } });
  };
  const flags = [...(name.trim() === '' ? [] : ['--name', shellWord(name.trim())]), '--expires', lifetime, '--uses', String(usesMax), ...(approval ? ['--approval'] : [])];
  return (
    <Card withBorder component="section" aria-labelledby="new-token">
      <Stack>
        <Title order={2} size="h4" id="new-token">Add devices</Title>
        <form onSubmit={submit}>
          <Stack>
            <Group align="flex-end">
              <TextInput label="Name of the token" placeholder="lab" value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
              <Select label="Good for" data={lifetimes} value={lifetime} allowDeselect={false} onChange={(value) => value !== null && setLifetime(value)} />
              <NumberInput label="Devices it lets in" min={1} max={100_000} allowDecimal={false} value={uses} onChange={setUses} required />
            </Group>
            <Checkbox label="Each device waits until I approve its fingerprint" checked={approval} onChange={(event) => setApproval(event.currentTarget.checked)} />
            <Group><Button type="submit" loading={create.isPending}>Make a token</Button></Group>
          </Stack>
        </form>
        {create.error === null ? null : <Alert color="red" variant="outline" role="alert" title="No token was made">{create.error.message}</Alert>}
        {create.data === undefined
          ? <CommandLine does="The same from a terminal:" line={`seedfleet tokens create ${flags.join(' ')}`} />
          : (
            <Stack gap="xs" role="status">
              <CommandLine does="Run this on each device; the token is shown only now:" line={`seedfleet-worker enroll --url ${location.origin} --token ${create.data.token}`} />
              <CommandLine does="Then let it work, with a file of its own examples:" line="seedfleet-worker start --data examples.jsonl --text-field text --label-field label" />
              <Text size="sm">It lets {create.data.usesMax} {create.data.usesMax === 1 ? 'device' : 'devices'} in until {dateTimeOf(create.data.expiresAt)}{create.data.approval ? '; each one then waits below' : ''}.</Text>
            </Stack>
          )}
      </Stack>
    </Card>
  );
}
