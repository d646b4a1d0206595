import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useMutation } from '@tanstack/react-query';
import { download } from '../../api/download';
import { useRoute } from '../../api/use-route';
import { useSession } from '../../session/session';
import { CommandLine } from '../../shell/command-line';
import { bytesText } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [{ label: 'Kind' }, { label: 'After round', number: true }, { label: 'Size', number: true }, { label: 'SHA-256' }, { label: 'Actions' }];

/** The files that a run made, and the commands that check and export what they stand for. */
export function RunArtifacts({ run }: { run: Run }) {
  const { token } = useSession();
  const query = useRoute('listArtifacts', { params: { id: run.id } });
  const save = useMutation<void, Error, { route: 'downloadArtifact' | 'downloadLog'; id: string | number; name: string }>({
    mutationFn: ({ route, ...file }) => download(route, { token: token ?? '', ...file }),
  });
  const artifacts = query.data?.items ?? [];
  return (
    <QueryState query={query}>
      <Stack>
        <CommandLine does="Write the adapter as PEFT reads it, with its provenance:" line={`seedfleet runs export ${run.id} --out ./adapter-${run.id}`} />
        <CommandLine does="Replay the log and compare the state, on your machine:" line={`seedfleet runs verify ${run.id}`} />
        {save.error === null ? null : <Alert color="red" variant="outline" role="alert" title="Nothing was saved">{save.error.message}</Alert>}
        <Group><Button variant="default" size="xs" disabled={run.round === 0} onClick={() => save.mutate({ route: 'downloadLog', id: run.id, name: `run-${run.id}.log` })}>Save the log of run {run.id}</Button></Group>
        {artifacts.length === 0 ? <Text>No file yet: the first checkpoint makes one. How often is said in the manifest, `checkpointEveryRounds`.</Text> : (
          <WideTable label="Artifacts" columns={columns} minWidth={760}>
            {artifacts.map((artifact) => (
              <Table.Tr key={artifact.id}>
                <Table.Td>{artifact.kind}</Table.Td><Table.Td className="number">{artifact.round}</Table.Td><Table.Td className="number">{bytesText(artifact.bytes)}</Table.Td>
                <Table.Td className="mono">{artifact.sha256}</Table.Td>
                <Table.Td>
                  <Button size="xs" variant="default" aria-label={`Save ${artifact.kind} after round ${artifact.round}`}
                    onClick={() => save.mutate({ route: 'downloadArtifact', id: artifact.id, name: `run-${run.id}-round-${artifact.round}-${artifact.kind}` })}>Save</Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </Stack>
    </QueryState>
  );
}
