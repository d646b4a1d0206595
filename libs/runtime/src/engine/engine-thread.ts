import './no-telemetry.js';
import { Worker } from 'node:worker_threads';
import { FleetError } from '@seedfleet/errors';
import { type EngineAnswer, type EngineRequest } from './engine-messages.js';
import { type EngineOptions } from './engine.js';

/** `Omit` that keeps the members of a union apart. */
type Unnumbered<M> = M extends EngineRequest ? Omit<M, 'id'> : never;
interface Waiting { resolve(answer: EngineAnswer): void; reject(error: FleetError): void }

/** The main thread's end of the engine's thread. Never terminates it: that aborts the process while a pass is under way. */
export class EngineThread {
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private readonly waiting = new Map<number, Waiting>();
  private readonly answerMs: number;
  private nextId = 1;
  private stopped: FleetError | undefined;

  constructor({ file, options, answerMs }: { file: URL; options: Omit<EngineOptions, 'answerMs'>; answerMs: number }) {
    this.answerMs = answerMs;
    // Flags of the main process (a test runner's, an inspector's) are not the thread's.
    this.worker = new Worker(file, { workerData: options, execArgv: [] });
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.on('message', (answer: EngineAnswer) => this.settle(answer));
    this.worker.once('error', (cause) => this.stop(new FleetError('engine.stopped', { problem: `The engine's thread failed: ${cause.name}.`, cause })));
    this.worker.once('exit', (code) => this.stop(new FleetError('engine.stopped', { problem: `The engine's thread ended with code ${code}.` })));
  }

  /** Resolves when the session is open. If it is not in time, the thread ends by itself as soon as it can. */
  async opened(): Promise<void> {
    try {
      await this.answerTo(0);
    } catch (error) {
      this.worker.postMessage({ id: 0, type: 'close' } satisfies EngineRequest);
      this.worker.unref();
      throw error;
    }
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
