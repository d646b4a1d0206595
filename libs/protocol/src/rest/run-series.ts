import { z } from 'zod';
import { declineReasons } from '../events/rounds.js';
import { commitCount, instant, runId } from './fields.js';

/** Points of one series at most. */
export const seriesPointsMax = 1_000;

/** What the horizontal axis counts: commits, seconds since 1970, bytes that crossed the network so far. */
export const seriesAxes = ['round', 'time', 'bytes'] as const;
export type SeriesAxis = (typeof seriesAxes)[number];

/** Why a device that was asked did not take part: its own reasons, no answer in time, gone. */
export const departureReasons = [...declineReasons, 'unanswered', 'departed'] as const;
export type DepartureReason = (typeof departureReasons)[number];

/** One value for each attempt that ended, committed or abandoned. Units: docs/console.md. */
export const roundSeriesNames = [
  'learningRate', 'coefficientRms', 'stepNorm', 'adapterNorm', 'gradientP10', 'gradientP50', 'gradientP90',
  'differenceP10', 'differenceP50', 'differenceP90', 'noiseFloor', 'signalToNoise', 'signAgreement',
  'eligible', 'online', 'selected', 'accepted', 'reported', 'counted', 'silent',
  'declined.busy', 'declined.policy', 'declined.no-data', 'declined.power', 'declined.state-mismatch', 'declined.budget', 'declined.unanswered', 'declined.departed',
  'duration', 'arrivalP50', 'arrivalP90', 'arrivalMax', 'deadline',
  'bytes', 'adapterBytes', 'modelBytes', 'bytesTotal', 'adapterBytesTotal', 'modelBytesTotal',
] as const;
export type RoundSeriesName = (typeof roundSeriesNames)[number];

/** One value for each evaluation. Low and high: a band of 95 % (Wilson 1927) for the accuracy. */
export const evaluationSeriesNames = ['loss', 'accuracy', 'accuracyLow', 'accuracyHigh', 'perplexity', 'evaluationDevices', 'evaluationExamples'] as const;
export type EvaluationSeriesName = (typeof evaluationSeriesNames)[number];

const seriesName = z.enum([...roundSeriesNames, ...evaluationSeriesNames]);
export type SeriesName = z.infer<typeof seriesName>;

export const seriesQuery = z.strictObject({
  /** separated by commas */
  names: z.string().min(1).max(2_000).transform((text) => text.split(',')).pipe(z.array(seriesName).min(1).max(40)),
  x: z.enum(seriesAxes).default('round'),
  points: z.coerce.number<number | string>().int().min(10).max(seriesPointsMax).default(seriesPointsMax),
  /** first and last round that are wanted */
  from: z.coerce.number<number | string>().int().min(0).optional(),
  to: z.coerce.number<number | string>().int().min(0).optional(),
});

const values = z.array(z.number().nullable()).max(seriesPointsMax);

/** Rows in the order of their rounds, so many to a point: its place on the axis is the mean of theirs. */
export const seriesTableSchema = z.object({
  rows: z.int().min(0),
  rowsPerPoint: z.int().min(1),
  x: z.array(z.number()).max(seriesPointsMax),
  /** first and last round of each point */
  firstRound: z.array(commitCount),
  lastRound: z.array(commitCount),
  /** `min` and `max` only where a point has several rows */
  series: z.partialRecord(seriesName, z.object({ mean: values, min: values.optional(), max: values.optional() })),
});
export type SeriesTable = z.infer<typeof seriesTableSchema>;

/** What a curve shows beside its values: paused and resumed by an operator, taken up again by a coordinator, begun as a branch, branched from, stopped; its canary passed or failed. */
export const markKinds = ['start', 'pause', 'resume', 'restart', 'stop', 'branch', 'branched', 'canary-passed', 'canary-failed'] as const;
export const seriesMarkSchema = z.object({
  kind: z.enum(markKinds), at: instant,
  /** commits at that time */
  round: commitCount,
  /** the run that was branched off, or that this one is a branch of */
  run: runId.nullable(),
});
export type SeriesMark = z.infer<typeof seriesMarkSchema>;

export const seriesSchema = z.object({
  x: z.enum(seriesAxes),
  rounds: seriesTableSchema.nullable(),
  evaluations: seriesTableSchema.nullable(),
  /** oldest first, the newest two hundred */
  marks: z.array(seriesMarkSchema).max(200),
});
export type RunSeries = z.infer<typeof seriesSchema>;
