import { Alert, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { type DeviceDetail, type DeviceDoctor, type DeviceResync } from '@seedfleet/protocol';
import { useAction } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { shellWord } from '../../shell/shell-words';
import { WideTable } from '../../shell/wide-table';

/** Questions to a device that is connected, and what it answered last. */
export function DeviceCalls({ device }: { device: DeviceDetail }) {
  const [ping, resync, doctor] = [useAction('pingDevice'), useAction('resyncDevice'), useAction('diagnoseDevice')];
  const options = { params: { id: device.id } };
  const refusal = [ping, resync, doctor].find(({ error }) => error !== null)?.error;
  const ask = (question: { mutate: (of: typeof options) => void }) => {
    for (const other of [ping, resync, doctor]) other.reset();
    question.mutate(options);
  };
  return (
    <Stack component="section" aria-labelledby="calls" gap="xs">
      <Title order={2} size="h4" id="calls">Ask it</Title>
      <Group>
        <Button size="xs" variant="default" loading={ping.isPending} onClick={() => ask(ping)}>Ping</Button>
        <Button size="xs" variant="default" loading={doctor.isPending} onClick={() => ask(doctor)}>Run its doctor</Button>
        <Button size="xs" variant="default" loading={resync.isPending} onClick={() => ask(resync)}>Compare its states</Button>
      </Group>
      {refusal === undefined ? null : <Alert color="red" variant="outline" role="alert" title={`${device.name} did not answer`}>{refusal?.message}</Alert>}
      <PingAnswer device={device} />
      {device.checks.doctor === null ? null : <DoctorAnswer name={device.name} answer={device.checks.doctor} />}
      {device.checks.resync === null ? null : <ResyncAnswer name={device.name} answer={device.checks.resync} />}
      <CommandLine does="The same from a terminal:" line={`seedfleet devices doctor ${shellWord(device.name)}`} />
    </Stack>
  );
}

function PingAnswer({ device: { checks: { ping } } }: { device: DeviceDetail }) {
  if (ping === null) return <Text size="sm">Nobody has asked it anything yet. A device answers while its worker is connected.</Text>;
  const skew = `${Math.abs(ping.clockSkewMs).toLocaleString('en')} ms ${ping.clockSkewMs < 0 ? 'behind' : 'ahead'}`;
  return <Text size="sm" role="status">Last ping {dateTimeOf(ping.at)}: answered in {ping.milliseconds.toLocaleString('en')} ms, its clock {skew}, its worker running for {ping.uptimeSeconds.toLocaleString('en')} s.</Text>;
}

function DoctorAnswer({ name, answer: { at, passed, findings } }: { name: string; answer: DeviceDoctor }) {
  return (
    <>
      <Text size="sm">Its doctor, {dateTimeOf(at)}: <strong>{passed ? 'PASSED' : 'FAILED'}</strong></Text>
      <WideTable label={`What the doctor of ${name} found`} columns={[{ label: 'Check' }, { label: 'Result' }, { label: 'What it found' }, { label: 'What to do' }]}>
        {findings.map(({ check, result, code, detail, problem, fix }) => (
          <Table.Tr key={check}>
            <Table.Td>{check}</Table.Td><Table.Td>{result.toUpperCase()}</Table.Td>
            <Table.Td>{[code, problem, detail].filter((word) => word !== null).join(': ') || '–'}</Table.Td><Table.Td>{fix ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </>
  );
}

function ResyncAnswer({ name, answer: { at, runs } }: { name: string; answer: DeviceResync }) {
  return (
    <>
      <Text size="sm">Its states, compared {dateTimeOf(at)}:{runs.length === 0 ? ' it holds no run.' : ''}</Text>
      {runs.length === 0 ? null : (
        <WideTable label={`States of the runs of ${name}`} minWidth={320} columns={[{ label: 'Run' }, { label: 'Applied', number: true, hint: 'commits that the device has applied' }, { label: 'Of', number: true, hint: 'commits of the run' }, { label: 'State' }]}>
          {runs.map(({ run, round, head, stateMatches }) => (
            <Table.Tr key={run}>
              <Table.Td>{run}</Table.Td><Table.Td className="number">{round}</Table.Td><Table.Td className="number">{head}</Table.Td>
              <Table.Td>{stateMatches ? (round === head ? 'equal' : 'equal, catching up') : 'differs: it begins anew from the log'}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </>
  );
}
