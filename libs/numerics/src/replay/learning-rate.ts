/** A learning rate over the rounds of a run. */
export interface Schedule {
  learningRate: number;
  schedule: 'constant' | 'linear' | 'cosine';
}

/**
 * The learning rate that the coordinator writes into the commit of a round; replay reads it there and computes no schedule.
 * constant: lr; linear: lr (1 - t); cosine: lr (1 + cos(pi t)) / 2, with t = round / roundsMax, from 0 and never quite 1.
 */
export function learningRateAt({ stepRule, round, roundsMax }: { stepRule: Schedule; round: number; roundsMax: number }): number {
  const t = Math.min(round, roundsMax) / roundsMax;
  switch (stepRule.schedule) {
    case 'constant': return stepRule.learningRate;
    case 'linear': return stepRule.learningRate * (1 - t);
    case 'cosine': return stepRule.learningRate * (0.5 * (1 + cosineOfPi(t)));
  }
}

/** cos(pi t) for 0 <= t <= 1 by its Taylor series in [0, pi/2], so that two coordinators' platforms plan the same run. */
function cosineOfPi(t: number): number {
  if (t > 0.5) return -cosineOfPi(1 - t);
  const square = (Math.PI * t) * (Math.PI * t);
  let sum = 0;
  for (let k = 12; k >= 1; k--) sum = (1 - sum) * square / ((2 * k - 1) * (2 * k));
  return 1 - sum;
}
