import { Card, Stack, Text } from '@mantine/core';
import { type ReactNode } from 'react';

/** What stands where a list has nothing yet: what would be here, and the next step. */
export function EmptyState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder p="lg">
      <Stack gap="sm" align="flex-start">
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Card>
  );
}
