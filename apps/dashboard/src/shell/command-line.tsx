import { Button, Code, CopyButton, Group, Text } from '@mantine/core';

/** A line for a terminal, with a button that copies it. `does` is what it is for, said before it. */
export function CommandLine({ line, does }: { line: string; does: string }) {
  return (
    <div>
      <Text size="sm">{does}</Text>
      <Group wrap="nowrap" align="flex-start" gap="xs">
        <Code block className="command-line" tabIndex={0} aria-label={does}>{line}</Code>
        <CopyButton value={line}>{({ copied, copy }) => <Button size="xs" variant="default" onClick={copy} aria-label={`Copy: ${does}`}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
      </Group>
    </div>
  );
}
