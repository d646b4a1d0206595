import { departureReasons, type EvaluationSeriesName, type RoundSeriesName } from '@seedfleet/protocol';
import { Prisma } from '../database/generated/client.js';
import { type RoundCost } from './round-cost.js';

const seconds = (from: string, to: string) => Prisma.raw(`extract(epoch FROM ${to} - ${from})::float8`);
const statistics = (column: string) => Prisma.raw(`s.${column}::float8`);
const commit = (column: string) => Prisma.raw(`c.${column}::float8`);
const selected = Prisma.raw('jsonb_array_length(r.cohort)');
/** after retention the commit still counts what it was made of */
const reported = Prisma.raw('coalesce(s.reported, c.reports, 0)');

const plain: Partial<Record<RoundSeriesName, Prisma.Sql>> = {
  learningRate: commit('learning_rate'), coefficientRms: commit('coefficient_rms'), stepNorm: statistics('step_norm'), adapterNorm: statistics('adapter_norm'),
  gradientP10: statistics('gradient_p10'), gradientP50: statistics('gradient_p50'), gradientP90: statistics('gradient_p90'),
  differenceP10: statistics('difference_p10'), differenceP50: statistics('difference_p50'), differenceP90: statistics('difference_p90'),
  // Neighbouring float32 values near a loss are so far apart; the newest held-out loss stands for the loss of a batch.
  noiseFloor: Prisma.raw(`(SELECT e.loss_sum / e.count * ${2 ** -23} FROM evaluations e WHERE e.run_id = r.run_id AND e.round <= r.round ORDER BY e.round DESC LIMIT 1)`),
  signalToNoise: statistics('signal_to_noise'), signAgreement: statistics('sign_agreement'),
  eligible: statistics('eligible'), online: statistics('online'), selected: Prisma.sql`${selected}::float8`, accepted: Prisma.raw('r.accepted::float8'),
  reported: Prisma.sql`${reported}::float8`, counted: Prisma.raw('coalesce(c.reports, 0)::float8'), silent: Prisma.sql`greatest(r.accepted - ${reported}, 0)::float8`,
  duration: seconds('r.opened_at', 'r.ended_at'), deadline: seconds('r.opened_at', 'r.deadline_at'),
  arrivalP50: statistics('arrival_p50'), arrivalP90: statistics('arrival_p90'), arrivalMax: statistics('arrival_max'),
  ...Object.fromEntries(departureReasons.map((reason) => [`declined.${reason}`, Prisma.raw(`CASE WHEN s.run_id IS NULL THEN NULL ELSE coalesce((s.declines->>'${reason}')::float8, 0) END`)])),
};

/** What one attempt sent over the network, all devices together. @param devices that are in the run, and hear of its commits */
export const bytesColumn = (cost: RoundCost, devices: number) => Prisma.sql`
  (${selected} * ${cost.asked}::float8 + ${reported} * ${cost.report}::float8 + CASE WHEN c.round IS NULL THEN 0 ELSE ${devices * cost.commit}::float8 END)`;

/** SQL of a value for each attempt, over `r` of rounds, `c` of its commit, `s` of its statistics. */
export function roundColumn(name: RoundSeriesName, { cost, devices }: { cost: RoundCost; devices: number }): Prisma.Sql {
  const own = bytesColumn(cost, devices);
  const averaged = (each: number) => Prisma.sql`(coalesce(c.reports, 0) * ${each}::float8)`;
  const total = (bytes: Prisma.Sql) => Prisma.sql`sum(${bytes}) OVER (ORDER BY r.round, r.attempt)`;
  switch (name) {
    case 'bytes': return own;
    case 'adapterBytes': return averaged(cost.adapter);
    case 'modelBytes': return averaged(cost.model);
    case 'bytesTotal': return total(own);
    case 'adapterBytesTotal': return total(averaged(cost.adapter));
    case 'modelBytesTotal': return total(averaged(cost.model));
    default: return plain[name] ?? Prisma.raw('NULL::float8');
  }
}

const share = 'e.correct::float8 / e.count';
/** 1.959964: 97.5 % of a normal distribution lie below. E. B. Wilson, "Probable inference" (1927). */
const wilson = (sign: '+' | '-') => Prisma.raw(`((${share} + 1.920729 / e.count ${sign} 1.959964 * sqrt(${share} * (1 - ${share}) / e.count + 0.960365 / (e.count::float8 * e.count))) / (1 + 3.841459 / e.count))`);

/** SQL of a value for each evaluation `e`. */
export const evaluationColumns: Record<EvaluationSeriesName, Prisma.Sql> = {
  loss: Prisma.raw('e.loss_sum / e.count'), accuracy: Prisma.raw(share), accuracyLow: wilson('-'), accuracyHigh: wilson('+'),
  // exp() of more than this is no float8.
  perplexity: Prisma.raw('CASE WHEN e.loss_sum / e.count < 700 THEN exp(e.loss_sum / e.count) END'),
  evaluationDevices: Prisma.raw('e.devices::float8'), evaluationExamples: Prisma.raw('e.count::float8'),
};
