import { Alert, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type Run, type StateHashes } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { SeriesCard } from '../../charts/series-card';
import { CommandLine } from '../../shell/command-line';
import { Figure } from '../../shell/figure';
import { bytesText, shortHash } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { SeriesTab } from './series-tab';

const kinds = [
  { own: 'bytes' as const, adapter: 'adapterBytes' as const, model: 'modelBytes' as const, title: 'Bytes a round, all devices together', says: 'Starts, answers, reports and commits, by the measured packet sizes.' },
  { own: 'bytesTotal' as const, adapter: 'adapterBytesTotal' as const, model: 'modelBytesTotal' as const, title: 'Bytes so far', says: 'The same, added up since the first round.' },
];
const bytesOf = (value: number | null) => (value === null ? '–' : bytesText(value));

/** Whether all devices hold one state, and what keeping it costs against sending weights. */
export function RunSync({ run }: { run: Run }) {
  const hashes = useRoute('showStateHashes', { params: { id: run.id } });
  const assignments = useRoute('summariseAssignments', { params: { id: run.id } });
  const ready = assignments.data?.states.ready ?? 0;
  const failed = assignments.data?.states.failed ?? 0;
  const behind = (assignments.data?.behind ?? []).reduce((sum, { rounds: lag, devices }) => sum + (lag > 0 ? devices : 0), 0);
  return (
    <Stack>
      <QueryState query={hashes}>
        <QueryState query={assignments}>
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <Figure label="distinct state hashes a round: must be 1" value={hashes.data === undefined || hashes.data.devices === 0 ? '–' : hashes.data.distinct} hint="the most that one round has, among what devices last said when they were prepared and what the commit says" />
            <Figure label="devices at the newest round" value={`${ready - behind} of ${assignments.data?.devices ?? 0}`} hint="by the round that each device last named" />
            <Figure label="devices behind, catching up by the log" value={behind} hint="they replay the commits that they missed: some hundred bytes each" />
          </SimpleGrid>
          {failed === 0 ? null : <Alert color="red" variant="outline" role="alert" title="Not in step">{failed} devices failed; the tab Devices names them with their causes.</Alert>}
          {hashes.data === undefined ? null : <SaidHashes hashes={hashes.data} />}
        </QueryState>
      </QueryState>
      <SeriesTab run={run} names={kinds.flatMap(({ own, adapter, model }) => [own, adapter, model])} empty="The first round has made no commit yet.">
        {(view) => kinds.map(({ own, adapter, model, title, says }) => (
          <SeriesCard key={own} title={title} source="rounds" view={view} yLabel="bytes" logarithmic valueText={bytesOf}
            lines={[{ name: own, label: 'this run' }, { name: adapter, label: 'FedAvg of the adapter', dash: [8, 4] }, { name: model, label: 'FedAvg of the model', dash: [2, 4] }]}
            says={`${says} Against what the same reports would cost if each device got and sent the trained values, or the whole model. Without the one download of the model that each way needs.`} />
        ))}
      </SeriesTab>
      <CommandLine does="Replay the whole log and compare the state, on your machine:" line={`seedfleet runs verify ${run.id}`} />
    </Stack>
  );
}

/** What devices said against what the log says, round by round. */
function SaidHashes({ hashes: { rounds, differing, devices } }: { hashes: StateHashes }) {
  if (devices === 0) return <Text>No device has said its state yet: each does when it is prepared, and after it was away.</Text>;
  return (
    <>
      {differing.length === 0 ? null : (
        <Alert color="red" variant="outline" role="alert" title="Devices with another state">
          {differing.map(({ name, round, hash }) => `${name} after round ${round}: ${shortHash(hash)}`).join('; ')}. They are not asked until they have replayed the log.
        </Alert>
      )}
      <WideTable label="State hashes as devices last said them" minWidth={560} columns={[{ label: 'After rounds', number: true }, { label: 'By the log' }, { label: 'As devices said it' }, { label: 'Devices', number: true }]} caption="A report at another state is refused, so that devices in a round need not say it again.">
        {rounds.slice(0, 10).flatMap(({ round, expected, said }) => said.map((one) => (
          <Table.Tr key={`${round}${one.hash}`}>
            <Table.Td className="number">{round}</Table.Td><Table.Td className="mono" title={expected ?? undefined}>{expected === null ? 'the start' : shortHash(expected)}</Table.Td>
            <Table.Td className="mono" title={one.hash}>{shortHash(one.hash)}{expected === null || expected === one.hash ? '' : ' differs'}</Table.Td><Table.Td className="number">{one.devices}</Table.Td>
          </Table.Tr>
        )))}
      </WideTable>
    </>
  );
}
