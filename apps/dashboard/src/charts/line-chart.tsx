import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { type PlotMark } from './plot-marks';
import { plotOptions, seriesOf, type Line, type XKind } from './plot-options';

export { type Line } from './plot-options';

export interface LineChartProps {
  /** read aloud instead of the picture; the same numbers stand in a table beside it */
  label: string;
  xLabel: string;
  yLabel: string;
  /** ascending, at most about 1,000 */
  x: number[];
  lines: Line[];
  xKind?: XKind;
  logarithmic?: boolean;
  counts?: boolean;
  spanGaps?: boolean;
  marks?: readonly PlotMark[];
  /** the part of the horizontal axis that was dragged over */
  onZoom?: ((range: { from: number; to: number }) => void) | undefined;
}

const noMarks: readonly PlotMark[] = [];
const colour = (element: Element, name: string) => getComputedStyle(element).getPropertyValue(name).trim();
const lineColours = ['--chart-line', '--chart-point', '--chart-third', '--chart-fourth', '--chart-fifth'];
/** A logarithm has nothing at zero and below. */
const positive = (values: (number | null)[]) => values.map((value) => (value !== null && value > 0 ? value : null));

/** Series over rounds, drawn by uPlot. Redrawn where the data, the width or the colour scheme changes. */
export function LineChart({ label, xLabel, yLabel, x, lines, xKind = 'number', logarithmic = false, counts = false, spanGaps = false, marks = noMarks, onZoom }: LineChartProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const mount = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const zoom = useRef(onZoom);
  useEffect(() => { zoom.current = onZoom; });
  const isZoomable = onZoom !== undefined;
  // The arrays are new at every render; what they hold decides whether the plot is.
  const data = JSON.stringify([x, lines, marks]);
  useEffect(() => {
    const element = mount.current;
    if (element === null || width === 0) return undefined;
    const options = plotOptions({
      width, lines, points: x.length, look: { xLabel, yLabel, xKind, logarithmic, counts, spanGaps, marks },
      colours: { text: colour(element, '--mantine-color-text'), grid: colour(element, '--chart-grid'), lines: lineColours.map((name) => colour(element, name)) },
      ...(isZoomable ? { onZoom: (range) => zoom.current?.(range) } : {}),
    });
    const { data: series } = seriesOf(lines);
    const plot = new uPlot(options, [x, ...(logarithmic ? series.map(positive) : series)], element);
    return () => plot.destroy();
  }, [data, width, scheme, xLabel, yLabel, xKind, logarithmic, counts, spanGaps, isZoomable]);
  return <div ref={ref} className="chart"><div ref={mount} role="img" aria-label={label} /></div>;
}
