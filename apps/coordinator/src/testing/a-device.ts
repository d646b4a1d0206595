import { once } from 'node:events';
import { concatBytes, decodeCommit, fromHex, generateKeyPair, sign, toHex, utf8, verifyCheckpoint, verifyLink, verifyManifest, chainEnd, chainStart, type ChainEnd, type KeyPair, type VerifiedManifest } from '@seedfleet/ledger';
import { initialState, replayCommit, replayContext, stateHash, type AdapterState, type ReplayContext } from '@seedfleet/numerics';
import {
  credentialContext, enrolmentContext, packetParser, type AnswerOf, type CoordinatorEventMap, type Credential, type DeviceEventMap, type Enrolment, type EventsFrom, type MessageOf, type NewEnrolmentToken,
} from '@seedfleet/protocol';
import { io, type Socket } from 'socket.io-client';
import { type ReachableCoordinator } from './a-coordinator.js';

type ClientSocket = Socket<CoordinatorEventMap, DeviceEventMap>;

export async function aToken(fleet: ReachableCoordinator, request: object = {}): Promise<NewEnrolmentToken> {
  return (await fleet.call('POST', '/api/v1/enrolment-tokens', { body: request })).json as NewEnrolmentToken;
}

export function enrolmentBody({ token, keys, name = 'a device' }: { token: string; keys: KeyPair; name?: string }) {
  return { token, name, publicKey: toHex(keys.publicKey), proof: toHex(sign(keys.privateKey, concatBytes([utf8(enrolmentContext), utf8(token), keys.publicKey]))) };
}

/** Everything of a device but its engine: it enrols, connects, replays every commit, and reports what the test tells it to. */
export class DeviceUnderTest {
  readonly starts: MessageOf<'round:start'>[] = [];
  readonly commits: Uint8Array[] = [];
  readonly ended: MessageOf<'run:ended'>[] = [];
  readonly refused: MessageOf<'session:refused'>[] = [];
  socket!: ClientSocket;
  manifest!: VerifiedManifest;
  state!: AdapterState;
  private context!: ReplayContext;
  private chain!: ChainEnd;

  constructor(readonly fleet: ReachableCoordinator, readonly keys: KeyPair, readonly id: string) {}

  static async enrol(fleet: ReachableCoordinator, token?: string): Promise<DeviceUnderTest> {
    const keys = generateKeyPair();
    const body = enrolmentBody({ token: token ?? (await aToken(fleet)).token, keys });
    const answer = await fleet.call('POST', '/api/v1/device/enrolments', { body, token: null });
    if (answer.status !== 201) throw new Error(`not enrolled: ${JSON.stringify(answer.json)}`);
    return new DeviceUnderTest(fleet, keys, (answer.json as Enrolment).device);
  }

  async credential(): Promise<Credential> {
    const { challenge } = (await this.fleet.call('POST', '/api/v1/device/challenges', { body: { device: this.id }, token: null })).json as { challenge: string };
    const signature = toHex(sign(this.keys.privateKey, concatBytes([utf8(credentialContext), fromHex(challenge)])));
    return (await this.fleet.call('POST', '/api/v1/device/credentials', { body: { device: this.id, challenge, signature }, token: null })).json as Credential;
  }

  /** Opens the socket; the listeners record what comes. */
  async connect(credential?: string): Promise<void> {
    const auth = { credential: credential ?? (await this.credential()).credential };
    this.socket = io(`${this.fleet.url}/device`, { parser: packetParser, transports: ['websocket'], auth, reconnection: false, forceNew: true });
    this.socket.on('run:assigned', (_, answer) => answer({ ok: true, accepted: true }));
    this.socket.on('round:start', (start, answer) => {
      answer({ ok: true, accepted: true });
      this.starts.push(start);
    });
    this.socket.on('round:commit', ({ commit }) => this.take(commit));
    this.socket.on('evaluation:start', (_, answer) => answer({ ok: true, accepted: true }));
    this.socket.on('run:ended', (message) => this.ended.push(message));
    this.socket.on('session:refused', (message) => this.refused.push(message));
    await new Promise<void>((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('connect_error', reject);
    });
  }

