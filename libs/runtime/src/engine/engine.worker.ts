import { parentPort, workerData } from 'node:worker_threads';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { TrainingSession, type SessionOptions } from '../session/training-session.js';
import { type EngineAnswer, type EngineFailure, type EngineRequest } from './engine-messages.js';

/** The engine's thread: opens the session of `workerData`, then answers requests in their order until it is asked to close. */
if (!parentPort) throw new InvariantError('engine.worker.js was started outside a worker thread.');
const port = parentPort;
const answer = (message: EngineAnswer) => port.postMessage(message);

try {
  const session = await TrainingSession.open(workerData as SessionOptions);
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: EngineRequest) => {
    last = last.then(() => perform(session, message)).catch((error: unknown) => answer({ id: message.id, type: 'failed', failure: failureOf(error) }));
  });
  answer({ id: 0, type: 'opened' });
} catch (error) {
  answer({ id: 0, type: 'failed', failure: failureOf(error) });
  port.close();
}

async function perform(session: TrainingSession, message: EngineRequest): Promise<void> {
  const { id } = message;
  switch (message.type) {
    case 'losses': return answer({ id, type: 'losses', losses: await session.perturbedLosses(message.request) });
    case 'evaluate': return answer({ id, type: 'evaluation', evaluation: await session.evaluate(message.request) });
    case 'close':
      await session.release();
      answer({ id, type: 'closed' });
      port.close();
  }
}

function failureOf(error: unknown): EngineFailure {
  return error instanceof FleetError ? { code: error.code, problem: error.problem, field: error.field }
    : { code: 'engine.run-failed', problem: `The engine failed: ${error instanceof Error ? error.name : 'unknown error'}.` };
}
