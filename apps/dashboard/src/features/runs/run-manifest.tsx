import { Code, Stack, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { QueryState } from '../../shell/query-state';

/** What was signed, and the command that checks everything that came of it. */
export function RunManifest({ run }: { run: Run }) {
  const query = useRoute('showManifest', { params: { id: run.id } });
  return (
    <QueryState query={query}>
      <Stack>
        <Text>Manifest <span className="mono">{run.manifestHash}</span></Text>
        <Text>Last commit <span className="mono">{run.headHash}</span></Text>
        <Text>Adapter state <span className="mono">{run.stateHash ?? '–'}</span></Text>
        <CommandLine does="Replay the log and compare the state, on your machine:" line={`seedfleet runs verify ${run.id}`} />
        <Code block className="command-line" tabIndex={0} aria-label="Manifest as JSON">{JSON.stringify(query.data?.manifest, null, 2)}</Code>
      </Stack>
    </QueryState>
  );
}
