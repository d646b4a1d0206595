import { type ConductorEffect } from '../conductor/conductor-effect.js';
import { type Conductor, type CountedReport, createConductor } from '../conductor/conductor.js';
import { type ConductorInput, type ConductorTimer } from '../conductor/conductor-input.js';
import { type RoundPolicy } from '../conductor/round-policy.js';
import { stepConductor } from '../conductor/step-conductor.js';
import { type Moment } from '../moment.js';
import { entryIn } from '../pile.js';
import { type DeviceLine, SimulatedDevice, textOf } from './simulated-device.js';

/** What a coordinator's database holds of the run. Only `perform` writes it. */
interface Database {
  attempt: number;
  evaluatedRound: number | null;
  open: { round: number; attempt: number; cohort: { device: string; group: number }[]; reports: CountedReport[] } | null;
  commits: { round: number; attempt: number; reports: number }[];
  recorded: Set<string>;
  ended: string | null;
}

/** A message under way. It is lost if the connection that it was sent on is gone. */
interface Flight {
  device: SimulatedDevice;
  session: number;
  arrive: () => void;
  /** what the end of its acknowledgement's time-out says to the sender */
  expire: () => void;
}

/** Commits a page of the tail holds here. */
const tailPage = 2;

/** A conductor with its database and timers, devices, and a network that reorders, loses and repeats. Checks the promises of docs/rounds.md at each effect. */
export class SimulatedFleet implements DeviceLine {
  nowMs = 1_000_000;
  conductor: Conductor | null = null;
  readonly database: Database = { attempt: 0, evaluatedRound: null, open: null, commits: [], recorded: new Set(), ended: null };
  readonly devices: SimulatedDevice[];
  flights: Flight[] = [];
  private readonly timers = new Map<ConductorTimer, { atMs: number; round: number; attempt: number }>();
  /** effects until the process is killed */
  private effectsLeft = Infinity;
  private luck = 1;

  constructor(readonly policy: RoundPolicy, readonly shape: { queries: number; groups: number; devices: number }) {
    this.devices = Array.from({ length: shape.devices }, (_, index) => this.newDevice(`device-${index}`, index));
    this.restart();
  }

  moment(): Moment {
    this.luck = (Math.imul(this.luck, 1_664_525) + 1_013_904_223) >>> 0;
    return { nowMs: this.nowMs, luck: this.luck };
  }

  /** One thing happens; `choice` says which, and to whom. */
  act(choice: number): void {
    const pick = choice >>> 8;
    const device = this.devices[pick % this.devices.length] as SimulatedDevice;
    const slot = choice & 63;
    if (slot < 28) return this.fly(0, 'deliver');
    if (slot < 34) return this.fly(pick, 'deliver');
    if (slot < 36) return this.fly(pick, 'lose');
    if (slot < 38) return this.fly(pick, 'repeat');
    if (slot < 54) return void this.devices.find(({ jobs }, index) => jobs.length > 0 && (index >= pick % this.devices.length || slot > 45))?.jobs.shift()?.();
    if (slot < 56) return this.fireNextTimer();
    if (slot < 60) return this.devices.filter(({ connected }) => !connected).slice(0, 1).forEach((apart) => this.connect(apart));
    if (slot < 61) return this.disconnect(device);
    if (slot < 63) return this.breakSomething(pick, device);
    this.interfere(pick);
  }

  /** A fair world from now on: everything arrives, everybody is connected. Returns the steps until the run is over and everyone has its state. */
  settle(stepsMax: number): number {
    this.effectsLeft = Infinity;
    for (let step = 0; step < stepsMax; step++) {
      if (this.database.ended !== null && this.devices.every((device) => this.isDone(device))) return step;
      if (this.conductor === null && this.database.ended === null) this.restart();
      if (this.conductor?.phase.type === 'paused' || this.conductor?.wish?.type === 'pause') this.tell({ type: 'resume' });
      this.devices.forEach((device, index) => {
        if (device.participant.phase.type === 'left') this.devices[index] = this.newDevice(`${device.id}+`, index);
      });
      const apart = this.devices.find(({ connected }) => !connected);
      const working = this.devices.find(({ jobs }) => jobs.length > 0);
      if (apart !== undefined) this.connect(apart);
      else if (this.flights.length > 0) this.fly(0, 'deliver');
      else if (working !== undefined) working.jobs.shift()?.();
      else this.fireNextTimer();
    }
    return stepsMax;
  }

