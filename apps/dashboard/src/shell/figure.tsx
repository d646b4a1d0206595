import { Card, Text } from '@mantine/core';

/** One number with its unit and how it comes about. */
export function Figure({ label, value, hint }: { label: string; value: string | number; hint?: string }) {
  return <Card withBorder title={hint}><Text size="xl" fw={700} className="figure">{value}</Text><Text c="dimmed" size="sm">{label}</Text></Card>;
}
