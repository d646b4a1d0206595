import { type RunSeries, type SeriesMark, type SeriesTable } from '@seedfleet/protocol';
import { type PlotMark } from './plot-marks';

/** What all plots of a tab share: the series, where marks stand on their axis, and what a zoom does. */
export interface SeriesView {
  series: RunSeries;
  marks: PlotMark[];
  onZoom: (table: SeriesTable, range: { from: number; to: number }) => void;
}

const words: Record<SeriesMark['kind'], string> = {
  start: 'start', pause: 'pause', resume: 'resume', restart: 'restart', stop: 'stop', branch: 'branch', branched: 'branch off', 'canary-passed': 'canary passed', 'canary-failed': 'canary failed',
};

/** What a mark says in a list. */
export function markText({ kind, round, at, run }: SeriesMark): string {
  const when = new Date(at).toLocaleString();
  switch (kind) {
    case 'start': return `started, ${when}`;
    case 'pause': return `paused after ${round} rounds, ${when}`;
    case 'resume': return `resumed after ${round} rounds, ${when}`;
    case 'restart': return `taken up again by a coordinator after ${round} rounds, ${when}`;
    case 'stop': return `stopped after ${round} rounds, ${when}`;
    case 'branch': return `began as a branch of run ${run ?? ''}, ${when}`;
    case 'canary-passed': return `went well on few devices: every device is asked after ${round} rounds, ${when}`;
    case 'canary-failed': return `did not go well on few devices, after ${round} rounds, ${when}`;
    case 'branched': return `run ${run ?? ''} branched off after ${round} rounds, ${when}`;
  }
}

/** Marks on the axis of the series: by round, by time, or where the bytes of that round are. The start is left to the axis itself. */
export function placeMarks({ x, marks, rounds, evaluations }: RunSeries): PlotMark[] {
  const table = rounds ?? evaluations;
  return marks.filter(({ kind }) => kind !== 'start').flatMap(({ kind, at, round }) => {
    const place = x === 'round' ? round : x === 'time' ? Date.parse(at) / 1_000 : bytesAt(table, round);
    return place === null ? [] : [{ x: place, word: words[kind] }];
  });
}

function bytesAt(table: SeriesTable | null, round: number): number | null {
  const point = table?.lastRound.findIndex((last) => last >= round) ?? -1;
  return table?.x[point === -1 ? table.x.length - 1 : point] ?? null;
}

/** Rounds of a point, as a table names them. */
export function roundsText({ firstRound, lastRound }: SeriesTable, point: number): string {
  const [first, last] = [firstRound[point] ?? 0, lastRound[point] ?? 0];
  return first === last ? String(first) : `${first}–${last}`;
}

/** First and last round of the points between two places on the axis; null where there is none. */
export function roundsBetween({ x, firstRound, lastRound }: SeriesTable, { from, to }: { from: number; to: number }): { from: number; to: number } | null {
  const inside = x.flatMap((at, point) => (at >= from && at <= to ? [point] : []));
  const [first, last] = [inside[0], inside.at(-1)];
  return first === undefined || last === undefined ? null : { from: firstRound[first] ?? 0, to: lastRound[last] ?? 0 };
}