  announce(device: SimulatedDevice, round: number): void {
    const { trainExamples, heldOutExamples } = device.data;
    const stateMatches = !device.disk.corrupt;
    const expire = () => device.take({ type: 'unanswered', request: 'announce' });
    this.ask(device, () => {
      this.tell({ type: 'arrival', device: device.id, round, stateMatches, trainExamples, heldOutExamples });
      const headRound = this.database.commits.length;
      this.answer(device, () => device.take(stateMatches ? { type: 'announced', headRound } : { type: 'refused', request: 'announce', code: 'report.stale-state' }), expire);
    }, expire);
  }

  answerStart: DeviceLine['answerStart'] = (device, { round, attempt, ...answer }) => this.ask(device, () => this.tell(answer.accepted
    ? { type: 'accept', device: device.id, round, attempt } : { type: 'decline', device: device.id, round, attempt, reason: answer.reason }),
  () => this.tell({ type: 'decline', device: device.id, round, attempt, reason: 'unanswered' }));

  report: DeviceLine['report'] = (device, { round, attempt, examples, differences }) => {
    const stateMatches = !device.disk.corrupt;
    this.ask(device, () => {
      if (this.database.ended !== null) return this.answer(device, () => device.take({ type: 'report-refused', round, attempt, code: 'run.not-running' }), () => device.take({ type: 'unanswered', request: 'report' }));
      return this.tell({ type: 'report', device: device.id, report: { round, attempt, stateMatches, examples, differences } });
    }, () => device.take({ type: 'unanswered', request: 'report' }));
  };

  tail(device: SimulatedDevice, from: number): void {
    const expire = () => device.take({ type: 'unanswered', request: 'tail' });
    this.ask(device, () => {
      const headRound = this.database.commits.length;
      const commits = this.database.commits.slice(from, from + tailPage).map(({ round }) => Uint8Array.of(round));
      this.answer(device, () => device.take({ type: 'tail', from, commits, headRound, cheaper: headRound - from > 2 ? 'checkpoint' : 'log' }), expire);
    }, expire);
  }

  answerEvaluationStart: DeviceLine['answerEvaluationStart'] = (device, { round, accepted }) => {
    if (!accepted) this.ask(device, () => this.tell({ type: 'evaluation-decline', device: device.id, round }));
  };

  evaluation: DeviceLine['evaluation'] = (device, { round, lossSum, correct, count }) => this.ask(device,
    () => this.tell({ type: 'evaluation-report', device: device.id, round, lossSum, correct, count }),
    () => device.take({ type: 'unanswered', request: 'evaluation' }));

  tell(input: ConductorInput): void {
    if (this.conductor === null) return;
    const before = textOf(this.conductor);
    const { state, effects } = stepConductor(this.conductor, input, this.moment());
    if (textOf(this.conductor) !== before) throw new Error(`a step wrote its state on ${input.type}`);
    this.conductor = state;
    requireCounted(state);
    let committed: number | null = null;
    for (const effect of effects) {
      if (this.effectsLeft-- <= 0) return this.kill();
      if (effect.type === 'commit') committed = effect.round;
      this.perform(effect);
    }
    if (this.effectsLeft <= 0) return this.kill();
    if (committed !== null) this.tell({ type: 'committed', round: committed });
    else if (input.type === 'timer') this.expectProgress(input);
    this.expectBoundedWait();
  }

