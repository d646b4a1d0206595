import { Alert, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { type System } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { Figure } from '../../shell/figure';
import { bytesText, countText, dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { warningsOf } from './system-warnings';

const percentOf = (part: number, whole: number) => `${Math.round((100 * part) / Math.max(1, whole))} %`;
const keptFor = (days: number) => (days === 0 ? 'for ever' : `${days} days`);

/** How this coordinator does: what it runs on, what it waits for, how long it keeps things, and how to save them. */
export function SystemPage() {
  const query = useRoute('showSystem');
  const ready = useRoute('readyz');
  const { data } = query;
  return (
    <Stack>
      <Title order={1} size="h2">System</Title>
      <QueryState query={query}>
        {data === undefined ? null : (
          <>
            {ready.data === undefined || ready.data.status === 'ok' ? null : <Alert color="red" variant="outline" role="alert" title="Not ready">{Object.entries(ready.data.parts).filter(([, state]) => state !== 'ok').map(([part]) => part).join(', ')} fails.</Alert>}
            {warningsOf(data).map((warning) => <Alert key={warning} color="orange" variant="outline" role="status" title="Before it is trouble">{warning}</Alert>)}
            <Figures data={data} />
            <Replicas data={data} />
            <DatabaseTables data={data} />
            <Retention data={data} />
          </>
        )}
      </QueryState>
    </Stack>
  );
}

function Figures({ data: { database, disk, memory, eventLoop, devices, runs, ...about } }: { data: System }) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
      <Figure label={`version; Node ${about.node}, ${about.platform}`} value={about.version} hint={`started ${dateTimeOf(about.startedAt)}`} />
      <Figure label={database.kind === 'embedded' ? `embedded database, PostgreSQL ${database.version}` : `PostgreSQL ${database.version}`} value={bytesText(database.bytes)} hint={`${database.migrations} migrations applied`} />
      <Figure label="database answers in" value={`${database.answerMs.toFixed(1)} ms`} hint="one statement, there and back, when this page asked" />
      <Figure label="statements that wait for a connection" value={database.connections.waiting} hint={`${database.connections.open} of at most ${database.connections.max} connections are open, ${database.connections.idle} idle`} />
      <Figure label={`free on the disk of ${disk.home}`} value={bytesText(disk.freeBytes)} hint={`${percentOf(disk.freeBytes, disk.totalBytes)} of ${bytesText(disk.totalBytes)}; models take ${bytesText(disk.modelBytes)}`} />
      <Figure label="memory of this process" value={bytesText(memory.residentBytes)} hint={`heap ${bytesText(memory.heapBytes)}; the machine has ${bytesText(memory.systemFreeBytes)} free of ${bytesText(memory.systemBytes)}`} />
      <Figure label="delay of the event loop, 99th of 100" value={`${eventLoop.p99Ms.toFixed(1)} ms`} hint={`in the last minute; mean ${eventLoop.meanMs.toFixed(1)} ms. Everything that this process does waits so long`} />
      <Figure label="devices connected here, of those enrolled" value={`${countText(devices.connected)} of ${countText(devices.enrolled)}`} hint={`${runs.ledHere} of ${runs.going} runs that go on are led here`} />
    </SimpleGrid>
  );
}

function Replicas({ data: { replicas } }: { data: System }) {
  return (
    <Stack gap="xs" component="section" aria-labelledby="replicas">
      <Title order={2} size="h5" id="replicas">Coordinators over this database</Title>
      {replicas.length === 0 ? <Text>This one alone. Several over one PostgreSQL share devices and runs; docs/operations.md says how.</Text> : (
        <WideTable label="Processes" columns={[{ label: 'Process' }, { label: 'Host' }, { label: 'Version' }, { label: 'Since' }, { label: 'Leads runs', number: true, hint: 'each run is led by one process at a time' }]} minWidth={640}>
          {replicas.map(({ id, host, version, startedAt, leads }) => <Table.Tr key={id}><Table.Td className="mono">{id}</Table.Td><Table.Td>{host}</Table.Td><Table.Td>{version}</Table.Td><Table.Td>{dateTimeOf(startedAt)}</Table.Td><Table.Td className="number">{leads}</Table.Td></Table.Tr>)}
        </WideTable>
      )}
    </Stack>
  );
}

function DatabaseTables({ data: { database } }: { data: System }) {
  return (
    <Stack gap="xs" component="section" aria-labelledby="tables">
      <Title order={2} size="h5" id="tables">Largest tables</Title>
      <WideTable label="Tables by size" columns={[{ label: 'Table' }, { label: 'Size', number: true, hint: 'with its indexes' }, { label: 'Rows, about', number: true, hint: 'as the database last counted them' }]} minWidth={360}>
        {database.tables.map(({ name, bytes, rows }) => <Table.Tr key={name}><Table.Td className="mono">{name}</Table.Td><Table.Td className="number">{bytesText(bytes)}</Table.Td><Table.Td className="number">{rows === null ? '–' : countText(rows)}</Table.Td></Table.Tr>)}
      </WideTable>
    </Stack>
  );
}

function Retention({ data: { retention, settings } }: { data: System }) {
  const rows = [
    ['Raw reports', keptFor(retention.reportDays), 'SEEDFLEET_RETENTION_REPORT_DAYS'], ['Raw reports of runs that ended', retention.reportRounds === 0 ? 'all rounds' : `the last ${retention.reportRounds} rounds`, 'SEEDFLEET_RETENTION_REPORT_ROUNDS'],
    ['Checkpoints', retention.checkpointEvery === 0 ? 'all' : `the two newest, and every ${retention.checkpointEvery}th`, 'SEEDFLEET_RETENTION_CHECKPOINT_EVERY'], ['Logs of runs, statistics, audit', 'for ever', ''],
    ['Mail for alerts', settings.mail ? 'configured' : 'not configured', 'SEEDFLEET_SMTP_URL'], ['Traces', settings.traces ? 'sent' : 'not sent', 'OTEL_EXPORTER_OTLP_ENDPOINT'], ['Log level', settings.logLevel, 'SEEDFLEET_LOG_LEVEL'],
  ];
  return (
    <Stack gap="xs" component="section" aria-labelledby="retention">
      <Title order={2} size="h5" id="retention">What is kept, and settings</Title>
      <WideTable label="Settings" columns={[{ label: 'What' }, { label: 'Value' }, { label: 'Set by' }]} minWidth={560}>
        {rows.map(([what = '', value, by]) => <Table.Tr key={what}><Table.Td>{what}</Table.Td><Table.Td>{value}</Table.Td><Table.Td className="mono">{by === '' ? '–' : by}</Table.Td></Table.Tr>)}
      </WideTable>
      <CommandLine does="Everything in one file, while it runs; docs/backup.md says how it comes back:" line="node apps/coordinator/dist/main.js backup --out coordinator.backup" />
    </Stack>
  );
}
