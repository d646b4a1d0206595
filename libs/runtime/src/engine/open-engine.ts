import { FleetError } from '@seedfleet/errors';
import { EngineThread } from './engine-thread.js';
import { type Engine, type EngineOptions } from './engine.js';

const answerMsDefault = 300_000;

/** The built file, from the source as from the build: a thread starts outside any test runner and needs JavaScript. */
const workerFile = new URL('../../dist/engine/engine.worker.js', import.meta.url);

/**
 * Loads a training graph in a thread of its own: ONNX Runtime blocks the thread that it runs in.
 * @throws FleetError `engine.model-unusable`, `engine.timeout`, `engine.stopped`
 */
export async function openEngine({ answerMs = answerMsDefault, ...options }: EngineOptions): Promise<Engine> {
  const thread = new EngineThread({ file: workerFile, options, answerMs });
  await thread.opened();
  let closing: Promise<void> | undefined;
  return {
    async perturbedLosses(request) {
      const answer = await thread.ask({ type: 'losses', request });
      if (answer.type !== 'losses') throw unexpected();
      return answer.losses;
    },
    async evaluate(request) {
      const answer = await thread.ask({ type: 'evaluate', request });
      if (answer.type !== 'evaluation') throw unexpected();
      return answer.evaluation;
    },
    close: () => (closing ??= thread.close()),
  };
}

function unexpected(): FleetError {
  return new FleetError('engine.stopped', { problem: 'The engine answered another question.' });
}
