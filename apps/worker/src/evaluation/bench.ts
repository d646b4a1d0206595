import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type Workbench } from '../preparation/prepare-run.js';
import { type Measurement } from '../vault/run-folder.js';
import { evaluateHeldOut, evaluateRound } from './evaluate.js';
import { measureStep } from './measure-step.js';

export interface BenchParts {
  manifest: Manifest;
  nowMs(): number;
  /** null on a device without data */
  open: (() => Promise<Workbench>) | null;
  /** A device with fewer held-out examples evaluates none: their sum would be nearly the loss of one. */
  evaluationExamplesMin: number;
}

/** Engine and data of one run on this device, from their preparation to their end. On a device without data there is neither. */
export class Bench {
  private workbench: Workbench | null = null;
  private isClosed = false;
  counts = { trainExamples: 0, heldOutExamples: 0 };
  /** Peak memory of the process that rewrote the model, megabytes; 0 if none did. */
  rewritePeakMegabytes = 0;
  /** What a step costs here; null until that was measured. */
  measurement: Measurement | null = null;

  constructor(private readonly parts: BenchParts) {}

  get hasData(): boolean {
    return this.parts.open !== null;
  }

  /** What this device has for the fleet: no held-out examples where they are too few to sum up. */
  get offer(): Bench['counts'] {
    return this.hasTooFew ? { ...this.counts, heldOutExamples: 0 } : this.counts;
  }

  get hasTooFew(): boolean {
    return this.counts.heldOutExamples < this.parts.evaluationExamplesMin;
  }

  /** @throws FleetError those of `prepareRun`, and of the engine */
  async prepare(): Promise<void> {
    const { open, manifest, nowMs } = this.parts;
    if (open === null || this.workbench !== null) return;
    const workbench = await open();
    if (this.isClosed) return workbench.engine.close();
    const { dataset, rewritePeakMegabytes } = workbench;
    this.workbench = workbench;
    this.counts = { trainExamples: dataset.trainExamples, heldOutExamples: dataset.heldOutExamples };
    this.rewritePeakMegabytes = rewritePeakMegabytes;
    if (dataset.trainExamples > 0) this.measurement = await this.measured(measureStep({ ...workbench, manifest, nowMs }));
  }

  evaluateRound(request: { b: Float64Array; seeds: BigUint64Array; batch: number }): ReturnType<typeof evaluateRound> {
    return evaluateRound({ ...this.require(), manifest: this.parts.manifest, ...request });
  }

  evaluateHeldOut(request: { b: Float64Array }): ReturnType<typeof evaluateHeldOut> {
    return evaluateHeldOut({ ...this.require(), manifest: this.parts.manifest, ...request });
  }

  /** Lets a pass that is under way end. */
  async close(): Promise<void> {
    this.isClosed = true;
    const workbench = this.workbench;
    this.workbench = null;
    await workbench?.engine.close();
  }

  /** Closing interrupts a measurement, and that is no failure. */
  private async measured(measuring: Promise<Measurement>): Promise<Measurement | null> {
    try {
      return await measuring;
    } catch (error) {
      if (this.isClosed) return null;
      throw error;
    }
  }

  private require(): Workbench {
    if (this.workbench === null) throw new FleetError('internal.failure', { problem: 'There is nothing to evaluate with.' });
    return this.workbench;
  }
}
