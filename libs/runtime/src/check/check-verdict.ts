import { FleetError } from '@seedfleet/errors';
import { bestOf, correlationMin, qualityOf, type Linearity } from './linearity.js';
import { kindWords, type ScaleFinding } from './site-scales.js';

/** Root mean squares of differences that should be zero, by what was changed between two passes, at one eps. */
export interface NoiseFloor {
  /** nothing: the same pass again */
  repeat: number;
  /** each row in a pass of its own */
  separate: number;
  /** other examples beside these */
  neighbours: number;
  /** nothing: what a float32 loss rounds off */
  rounding: number;
}

/** Rows of one pass must be those of separate passes: more than this share of a difference is no rounding. */
const rowsMax = 0.01;
/**
 * Examples may see a little of each other: a scale for the whole batch before the first adapter is the same for all rows, and moves
 * differences only as another rounding of the text would.
 */
const neighboursMax = 0.1;
/** Below this correlation with float32's, differences say more about the rounding than about the model. */
const float32Min = 0.5;
/** Disturbances below this many roundings are those of another order of addition. */
const roundingsMin = 100;

/**
 * Why a model cannot be trained by differences on this machine, or undefined.
 * @param size root mean square of the differences at the eps where the noise was measured
 */
export function refusalOf({ noise, size, linearity }: { noise: NoiseFloor; size: number; linearity: Linearity }): FleetError | undefined {
  const disturbs = (value: number, shareMax = rowsMax) => value > shareMax * size && value > roundingsMin * noise.rounding;
  const share = (value: number) => `${(100 * value / size).toPrecision(2)} % of a difference`;
  if (size === 0) return new FleetError('check.no-effect', { field: 'output', problem: 'No perturbation of the adapters or the head changed any loss.' });
  // First: what is not the same twice is not the same in company either.
  if (disturbs(noise.repeat)) return new FleetError('check.not-repeatable', { field: 'repeat', problem: `The same pass gave other losses the second time, by ${share(noise.repeat)}.` });
  if (disturbs(noise.separate)) return new FleetError('check.rows-disturbed', { field: 'parallel', problem: `The losses of a row change with the rows beside it, by ${share(noise.separate)}.` });
  if (disturbs(noise.neighbours, neighboursMax)) return new FleetError('check.rows-disturbed', { field: 'neighbours', problem: `The losses of an example change with the examples beside it, by ${share(noise.neighbours)}.` });
  const best = bestOf(linearity.findings);
  if (best && best.correlation !== null && isBeside(linearity)) {
    if (qualityOf(best) < float32Min) return new FleetError('check.precision-disagrees', { field: 'precision', problem: `At no eps from ${linearity.findings[0]?.eps} to ${linearity.findings.at(-1)?.eps} do the differences correlate with those of float32 by more than ${qualityOf(best).toFixed(2)}.` });
  } else if (linearity.reference === null) return new FleetError('check.no-linear-range', { field: 'eps', problem: `At no eps from ${linearity.findings[0]?.eps} to ${linearity.findings.at(-1)?.eps} do the differences stand above the noise and agree with those of the next.` });
  return undefined;
}

/** Whether the losses were held against those of float32. */
const isBeside = ({ findings }: Linearity) => findings.some(({ float32 }) => float32 !== null);

/** What to know before a run is started with this model, each a sentence. */
export function warningsOf({ linearity, scales }: { linearity: Linearity; scales: readonly ScaleFinding[] }): string[] {
  const best = bestOf(linearity.findings);
  const whole = best && isBeside(linearity) && qualityOf(best) < correlationMin
    ? [`Nearest to float32 are the differences at eps ${best.eps}, and they correlate with its by ${qualityOf(best).toFixed(2)}: a run needs more rounds than in float32.`] : [];
  return [...whole, ...scales.flatMap(({ kind, option, suggested, atSuggestedEps, best: reachable }) => {
    if (atSuggestedEps >= correlationMin || suggested === null) return [];
    const words = `At eps ${linearity.suggested} the differences of the ${kindWords[kind]} alone correlate with ${isBeside(linearity) ? "float32's" : 'their slopes'} by ${atSuggestedEps.toFixed(2)}`;
    return [reachable > atSuggestedEps ? `${words}; ${option} ${suggested} brings them to ${reachable.toFixed(2)}.` : `${words}, and no scale does better.`];
  })];
}
