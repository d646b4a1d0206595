import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type Workbench } from '../preparation/prepare-run.js';
import { evaluateHeldOut, evaluateRound } from './evaluate.js';

/** Engine and data of one run on this device, from their preparation to their end. On a device without data there is neither. */
export class Bench {
  private workbench: Workbench | null = null;
  private isClosed = false;
  counts = { trainExamples: 0, heldOutExamples: 0 };
  /** Peak memory of the process that rewrote the model, megabytes; 0 if none did. */
  rewritePeakMegabytes = 0;

  /** @param open null on a device without data */
  constructor(private readonly open: (() => Promise<Workbench>) | null) {}

  get hasData(): boolean {
    return this.open !== null;
  }

  /** @throws FleetError those of `prepareRun` */
  async prepare(): Promise<void> {
    if (this.open === null || this.workbench !== null) return;
    const workbench = await this.open();
    if (this.isClosed) return workbench.engine.close();
    const { dataset, rewritePeakMegabytes } = workbench;
    this.workbench = workbench;
    this.counts = { trainExamples: dataset.trainExamples, heldOutExamples: dataset.heldOutExamples };
    this.rewritePeakMegabytes = rewritePeakMegabytes;
  }

  evaluateRound(request: { manifest: Manifest; b: Float64Array; seeds: BigUint64Array; batch: number }): ReturnType<typeof evaluateRound> {
    return evaluateRound({ ...this.require(), ...request });
  }

  evaluateHeldOut(request: { b: Float64Array }): ReturnType<typeof evaluateHeldOut> {
    return evaluateHeldOut({ ...this.require(), ...request });
  }

  /** Lets a pass that is under way end. */
  async close(): Promise<void> {
    this.isClosed = true;
    const workbench = this.workbench;
    this.workbench = null;
    await workbench?.engine.close();
  }

  private require(): Workbench {
    if (this.workbench === null) throw new FleetError('internal.failure', { problem: 'There is nothing to evaluate with.' });
    return this.workbench;
  }
}