  private perform(effect: ConductorEffect): void {
    const { database } = this;
    switch (effect.type) {
      case 'open-round':
        expect(database.open).toBeNull();
        expect({ round: effect.round, attempt: effect.attempt }).toEqual({ round: database.commits.length, attempt: database.attempt });
        expect(effect.cohort.length).toBeGreaterThanOrEqual(this.policy.reportsMin);
        database.open = { round: effect.round, attempt: effect.attempt, cohort: [...effect.cohort], reports: [] };
        return;
      case 'send-start': return this.sendStart(effect);
      case 'save-report': {
        const { device, group, examples, differences } = effect;
        expect(database.open?.cohort).toContainEqual({ device, group });
        expect(database.open?.reports.map((report) => report.device)).not.toContain(device);
        database.open?.reports.push({ device, group, examples, differences });
        database.recorded.add(`${effect.round}/${effect.attempt}/${device}`);
        return;
      }
      case 'answer-report':
        expect(database.recorded).toContain(`${effect.round}/${effect.attempt}/${effect.device}`);
        return this.answerTo(effect.device, (device) => device.take({ type: 'report-answered', round: effect.round, attempt: effect.attempt }), 'report');
      case 'refuse-report':
        return this.answerTo(effect.device, (device) => device.take({ type: 'report-refused', round: effect.round, attempt: effect.attempt, code: effect.code }), 'report');
      case 'commit':
        expect({ round: effect.round, attempt: effect.attempt }).toEqual({ round: database.open?.round, attempt: database.open?.attempt });
        expect(effect.round).toBe(database.commits.length);
        expect(effect.reports).toBeGreaterThanOrEqual(this.policy.reportsMin);
        // No acknowledged report is missing, and nothing counts that is not saved.
        expect(effect.reports).toBe(database.open?.reports.length);
        expect(effect.examples).toBe(database.open?.reports.reduce((sum, { examples }) => sum + examples, 0));
        database.commits.push({ round: effect.round, attempt: effect.attempt, reports: effect.reports });
        Object.assign(database, { open: null, attempt: 0 });
        return;
      case 'broadcast-commit':
        expect(database.commits.length).toBeGreaterThan(effect.round);
        return this.devices.filter(({ connected }) => connected).forEach((device) => this.answer(device, () => device.take({ type: 'commit', round: effect.round, bytes: Uint8Array.of(effect.round) })));
      case 'abandon-round':
        expect({ round: effect.round, attempt: effect.attempt }).toEqual({ round: database.open?.round, attempt: database.open?.attempt });
        Object.assign(database, { open: null, attempt: effect.attempt + 1 });
        return;
      case 'set-timer': return void this.timers.set(effect.name, effect);
      case 'start-evaluation':
        return effect.devices.forEach((id) => this.answerTo(id, (device) => device.take({ type: 'evaluation-start', round: effect.round, deadlineMs: effect.deadlineMs })));
      case 'answer-evaluation': return this.answerTo(effect.device, (device) => device.take({ type: 'evaluation-answered', round: effect.round }), 'evaluation');
      case 'refuse-evaluation': return this.answerTo(effect.device, (device) => device.take({ type: 'refused', request: 'evaluation', code: effect.code }), 'evaluation');
      case 'save-evaluation':
        expect(effect.lossSum).toBe(1.5 * effect.devices);
        database.evaluatedRound = effect.round;
        return;
      case 'paused': return;
      case 'end':
        expect(database.ended).toBeNull();
        expect(database.open).toBeNull();
        database.ended = effect.state;
        this.conductor = null;
        this.timers.clear();
        return this.devices.filter(({ connected }) => connected).forEach((device) => this.sayEnded(device));
    }
  }

  private sendStart({ device: id, round, attempt, group, deadlineMs }: Extract<ConductorEffect, { type: 'send-start' }>): void {
    expect(this.database.open).toMatchObject({ round, attempt });
    expect(this.database.open?.cohort).toContainEqual({ device: id, group });
    expect(deadlineMs).toBeGreaterThan(0);
    this.answerTo(id, (device) => {
      const seedsMatch = round === this.database.commits.length;
      device.take({ type: 'start', round, attempt, group, seeds: BigUint64Array.from({ length: this.shape.queries }, (_, j) => BigInt(j)), deadlineMs, seedsMatch, declined: null });
    }, () => this.tell({ type: 'decline', device: id, round, attempt, reason: 'unanswered' }));
  }

  private connect(device: SimulatedDevice): void {
    if (this.conductor === null && this.database.ended === null) return;
    device.session += 1;
    device.connected = true;
    this.ask(device, () => {
      const hello = { headRound: this.database.commits.length, stateMatches: !device.disk.corrupt };
      this.answer(device, () => device.take({ type: 'connected', ...hello }), () => this.disconnect(device));
      if (this.database.ended !== null) this.sayEnded(device);
    }, () => this.disconnect(device));
  }

  private disconnect(device: SimulatedDevice): void {
    if (!device.connected) return;
    device.connected = false;
    device.session += 1;
    device.take({ type: 'disconnected' });
    this.tell({ type: 'departure', device: device.id });
  }

  private sayEnded(device: SimulatedDevice): void {
    this.answer(device, () => device.take({ type: 'ended', state: this.database.ended as 'completed' }), () => this.disconnect(device));
  }

  /** kill -9 of the coordinator: only the database is left. */
  private kill(): void {
    this.effectsLeft = Infinity;
    this.conductor = null;
    this.timers.clear();
    this.devices.forEach((device) => this.disconnect(device));
  }

  private restart(): void {
    const { attempt, evaluatedRound, open, commits, ended } = this.database;
    if (ended !== null) return;
    this.conductor = createConductor({ run: 1, policy: this.policy, ...this.shape, round: commits.length, attempt, evaluatedRound, open: open === null ? undefined : structuredClone(open) });
    this.tell({ type: 'start' });
  }

