import { useElementSize } from '@mantine/hooks';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface LineChartProps {
  /** read aloud instead of the picture; the same numbers stand in a table beside it */
  label: string;
  xLabel: string;
  yLabel: string;
  /** ascending */
  x: number[];
  y: (number | null)[];
}

const colour = (element: Element, name: string) => getComputedStyle(element).getPropertyValue(name).trim();

/** One series over rounds, drawn by uPlot. Redrawn where the data, the width or the colour scheme changes. */
export function LineChart({ label, xLabel, yLabel, x, y }: LineChartProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const mount = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    const element = mount.current;
    if (element === null || width === 0) return undefined;
    const axis = { stroke: colour(element, '--mantine-color-text'), grid: { stroke: colour(element, '--chart-grid'), width: 1 } };
    const plot = new uPlot({
      width, height: 260, legend: { show: false }, scales: { x: { time: false } },
      axes: [{ ...axis, label: xLabel }, { ...axis, label: yLabel, size: 64 }],
      series: [{}, { stroke: colour(element, '--chart-line'), width: 2, points: { show: x.length < 60, size: 6 } }],
    }, [x, y], element);
    return () => plot.destroy();
  }, [x, y, width, scheme, xLabel, yLabel]);
  return <div ref={ref}><div ref={mount} role="img" aria-label={label} /></div>;
}
