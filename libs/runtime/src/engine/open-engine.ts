import { Worker } from 'node:worker_threads';
import { FleetError } from '@seedfleet/errors';
import { type EngineAnswer, type EngineRequest } from './engine-messages.js';
import { type Engine, type EngineOptions } from './engine.js';

const answerMsDefault = 300_000;

/** The built file, from the source as from the build: a thread starts outside any test runner and needs JavaScript. */
const workerFile = new URL('../../dist/engine/engine.worker.js', import.meta.url);

/** `Omit` that keeps the members of a union apart. */
type Unnumbered<M> = M extends EngineRequest ? Omit<M, 'id'> : never;
interface Waiting { resolve(answer: EngineAnswer): void; reject(error: FleetError): void }

/**
 * Loads a training graph in a thread of its own: ONNX Runtime blocks the thread that it runs in.
 * @throws FleetError `engine.model-unusable`, `engine.timeout`, `engine.stopped`
 */
export async function openEngine({ answerMs = answerMsDefault, ...options }: EngineOptions): Promise<Engine> {
  const thread = new EngineThread({ options, answerMs });
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

/** The main thread's end of the engine's thread. Never terminates it: that aborts the process while a pass is under way. */
class EngineThread {
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private readonly waiting = new Map<number, Waiting>();
  private readonly answerMs: number;
  private nextId = 1;
  private stopped: FleetError | undefined;

  constructor({ options, answerMs }: { options: Omit<EngineOptions, 'answerMs'>; answerMs: number }) {
    this.answerMs = answerMs;
    // Flags of the main process (a test runner's, an inspector's) are not the thread's.
    this.worker = new Worker(workerFile, { workerData: options, execArgv: [] });
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.on('message', (answer: EngineAnswer) => this.settle(answer));
    this.worker.once('error', (cause) => this.stop(new FleetError('engine.stopped', { problem: `The engine's thread failed: ${cause.name}.`, cause })));
    this.worker.once('exit', (code) => this.stop(new FleetError('engine.stopped', { problem: `The engine's thread ended with code ${code}.` })));
  }

  async opened(): Promise<void> {
    await this.answerTo(0);
  }

  ask(request: Unnumbered<EngineRequest>): Promise<EngineAnswer> {
    const id = this.nextId++;
    const answered = this.answerTo(id);
    if (!this.stopped) this.worker.postMessage({ ...request, id });
    return answered;
  }

  async close(): Promise<void> {
    if (this.stopped) return;
    const answered = this.ask({ type: 'close' });
    this.stopped = new FleetError('engine.stopped', { problem: 'The engine was closed.' });
    await answered;
    await this.exited;
  }

  private answerTo(id: number): Promise<EngineAnswer> {
    if (this.stopped) return Promise.reject(this.stopped);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new FleetError('engine.timeout', { problem: `The engine gave no answer within ${this.answerMs} ms.` }));
      }, this.answerMs);
      const settled = <T>(then: (value: T) => void) => (value: T) => { clearTimeout(timer); then(value); };
      this.waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
    });
  }

  private settle(answer: EngineAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.type === 'failed') waiting?.reject(new FleetError(answer.failure.code, { problem: answer.failure.problem, ...(answer.failure.field === undefined ? {} : { field: answer.failure.field }) }));
    else waiting?.resolve(answer);
  }

  private stop(error: FleetError): void {
    this.stopped ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

function unexpected(): FleetError {
  return new FleetError('engine.stopped', { problem: 'The engine answered another question.' });
}
