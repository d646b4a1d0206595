import { useElementSize } from '@mantine/hooks';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface Line {
  label: string;
  /** one for each x; null: nothing there */
  y: (number | null)[];
  /** told apart without colour */
  dash?: number[];
}

export interface LineChartProps {
  /** read aloud instead of the picture; the same numbers stand in a table beside it */
  label: string;
  xLabel: string;
  yLabel: string;
  /** ascending, at most about 1,000 */
  x: number[];
  lines: Line[];
  logarithmic?: boolean;
  /** whole numbers: the axis starts at 0 and has no fractions */
  counts?: boolean;
  /** draws on over rounds that have no value */
  spanGaps?: boolean;
}

const colour = (element: Element, name: string) => getComputedStyle(element).getPropertyValue(name).trim();
/** How the border of a legend's mark is drawn: like its line. */
const legendBorder = (dash: number[] | undefined) => (dash === undefined ? 'solid' : (dash[0] ?? 0) > 4 ? 'dashed' : 'dotted');
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const lineColours = ['--chart-line', '--chart-point', '--chart-third'];

/** Series over rounds, drawn by uPlot. Redrawn where the data, the width or the colour scheme changes. */
export function LineChart({ label, xLabel, yLabel, x, lines, logarithmic = false, counts = false, spanGaps = false }: LineChartProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const mount = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  // The arrays are new at every render; what they hold decides whether the plot is.
  const data = JSON.stringify([x, lines]);
  useEffect(() => {
    const element = mount.current;
    if (element === null || width === 0) return undefined;
    const axis = { stroke: colour(element, '--mantine-color-text'), grid: { stroke: colour(element, '--chart-grid'), width: 1 } };
    const plot = new uPlot({
      width, height: 260, scales: { x: { time: false }, y: { ...(logarithmic ? { distr: 3 } : {}), ...(counts ? { range: (_plot, _min, max) => [0, max + 1] } : {}) } },
      legend: { show: lines.length > 1, live: false, markers: { width: 3, dash: (_plot, series) => legendBorder(lines[series - 1]?.dash) } },
      axes: [{ ...axis, label: xLabel }, { ...axis, label: yLabel, size: 72, ...(counts ? { incrs: wholeSteps } : {}) }],
      series: [{ label: xLabel }, ...lines.map(({ label: name, dash }, index) => ({
        label: name, spanGaps, stroke: colour(element, lineColours[index] ?? '--chart-line'), width: 2, points: { show: x.length < 60, size: 6 }, ...(dash === undefined ? {} : { dash }),
      }))],
    }, [x, ...lines.map(({ y }) => y)], element);
    return () => plot.destroy();
  }, [data, width, scheme, xLabel, yLabel, logarithmic, counts, spanGaps]);
  return <div ref={ref} className="chart"><div ref={mount} role="img" aria-label={label} /></div>;
}