  send<E extends EventsFrom<'device'>>(event: E, message: MessageOf<E>): Promise<AnswerOf<E>> {
    const emit = this.socket.timeout(5_000).emitWithAck as (event: string, message: unknown) => Promise<AnswerOf<E>>;
    return emit.call(this.socket.timeout(5_000), event, message);
  }

  hello(runs: MessageOf<'session:hello'>['runs'] = [], protocol = 1): Promise<AnswerOf<'session:hello'>> {
    return this.send('session:hello', { protocol, workerVersion: '0.0.0', capabilities: { threads: 1, memoryMegabytes: 100, platform: 'linux' }, runs });
  }

  /** Fetches the manifest as a device does, and stands at round 0. */
  async fetchManifest(run: number): Promise<void> {
    const { credential } = await this.credential();
    this.manifest = verifyManifest((await this.fleet.call('GET', `/api/v1/runs/${run}/manifest`, { token: credential })).json);
    this.context = replayContext(this.manifest.manifest);
    this.state = { ...initialState(this.context), ...(this.manifest.manifest.branch === null ? {} : { values: await this.firstValues(run, credential) }) };
    this.chain = chainStart(this.manifest);
  }

  /** What a branch begins with. */
  private async firstValues(run: number, token: string): Promise<Float64Array[]> {
    const { bytes } = await this.fleet.call('GET', `/api/v1/runs/${run}/checkpoint?round=0`, { token });
    return verifyCheckpoint({ bytes, manifest: this.manifest }).checkpoint.values;
  }

  prepared(run: number, examples = { trainExamples: 100, heldOutExamples: 0 }): Promise<AnswerOf<'run:prepared'>> {
    return this.send('run:prepared', { run, round: this.state.round, stateHash: stateHash(this.state), ...examples });
  }

  /** Enrolled to ready in one go. */
  static async ready(fleet: ReachableCoordinator, run: number): Promise<DeviceUnderTest> {
    const device = await DeviceUnderTest.enrol(fleet);
    await device.connect();
    await device.hello();
    await device.fetchManifest(run);
    const answer = await device.prepared(run);
    if (!answer.ok) throw new Error(`not prepared: ${answer.error.problem}`);
    return device;
  }

  reportOf(start: MessageOf<'round:start'>, change: Partial<MessageOf<'round:report'>> = {}): MessageOf<'round:report'> {
    const differences = Float32Array.from(start.seeds, (seed) => Number(seed % 1000n) / 1e5 - 0.005);
    return { run: start.run, round: start.round, attempt: start.attempt, stateHash: stateHash(this.state), examples: 8, differences, ...change };
  }

  async nextStart(round: number): Promise<MessageOf<'round:start'>> {
    for (;;) {
      const start = this.starts.find((candidate) => candidate.round === round);
      if (start !== undefined) return start;
      await once(this.socket as unknown as NodeJS.EventEmitter, 'round:start');
    }
  }

  async reachRound(round: number): Promise<void> {
    while (this.state.round < round) await once(this.socket as unknown as NodeJS.EventEmitter, 'round:commit');
  }

  async end(): Promise<MessageOf<'run:ended'>> {
    if (this.ended.length === 0) await once(this.socket as unknown as NodeJS.EventEmitter, 'run:ended');
    return this.ended[0] as MessageOf<'run:ended'>;
  }

  /** Checks signature, chain and state of a commit: what a worker does with each. */
  take(bytes: Uint8Array): void {
    if (decodeCommit(bytes).round < this.state.round) return;
    const commit = verifyLink({ manifest: this.manifest, bytes, from: this.chain });
    this.state = replayCommit(this.state, this.context, commit);
    this.chain = chainEnd(commit);
    this.commits.push(bytes);
  }

  get stateHash(): string {
    return toHex(stateHash(this.state));
  }

  close(): void {
    this.socket?.disconnect();
  }
}
