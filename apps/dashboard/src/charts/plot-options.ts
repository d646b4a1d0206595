import uPlot from 'uplot';
import { bytesText } from '../shell/format';
import { drawMarks, type PlotMark } from './plot-marks';

export interface Line {
  label: string;
  /** one for each x; null: nothing there */
  y: (number | null)[];
  /** told apart without colour */
  dash?: number[];
  /** drawn as an area behind the line */
  band?: { low: (number | null)[]; high: (number | null)[] };
  /** a bar for each x instead of a line; steps from one x to the next; dots alone */
  bars?: boolean;
  stepped?: boolean;
  dots?: boolean;
}

/** `place`: whole numbers with room around each */
export type XKind = 'number' | 'place' | 'time' | 'bytes';

export interface Look {
  xLabel: string;
  yLabel: string;
  /** what x counts: seconds since 1970 for `time` */
  xKind: XKind;
  logarithmic: boolean;
  /** whole numbers: the axis starts at 0 and has no fractions */
  counts: boolean;
  /** draws on over places that have no value */
  spanGaps: boolean;
  marks: readonly PlotMark[];
}

export interface Colours {
  text: string;
  grid: string;
  lines: string[];
}

const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
/** uPlot leaves out ticks of a logarithmic axis that would stand too close, as null. */
const powerText = (tick: number | null) => (tick === null ? '' : tick >= 0.01 && tick < 10_000 ? String(Number(tick.toPrecision(3))) : tick.toExponential(0));
const barPaths = uPlot.paths.bars?.({ size: [0.6, 60] });
const stepPaths = uPlot.paths.stepped?.({ align: 1 });
/** How the border of a legend's mark is drawn: like its line. */
const legendBorder = (dash: number[] | undefined) => (dash === undefined ? 'solid' : (dash[0] ?? 0) > 4 ? 'dashed' : 'dotted');

/** Lines in the order of uPlot's series: the edges of each band come before its line, so that they stand under it. */
export function seriesOf(lines: readonly Line[]): { data: (number | null)[][]; owners: { line: number; edge: boolean }[] } {
  const data: (number | null)[][] = [];
  const owners: { line: number; edge: boolean }[] = [];
  lines.forEach(({ y, band }, line) => {
    if (band !== undefined) {
      data.push(band.high, band.low);
      owners.push({ line, edge: true }, { line, edge: true });
    }
    data.push(y);
    owners.push({ line, edge: false });
  });
  return { data, owners };
}

/** What uPlot is told: the look of a plot in these colours. */
export function plotOptions({ width, lines, look, colours, points, onZoom }: { width: number; lines: readonly Line[]; look: Look; colours: Colours; points: number; onZoom?: (range: { from: number; to: number }) => void }): uPlot.Options {
  const { xLabel, yLabel, xKind, logarithmic, counts, spanGaps, marks } = look;
  const { owners } = seriesOf(lines);
  const colourOf = (line: number) => colours.lines[line % colours.lines.length] ?? colours.text;
  const axis = { stroke: colours.text, grid: { stroke: colours.grid, width: 1 }, ticks: { stroke: colours.grid, width: 1 } };
  // Bars and places at the ends stand in the plot with their whole width.
  const roomAround = xKind === 'place' ? () => 0.5 : lines.some(({ bars }) => bars === true) ? (min: number, max: number) => (max - min) / (2 * Math.max(1, points - 1)) : null;
  const bandEnds = owners.flatMap(({ edge }, index) => (edge && owners[index + 1]?.edge === true ? [index + 1] : []));
  return {
    width, height: 260,
    scales: { x: { time: xKind === 'time', ...(roomAround === null ? {} : { range: (_plot: uPlot, min: number, max: number): uPlot.Range.MinMax => [min - roomAround(min, max), max + roomAround(min, max)] }) }, y: { ...(logarithmic ? { distr: 3 } : {}), ...(counts ? { range: (_plot, _min, max) => [0, Math.max(1, max) * 1.05] } : {}) } },
    legend: { show: lines.length > 1, live: false, markers: { width: 3, dash: (_plot, series) => legendBorder(lines[owners[series - 1]?.line ?? 0]?.dash) } },
    axes: [
      { ...axis, label: xLabel, ...(xKind === 'place' ? { incrs: wholeSteps } : {}), ...(xKind === 'bytes' ? { values: (_plot: uPlot, ticks: number[]) => ticks.map((tick) => bytesText(tick)), space: 90 } : {}) },
      { ...axis, label: yLabel, size: 72, ...(counts ? { incrs: wholeSteps } : {}), ...(logarithmic ? { values: (_plot: uPlot, ticks: (number | null)[]) => ticks.map(powerText) } : {}) },
    ],
    cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false } },
    bands: bandEnds.map((end) => ({ series: [end, end + 1] as [number, number], fill: `${colourOf(owners[end]?.line ?? 0)}2e` })),
    series: [{ label: xLabel }, ...owners.map(({ line, edge }): uPlot.Series => {
      const { label = '', dash, bars = false, stepped = false, dots = false } = lines[line] ?? {};
      const stroke = colourOf(line);
      if (edge) return { label: '', class: 'band-edge', spanGaps, stroke: 'transparent', width: 0, points: { show: false } };
      return {
        label, spanGaps, stroke, width: 2, points: { show: dots || (!bars && !stepped && points < 60), size: dots && line > 0 ? 9 : 6, stroke, ...(dots && line > 0 ? {} : { fill: stroke }) }, ...(dash === undefined ? {} : { dash }),
        ...(dots ? { paths: () => null } : {}), ...(stepped && stepPaths !== undefined ? { paths: stepPaths } : {}),
        ...(bars && barPaths !== undefined ? { paths: barPaths, fill: `${stroke}66` } : {}),
      };
    })],
    hooks: {
      draw: [(plot) => drawMarks(plot, marks, { line: colours.text, text: colours.text })],
      setSelect: [(plot) => {
        const { left, width: wide } = plot.select;
        if (onZoom === undefined || wide < 8) return;
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        onZoom({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + wide, 'x') });
      }],
    },
  };
}
