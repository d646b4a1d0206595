import { fromHex, sha256, signManifest, utf8, verifyManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { initialState, perturbationKey, replayContext } from '@seedfleet/numerics';
import { Adversary } from './fleet/adversary.js';
import { anObjective } from './fleet/objective.js';
import { type Sabotage } from './fleet/sabotage.js';
import { fairBoundMs, manifestOf, type Scenario } from './fleet/scenario.js';
import { SimulatedCoordinator } from './fleet/simulated-coordinator.js';
import { SimulatedDevice } from './fleet/simulated-device.js';
import { BrokenPromise } from './promises/broken-promise.js';
import { Witness } from './promises/witness.js';
import { fairWorld } from './world/faults.js';
import { Network } from './world/network.js';
import { randomFrom, type Random } from './world/random.js';
import { SkewedClock } from './world/skewed-clock.js';
import { Timeline } from './world/timeline.js';

/** What became of a simulation in which every promise held. */
export interface Outcome {
  ended: 'completed' | 'failed' | 'cancelled';
  rounds: number;
  abandoned: number;
  acknowledged: number;
  evaluations: number;
  coordinatorCrashes: number;
  deviceCrashes: number;
  messages: number;
  messagesLost: number;
  hostile: number;
  steps: number;
  /** milliseconds of true time, and from the moment that the world was fair */
  virtualMs: number;
  fairMs: number;
  /** mean loss of the fleet at the last state, over that at round 0 */
  lossRatio: number;
}

/** Steps after which a world surely goes round in circles without its clock moving. */
const stepsMax = 3_000_000;
/** The epoch of every simulation: what the clocks show in the beginning. */
const epochMs = 1_800_000_000_000;

/** One run from its first round to its end, in a world that is troubled for a while and then fair. */
export class Simulation {
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly coordinator: SimulatedCoordinator;
  readonly witness: Witness;
  devices: SimulatedDevice[] = [];
  private readonly manifest: VerifiedManifest;
  private readonly adversary: Adversary;
  private readonly random: Random;
  private readonly gone: SimulatedDevice[] = [];
  private readonly coordinatorClock: SkewedClock;
  private readonly coordinatorRate: number;
  private connections = 0;
  private joined = 0;
  private isFair = false;
  private steps = 0;

  constructor(readonly scenario: Scenario, private readonly sabotage: Sabotage = {}) {
    this.random = randomFrom(scenario.seed);
    const privateKey = sha256(utf8(`simulation ${scenario.seed}`));
    this.manifest = verifyManifest(signManifest(manifestOf(scenario, privateKey), privateKey));
    this.witness = new Witness(this.manifest, scenario.scalarsPerDay, initialState(replayContext(this.manifest.manifest)));
    this.network = new Network(this.timeline, this.random.fork(), scenario.faults);
    this.coordinatorRate = this.drift();
    this.coordinatorClock = new SkewedClock(this.timeline, epochMs, this.coordinatorRate);
    this.coordinator = new SimulatedCoordinator({
      manifest: this.manifest, privateKey, timeline: this.timeline, network: this.network, random: this.random.fork(), clock: this.coordinatorClock, witness: this.witness, sabotage,
      overhear: (from, report) => this.adversary.overhear(from, report),
    });
    this.adversary = new Adversary(this.random.fork(), this.coordinator, () => this.devices);
    this.coordinator.boot();
    for (let index = 0; index < scenario.devices; index++) this.join(index);
    this.beginTrouble();
    this.timeline.after(scenario.troubledMs, () => this.makeFair());
  }

  /**
   * Lets everything happen.
   * @throws BrokenPromise, or whatever the code under test throws
   */
  run(): Outcome {
    const untilMs = this.scenario.troubledMs + fairBoundMs(this.scenario);
    while (!this.isOver()) {
      if (!this.timeline.step() || this.timeline.nowMs > untilMs || this.steps >= stepsMax) throw new BrokenPromise('ends', this.whatIsMissing());
      this.steps += 1;
      this.check();
    }
    return this.outcome();
  }

  private check(): void {
    for (const { id, process } of this.devices) if (process !== null && !process.replica.isDamaged) this.witness.holds(id, process.replica.fleet.adapter);
    const process = this.coordinator.process;
    const { conductor } = process ?? {};
    const attempt = conductor?.phase.type !== 'collecting' ? null
      : { key: `${this.coordinator.crashes}/${conductor.round}/${conductor.attempt}`, deadlineMs: conductor.policy.deadlineMs / this.coordinatorRate };
    this.witness.open(attempt, this.timeline.nowMs);
    if (process !== null) this.witness.holds('the coordinator', process.fleet.adapter);
  }

  private isOver(): boolean {
    const { database } = this.coordinator;
    if (!this.isFair || !database.isOver) return false;
    return this.devices.every((device) => device.finishedRound !== null && (database.state !== 'completed' || device.finishedRound === database.commits.length));
  }

  private whatIsMissing(): string {
    const { database, process } = this.coordinator;
    const waiting = this.devices.filter(({ finishedRound }) => finishedRound === null || finishedRound !== database.commits.length)
      .map(({ id, finishedRound, process: memory }) => `${id} ${finishedRound === null ? `${memory?.participant.phase.type ?? 'down'} at ${memory?.participant.round ?? '?'}` : `finished at ${finishedRound}`}`);
    return `the run is ${database.state} at round ${database.commits.length} (${process?.conductor.phase.type ?? 'no process'}) ${Math.round(this.timeline.nowMs - this.scenario.troubledMs)} ms after the world is fair; ${waiting.join(', ')}`;
  }

  private outcome(): Outcome {
    const { database } = this.coordinator;
    const everybody = [...this.devices, ...this.gone];
    const context = replayContext(this.manifest.manifest);
    const b = this.devices[0]?.process?.replica.fleet.adapter.values[0] ?? new Float64Array(context.layout.size);
    const loss = (at: Float64Array) => this.devices.reduce((sum, { parts }) => sum + parts.objective.loss(at), 0);
    return {
      ended: database.ended ?? 'failed', rounds: database.commits.length, ...this.witness.counts, coordinatorCrashes: this.coordinator.crashes,
      deviceCrashes: everybody.reduce((sum, { crashes }) => sum + crashes, 0), messages: this.network.carried, messagesLost: this.network.lost, hostile: this.adversary.said,
      steps: this.steps, virtualMs: this.timeline.nowMs, fairMs: this.timeline.nowMs - this.scenario.troubledMs, lossRatio: loss(b) / loss(new Float64Array(context.layout.size)),
    };
  }

  private join(index: number): void {
    const { manifest, network, timeline, witness, coordinator, sabotage, scenario } = this;
    const { layout } = replayContext(manifest.manifest);
    const random = this.random.fork();
    const key = perturbationKey(fromHex(manifest.manifest.runKey));
    const device = new SimulatedDevice({
      id: `device-${String(this.joined++).padStart(3, '0')}`, manifest, coordinator, timeline, network, random,
      clock: new SkewedClock(timeline, epochMs + random.between(-3_600_000, 3_600_000), this.drift()), witness,
      // One replica that goes wrong is enough to see that it is noticed.
      objective: anObjective({ layout, key, estimator: manifest.manifest.estimator, random: random.fork() }), sabotage: index === 0 ? sabotage : withoutReplay(sabotage), scalarsPerDay: scenario.scalarsPerDay,
      trainExamples: random.between(1, 50), heldOutExamples: random.pick([0, 5, 20]), nextConnection: () => ++this.connections,
    });
    this.devices[index] = device;
    timeline.after(random.between(0, this.isFair ? 200 : 3_000), () => device.boot());
  }

  private drift(): number {
    return 1 + (this.random.uniform() - 0.5) * 0.02;
  }

  private beginTrouble(): void {
    const { faults } = this.scenario;
    this.again(faults.cutEveryMs, () => this.cutSomebody());
    this.again(faults.coordinatorCrashEveryMs, () => this.coordinator.crash());
    // Whatever killed it, somebody starts it again.
    this.again(1_500, () => this.coordinator.boot());
    this.again(faults.deviceCrashEveryMs, () => this.random.pick(this.devices).crash());
    this.again(faults.clockMoveEveryMs, () => this.moveClock());
    this.again(faults.turnoverEveryMs, () => this.replace(this.random.below(this.devices.length)));
    this.again(faults.pauseEveryMs, () => this.pause());
    this.again(faults.hostileEveryMs, () => this.adversary.speak());
    this.again(faults.bitFlip === 0 ? 0 : 10 / faults.bitFlip, () => this.random.pick(this.devices).process?.replica.flipBit(this.random.uint32()));
    this.again(5_000, () => this.replaceThoseWhoLeft());
  }

  /** At intervals between half and one and a half times the mean, as long as the world is troubled. */
  private again(everyMs: number, action: () => void): void {
    if (everyMs === 0) return;
    this.timeline.after(everyMs * (0.5 + this.random.uniform()), () => {
      if (this.isFair) return;
      action();
      this.again(everyMs, action);
    });
  }

  private cutSomebody(): void {
    const { random, network } = this;
    const apart = this.devices.filter(() => random.chance(0.4));
    for (const { id } of apart) {
      for (const direction of random.pick([['up'], ['down'], ['up', 'down']] as const)) network.cut(id, direction);
    }
    this.timeline.after(random.between(500, 15_000), () => apart.forEach(({ id }) => network.heal(id)));
  }

  private moveClock(): void {
    const byMs = this.random.between(-300_000, 300_000);
    if (this.random.chance(0.4)) this.coordinatorClock.move(byMs);
    else this.random.pick(this.devices).parts.clock.move(byMs);
  }

  private pause(): void {
    this.coordinator.tell({ type: 'pause' });
    this.timeline.after(this.random.between(100, 8_000), () => this.resume());
  }

  private resume(): void {
    const { coordinator } = this;
    if (coordinator.process === null) return;
    if (coordinator.database.state === 'paused') coordinator.database.state = 'running';
    coordinator.tell({ type: 'resume' });
  }

  private replace(index: number): void {
    const old = this.devices[index];
    if (old === undefined) return;
    old.isGone = true;
    old.crash();
    this.gone.push(old);
    this.join(index);
  }

  private replaceThoseWhoLeft(): void {
    this.devices.forEach(({ hasLeft }, index) => { if (hasLeft) this.replace(index); });
  }

  /** From now on nothing goes wrong, connections that hang are noticed, and whoever is down comes back. */
  private makeFair(): void {
    this.isFair = true;
    this.network.faults = fairWorld;
    this.network.healAll();
    for (const device of this.devices) {
      device.disk.faults = fairWorld;
      const { connection } = device.process ?? {};
      // Nobody else comes back: what a whole connection does not put right must be put right without a new one.
      if (typeof connection === 'number' && this.network.harmed.has(device.id)) device.dropped(connection);
    }
    this.keepFair();
  }

  private keepFair(): void {
    this.coordinator.boot();
    this.resumeIfPaused();
    this.devices.forEach((device) => device.boot());
    this.replaceThoseWhoLeft();
    this.timeline.after(2_000, () => this.keepFair());
  }

  private resumeIfPaused(): void {
    const { process, database } = this.coordinator;
    if (database.state === 'paused' || process?.conductor.wish?.type === 'pause') this.resume();
  }
}

function withoutReplay({ replay: _replay, ...sabotage }: Sabotage): Sabotage {
  return sabotage;
}
