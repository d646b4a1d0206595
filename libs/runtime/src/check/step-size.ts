/** Mean loss on the batch after one normalised step of this learning rate, and before any. */
export interface StepMeasure { learningRate: number; loss: number }

/** Batches differ, and a step that is best for one is too long for the next. */
const share = 1 / 4;

/**
 * The greatest learning rate whose step lowers the loss of its own batch by at least half of what the differences predict (on a parabola that is its
 * lowest point), and a quarter of it, to start a run with. Null where no step does.
 * @param slope fall of the loss per unit of learning rate: root mean square of the projected gradients, because the step is normalised by it
 */
export function stepSizeOf({ before, after, slope }: { before: number; after: readonly StepMeasure[]; slope: number }): { greatest: number; suggested: number } | null {
  const greatest = after.filter(({ learningRate, loss }) => before - loss >= 0.5 * learningRate * slope && slope > 0).at(-1)?.learningRate;
  return greatest === undefined ? null : { greatest, suggested: greatest * share };
}
