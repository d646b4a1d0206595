import { type Run } from '@seedfleet/protocol';

const minuteMs = 60_000;

/** How long a run still takes at the pace since it started, pauses included; null where nobody can say. */
export function timeLeft({ state, round, roundsMax, startedAt }: Pick<Run, 'state' | 'round' | 'roundsMax' | 'startedAt'>, nowMs: number): string | null {
  if (state !== 'running' || startedAt === null || round === 0) return null;
  const leftMs = ((nowMs - Date.parse(startedAt)) / round) * (roundsMax - round);
  if (leftMs < minuteMs) return 'less than a minute';
  const minutes = Math.round(leftMs / minuteMs);
  return minutes < 120 ? `${minutes} min` : minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}
