import { Card, Text, Title } from '@mantine/core';
import { type ReactNode } from 'react';
import { LineChart, type LineChartProps } from './line-chart';

/** A plot under its title, with a sentence on what it shows, and what stands beside it: its numbers. */
export function ChartCard({ title, says, children, ...chart }: LineChartProps & { title: string; says?: string; children?: ReactNode }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5">{title}</Title>
      {says === undefined ? null : <Text size="sm" c="dimmed">{says}</Text>}
      <LineChart {...chart} />
      {children}
    </Card>
  );
}
