import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes, fromHex, generateKeyPair, sign, toHex, utf8, type KeyPair } from '@seedfleet/ledger';
import {
  credentialContext, enrolmentContext, packetParser, type AnswerOf, type Challenge, type CoordinatorEventMap, type Credential, type DeviceEventMap, type Enrolment, type EventsFrom, type MessageOf,
} from '@seedfleet/protocol';
import { Manager, type ManagerOptions, type Socket } from 'socket.io-client';
import { type DeviceLane } from './device-lane.js';
import { type SharedReplica } from './shared-replica.js';

const answerTimeoutMs = 60_000;

/** What the devices of this process have in common, and what they write down. */
export interface LoadNotes {
  /** of the run that the devices work on; null before there is one */
  replica: SharedReplica | null;
  random: () => number;
  /** ms from sending a report to its acknowledgement, which follows its durability */
  reportMs: number[];
  prepared: number;
  /** how often a device was told to come back instead of being greeted, and sent its report again for want of room */
  postponed: number;
  repeated: number;
  /** refusals and missing answers, by code or event */
  failures: Map<string, number>;
}

/**
 * A device without an engine: it enrols, proves itself, connects, says hello and prepared, and answers every start at once with random
 * finite differences. Every packet and signature is the real one; no loss is computed.
 */
export class VirtualDevice {
  private socket: Socket<CoordinatorEventMap, DeviceEventMap> | null = null;
  private credential = '';
  private reported: { round: number; attempt: number; differences: Float32Array } | null = null;

  private constructor(private readonly lane: DeviceLane, private readonly keys: KeyPair, private readonly id: string, private readonly notes: LoadNotes) {}

  static async enrol({ lane, token, name, notes }: { lane: DeviceLane; token: string; name: string; notes: LoadNotes }): Promise<VirtualDevice> {
    const keys = generateKeyPair();
    const proof = toHex(sign(keys.privateKey, concatBytes([utf8(enrolmentContext), utf8(token), keys.publicKey])));
    const { device } = await lane.json<Enrolment>('POST', '/api/v1/device/enrolments', { body: { token, name, publicKey: toHex(keys.publicKey), proof } });
    return new VirtualDevice(lane, keys, device, notes);
  }

  async fetchCredential(): Promise<string> {
    const { challenge } = await this.lane.json<Challenge>('POST', '/api/v1/device/challenges', { body: { device: this.id } });
    const signature = toHex(sign(this.keys.privateKey, concatBytes([utf8(credentialContext), fromHex(challenge)])));
    this.credential = (await this.lane.json<Credential>('POST', '/api/v1/device/credentials', { body: { device: this.id, challenge, signature } })).credential;
    return this.credential;
  }

  /** Websocket, namespace with the credential, hello. Rejects where any of them fails. @returns ms after which it has to come again; null: it is greeted */
  async connect(): Promise<number | null> {
    this.disconnect();
    const options: Partial<ManagerOptions> = { transports: ['websocket'], parser: packetParser, autoConnect: false, reconnection: false, forceNew: true };
    Reflect.set(options, 'perMessageDeflate', false);
    Reflect.set(options, 'localAddress', this.lane.localAddress);
    const socket: Socket<CoordinatorEventMap, DeviceEventMap> = new Manager(this.lane.url, options).socket('/device', { auth: { credential: this.credential } });
    this.socket = socket;
    socket.on('run:assigned', ({ run }, answer) => {
      answer({ ok: true, accepted: true });
      void this.prepare(run);
    });
    socket.on('round:start', (start, answer) => this.work(start, answer));
    socket.on('round:commit', ({ commit }) => this.notes.replica?.take(commit));
    socket.on('evaluation:start', (_, answer) => answer({ ok: true, accepted: false, reason: 'no-data' }));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      socket.connect();
    });
    const { replica } = this.notes;
    const runs = replica === null ? [] : [{ run: replica.run, round: replica.round, stateHash: replica.hash }];
    const answer = await this.send('session:hello', { protocol: 1, workerVersion: '0.0.0', capabilities: { threads: 1, memoryMegabytes: 64, platform: 'load' }, runs });
    if (!answer.ok) throw new Error(`The hello was refused: ${answer.error.code}`);
    if (answer.comeBackMs === undefined) return null;
    this.notes.postponed++;
    this.disconnect();
    return answer.comeBackMs;
  }

  isConnected(): boolean {
    return this.socket?.connected === true;
  }

  /** Says that it stands where the replica stands. */
  async prepare(run: number): Promise<void> {
    const { replica } = this.notes;
    if (replica?.run !== run) return;
    await this.attempt('run:prepared', { run, round: replica.round, stateHash: replica.hash, trainExamples: 100, heldOutExamples: 0 }, () => this.notes.prepared++);
  }

  disconnect(): void {
    this.socket?.disconnect();
    this.socket = null;
  }

  private work({ run, round, attempt, seeds }: MessageOf<'round:start'>, answer: (answer: AnswerOf<'round:start'>) => void): void {
    const { replica, random, reportMs } = this.notes;
    if (replica === null || replica.round !== round) {
      answer({ ok: true, accepted: false, reason: 'state-mismatch' });
      return;
    }
    answer({ ok: true, accepted: true });
    // A start that comes again is answered with the same report, as a worker does.
    if (this.reported?.round !== round || this.reported.attempt !== attempt) this.reported = { round, attempt, differences: Float32Array.from(seeds, () => (random() - 0.5) * 0.02) };
    const { differences } = this.reported;
    const sentAt = performance.now();
    void this.attempt('round:report', { run, round, attempt, stateHash: replica.hash, examples: 8, differences }, () => reportMs.push(performance.now() - sentAt));
  }

  private async attempt<E extends EventsFrom<'device'>>(event: E, message: MessageOf<E>, done: () => void): Promise<void> {
    try {
      const answer = await this.send(event, message);
      if (answer.ok === true) return done();
      const { code, retryAfterMs } = answer.error;
      if (retryAfterMs === undefined) return this.fail(code);
      this.notes.repeated++;
      await sleep(retryAfterMs);
      await this.attempt(event, message, done);
    } catch {
      this.fail(`${event} unanswered`);
    }
  }

  private fail(what: string): void {
    this.notes.failures.set(what, (this.notes.failures.get(what) ?? 0) + 1);
  }

  private send<E extends EventsFrom<'device'>>(event: E, message: MessageOf<E>): Promise<AnswerOf<E>> {
    if (this.socket === null) return Promise.reject(new Error('There is no connection.'));
    const waiting = this.socket.timeout(answerTimeoutMs);
    const emit = waiting.emitWithAck as (event: string, message: unknown) => Promise<AnswerOf<E>>;
    return emit.call(waiting, event, message);
  }
}
