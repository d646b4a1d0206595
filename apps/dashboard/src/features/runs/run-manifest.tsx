import { Code, CopyButton, Button, Group, Stack, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';

/** What was signed, and the command that checks everything that came of it. */
export function RunManifest({ run }: { run: Run }) {
  const query = useRoute('showManifest', { params: { id: run.id } });
  const command = `seedfleet runs verify ${run.id}`;
  return (
    <QueryState query={query}>
      <Stack>
        <Text>Manifest <span className="mono">{run.manifestHash}</span></Text>
        <Text>Last commit <span className="mono">{run.headHash}</span></Text>
        <Text>Adapter state <span className="mono">{run.stateHash ?? '–'}</span></Text>
        <Group>
          <Code>{command}</Code>
          <CopyButton value={command}>{({ copied, copy }) => <Button size="xs" variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
          <Text size="sm">replays the log and compares the state.</Text>
        </Group>
        <Code block tabIndex={0} aria-label="Manifest as JSON">{JSON.stringify(query.data?.manifest, null, 2)}</Code>
      </Stack>
    </QueryState>
  );
}
