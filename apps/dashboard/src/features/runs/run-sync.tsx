import { Alert, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type RoundRow, type Run } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { useLatestRounds } from '../../api/use-latest-rounds';
import { ChartCard } from '../../charts/chart-card';
import { Figure } from '../../shell/figure';
import { bytesText } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { averagingBytes, roundBytes } from '../../shell/round-bytes';
import { WideTable } from '../../shell/wide-table';
import { committedRounds, isGoing, tableRows } from './committed-rounds';
import { shapesOf, type ManifestShapes } from './manifest-shapes';

const columns = [
  { label: 'Round', number: true }, { label: 'Reports', number: true }, { label: 'This run', number: true, hint: 'starts, acks, reports and commits of all devices' },
  { label: 'FedAvg of the adapter', number: true, hint: 'reports × 2 × 4 bytes × trained values' }, { label: 'FedAvg of the model', number: true, hint: 'reports × 2 × bytes of the model' },
];

/** Whether all devices hold one state, and what keeping it costs against sending weights. */
export function RunSync({ run }: { run: Run }) {
  const rounds = useLatestRounds({ id: run.id, going: isGoing(run) });
  const manifest = useRoute('showManifest', { params: { id: run.id } });
  const assignments = useRoute('summariseAssignments', { params: { id: run.id } });
  const committed = committedRounds(rounds.data ?? []);
  const ready = assignments.data?.states.ready ?? 0;
  const failed = assignments.data?.states.failed ?? 0;
  const behind = (assignments.data?.behind ?? []).reduce((sum, { rounds: lag, devices }) => sum + (lag > 0 ? devices : 0), 0);
  return (
    <QueryState query={rounds}>
      <QueryState query={manifest}>
        <QueryState query={assignments}>
          <Stack>
            <SimpleGrid cols={{ base: 1, xs: 3 }}>
              <Figure label="distinct state hashes a round: must be 1" value={committed.length === 0 ? '–' : hashesOf(committed)} hint="the most that any shown round has; a report at another state is refused, so each commit has one" />
              <Figure label="devices at the newest round" value={`${ready - behind} of ${assignments.data?.devices ?? 0}`} hint="by the round that each device last named" />
              <Figure label="devices behind, catching up by the log" value={behind} hint="they replay the commits that they missed: some hundred bytes each" />
            </SimpleGrid>
            {failed === 0 ? null : <Alert color="red" variant="outline" role="alert" title="Not in step">{failed} devices failed; the tab Devices names them with their causes.</Alert>}
            {committed.length === 0 || manifest.data === undefined
              ? <Text>Bytes are compared once the first round has made its commit.</Text>
              : <BytesCompared rounds={committed} shapes={shapesOf(manifest.data.manifest)} devices={run.devices} />}
          </Stack>
        </QueryState>
      </QueryState>
    </QueryState>
  );
}

/** The most different hashes that one round has among its commits. */
function hashesOf(rounds: RoundRow[]): number {
  const byRound = new Map<number, Set<string | null>>();
  for (const { round, stateHash } of rounds) byRound.set(round, (byRound.get(round) ?? new Set()).add(stateHash));
  return Math.max(...[...byRound.values()].map((hashes) => hashes.size));
}

function BytesCompared({ rounds, shapes, devices }: { rounds: RoundRow[]; shapes: ManifestShapes; devices: number }) {
  const rows = rounds.map(({ round, reported: reports }) => ({
    round, reports,
    own: roundBytes({ ...shapes, reports, followers: Math.max(0, devices - reports) }),
    adapter: averagingBytes({ reports, values: shapes.values }),
    model: reports * 2 * shapes.modelBytes,
  }));
  const total = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  return (
    <>
      <ChartCard title="Bytes a round, all devices together" logarithmic says={`In the rounds shown: ${bytesText(total((row) => row.own))}, against ${bytesText(total((row) => row.adapter))} by FedAvg of the adapter and ${bytesText(total((row) => row.model))} by FedAvg of the model. Computed from the manifest's shapes and the measured packet sizes.`}
        label="Bytes by round of this run and of two kinds of averaging; the table below has the numbers" xLabel="round" yLabel="bytes" x={rows.map((row) => row.round)}
        lines={[
          { label: 'this run', y: rows.map((row) => row.own) },
          { label: 'FedAvg of the adapter', y: rows.map((row) => row.adapter), dash: [8, 4] },
          { label: 'FedAvg of the model', y: rows.map((row) => row.model), dash: [2, 4] },
        ]} />
      <WideTable label="Bytes by round" columns={columns} caption={`The newest ${Math.min(tableRows, rows.length)} commits, without the one download of the model that each way needs.`}>
        {rows.slice(-tableRows).toReversed().map((row) => (
          <Table.Tr key={row.round}>
            <Table.Td className="number">{row.round}</Table.Td><Table.Td className="number">{row.reports}</Table.Td><Table.Td className="number">{bytesText(row.own)}</Table.Td>
            <Table.Td className="number">{bytesText(row.adapter)}</Table.Td><Table.Td className="number">{bytesText(row.model)}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </>
  );
}
