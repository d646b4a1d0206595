import { Card, Text, Title } from '@mantine/core';
import { LineChart, type LineChartProps } from './line-chart';

/** A plot under its title, with a sentence on what it shows. */
export function ChartCard({ title, says, ...chart }: LineChartProps & { title: string; says?: string }) {
  return (
    <Card withBorder>
      <Title order={2} size="h5">{title}</Title>
      {says === undefined ? null : <Text size="sm" c="dimmed">{says}</Text>}
      <LineChart {...chart} />
    </Card>
  );
}