  private newDevice(id: string, index: number): SimulatedDevice {
    // The last device has no data and only follows the log; the one before holds nothing out.
    const data = { trainExamples: index === this.shape.devices - 1 ? 0 : index + 3, heldOutExamples: index >= this.shape.devices - 2 ? 0 : 2, queries: this.shape.queries };
    return new SimulatedDevice(id, data, this, () => this.moment(), () => Math.max(0, this.database.commits.length - 1));
  }

  private breakSomething(choice: number, device: SimulatedDevice): void {
    if (this.conductor === null) return this.restart();
    switch (choice & 3) {
      case 0: { this.effectsLeft = (choice >>> 2) & 7; return; }
      case 1: {
        this.disconnect(device);
        return device.crash();
      }
      case 2: { device.disk.corrupt = (choice & 12) === 0 && !device.jobs.length; return; }
      default: return;
    }
  }

  private interfere(choice: number): void {
    if ((choice & 3) < 3) return this.tell({ type: (choice & 3) === 0 ? 'pause' : 'resume' });
    if ((choice & 63) === 63) this.tell({ type: 'stop', cause: 'operator' });
  }

  private fireNextTimer(): void {
    const ofDevices = this.devices.flatMap((device) => [...device.timers].map(([name, atMs]) => ({ atMs, fire: () => {
      device.timers.delete(name);
      device.take({ type: 'timer', name });
    } })));
    const ofConductor = [...this.timers].map(([name, { atMs, round, attempt }]) => ({ atMs, fire: () => {
      this.timers.delete(name);
      this.tell({ type: 'timer', name, round, attempt });
    } }));
    const next = [...ofDevices, ...ofConductor].sort((left, right) => left.atMs - right.atMs)[0];
    if (next === undefined) return;
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.fire();
  }

  private expectProgress({ name, round, attempt }: { name: ConductorTimer; round: number; attempt: number }): void {
    // Once its deadline has come no attempt is open, and no evaluation holds the run.
    if (this.conductor === null || name === 'retry') return;
    const waitsFor = name === 'deadline' ? 'collecting' : 'evaluating';
    const { phase } = this.conductor;
    expect(phase.type === waitsFor && this.conductor.round === round && this.conductor.attempt === attempt).toBe(false);
  }

  private expectBoundedWait(): void {
    if (this.conductor === null) return;
    const timerOf = { waiting: 'retry', collecting: 'deadline', evaluating: 'evaluation-deadline' } as const;
    const { type } = this.conductor.phase;
    if (type === 'waiting' || type === 'collecting' || type === 'evaluating') expect(this.timers.has(timerOf[type])).toBe(true);
    expect(['idle', 'between']).not.toContain(type);
  }

  /** A completed run leaves its state on every device; one that was given up is not prepared for any more. */
  private isDone({ finalRound }: SimulatedDevice): boolean {
    return this.database.ended === 'completed' ? finalRound === this.database.commits.length : finalRound !== null;
  }

  /** A message from the device. */
  private ask(device: SimulatedDevice, arrive: () => void, expire: () => void = () => undefined): void {
    if (device.connected) this.flights.push({ device, session: device.session, arrive, expire });
  }

  /** A message to the device. */
  private answer(device: SimulatedDevice, arrive: () => void, expire: () => void = () => undefined): void {
    this.ask(device, arrive, expire);
  }

  /** @param expires the device's request that is unanswered if this is lost, or what its loss tells the coordinator */
  private answerTo(id: string, arrive: (device: SimulatedDevice) => void, expires: 'report' | 'evaluation' | (() => void) = () => undefined): void {
    const device = this.devices.find((candidate) => candidate.id === id);
    if (device === undefined) return;
    this.answer(device, () => arrive(device), typeof expires === 'function' ? expires : () => device.take({ type: 'unanswered', request: expires }));
  }

  private fly(pick: number, fate: 'deliver' | 'lose' | 'repeat'): void {
    if (this.flights.length === 0) return;
    const [flight] = fate === 'repeat' ? [this.flights[pick % this.flights.length]] : this.flights.splice(pick % this.flights.length, 1);
    if (flight === undefined || flight.session !== flight.device.session) return;
    if (fate === 'lose') flight.expire();
    else flight.arrive();
  }
}

/** What is counted along is what a walk over all seats finds. */
function requireCounted({ phase }: Conductor): void {
  if (phase.type === 'collecting') expect(phase.outstanding).toBe(phase.seats.filter(({ device, standing }) => standing === 'asked' && entryIn(phase.reports, device) === undefined).length);
}
