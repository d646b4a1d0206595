import { type ApiToken, type FleetChange, type Invitation, type LiveEventMap, type OperatorSession, packetParser } from '@seedfleet/protocol';
import { io, type Socket } from 'socket.io-client';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';

type None = Record<string, never>;
/** A console without pages: remembers every change that it hears of, and whether it is still let in. */
class ConsoleUnderTest {
  readonly heard: FleetChange[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: Socket<LiveEventMap, None>) {
    socket.on('fleet:changed', ({ changes }) => {
      this.heard.push(...changes);
      for (const look of this.waiting) look();
    });
    socket.on('disconnect', () => { for (const look of this.waiting) look(); });
  }

  /** @returns the code of the refusal where it is not let in */
  static async open({ token, cookie }: { token?: string; cookie?: string }): Promise<ConsoleUnderTest | string> {
    const socket = io(`${fleet.url}/admin`, { parser: packetParser, transports: ['websocket'], auth: token === undefined ? {} : { token }, reconnection: false, forceNew: true, ...(cookie === undefined ? {} : { extraHeaders: { cookie } }) });
    sockets.push(socket);
    const opened = new ConsoleUnderTest(socket);
    const problem = await new Promise<string | null>((resolve) => {
      socket.once('connect', () => resolve(null));
      socket.once('connect_error', (error) => resolve(('data' in error ? error.data as { code: string } : { code: error.message }).code));
    });
    return problem ?? opened;
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => { this.waiting.add(resolve); }).finally(() => this.waiting.clear());
  }

  hears(kind: FleetChange['kind'], id?: string): Promise<void> {
    return this.until(() => this.heard.some((change) => change.kind === kind && (id === undefined || change.ids.includes(id))));
  }

  isOver(): Promise<void> {
    return this.until(() => !this.socket.connected);
  }

  get kinds(): string[] {
    return [...new Set(this.heard.map(({ kind }) => kind))].sort();
  }
}

let fleet: CoordinatorUnderTest;
const sockets: Socket[] = [];
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterEach(() => { for (const socket of sockets.splice(0)) socket.disconnect(); });
afterAll(() => fleet.close());

const password = 'correct horse battery staple';
const post = (path: string, body: unknown, token: string | null = fleet.adminToken, headers = {}) => fleet.call('POST', `/api/v1${path}`, { body, token, headers });

async function aConsole(means: { token?: string; cookie?: string }): Promise<ConsoleUnderTest> {
  const opened = await ConsoleUnderTest.open(means);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}

async function aPerson(name: string, role = 'operator') {
  const { operator, invitation } = (await post('/operators', { name, role })).json as Invitation;
  const answer = await post('/invitations/accept', { invitation, password }, null);
  return { id: operator.id, token: (answer.json as OperatorSession).crossSiteProof, cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '' };
}

const apiToken = async (request: object = {}) => (await post('/api-tokens', { name: 'console', ...request })).json as ApiToken & { token: string };

test('a change is told by kind and id, and by nothing else', async () => {
  const open = await aConsole({ token: fleet.adminToken });
  const { id } = (await post('/groups', { name: 'told', filter: 'tag=lab' })).json as { id: string };
  await open.hears('group', id);
  await open.hears('audit-entry');
  expect(open.heard.filter(({ kind }) => kind === 'group')).toEqual([{ kind: 'group', ids: [id] }]);
  expect(JSON.stringify(open.heard)).not.toMatch(/told|lab/);
});

test('a device that enrols, connects and leaves is told', async () => {
  const open = await aConsole({ token: fleet.adminToken });
  const device = await DeviceUnderTest.enrol(fleet);
  await open.hears('device', device.id);
  open.heard.length = 0;
  await device.connect();
  await open.hears('device', device.id);
  open.heard.length = 0;
  device.socket.disconnect();
  await open.hears('device', device.id);
});

test('each role hears of what it may read', async () => {
  const [viewer, operator, admin] = await Promise.all(['viewer', 'operator', 'admin'].map(async (role) => aConsole({ token: (await apiToken({ role })).token })));
  await post('/operators', { name: 'somebody', role: 'viewer' });
  await post('/enrolment-tokens', {});
  await post('/groups', { name: 'last', filter: 'tag=last' });
  // Messages of one flush go out by role, so whoever has heard of the group has heard of all before it.
  await Promise.all([viewer, operator, admin].map((open) => open?.hears('group')));
  await operator?.hears('enrolment-token');
  await admin?.hears('operator');
  expect(viewer?.kinds).toEqual(['group']);
  expect(operator?.kinds).toEqual(['audit-entry', 'enrolment-token', 'group']);
  expect(admin?.kinds).toEqual(['audit-entry', 'enrolment-token', 'group', 'operator']);
});

test('a session opens it by its cookie and the proof beside it, and neither alone', async () => {
  const { token, cookie } = await aPerson('Grace');
  const other = await aPerson('Hedy');
  expect(await ConsoleUnderTest.open({ token, cookie })).toBeInstanceOf(ConsoleUnderTest);
  expect(await ConsoleUnderTest.open({ cookie })).toBe('operator.unauthenticated');
  expect(await ConsoleUnderTest.open({ token })).toBe('operator.unauthenticated');
  expect(await ConsoleUnderTest.open({ token: other.token, cookie })).toBe('operator.cross-site');
  expect(await ConsoleUnderTest.open({ token: 'sft_wrong' })).toBe('operator.unauthenticated');
  expect(await ConsoleUnderTest.open({ token: (await (await DeviceUnderTest.enrol(fleet)).credential()).credential })).toBe('operator.unauthenticated');
});

test('it ends with the session: signed out, disabled, another role', async () => {
  const [ada, joan, mary] = [await aPerson('Ada'), await aPerson('Joan'), await aPerson('Mary')];
  const [adas, joans, marys] = [await aConsole(ada), await aConsole(joan), await aConsole(mary)];
  await fleet.call('DELETE', '/api/v1/session', { token: ada.token, headers: { cookie: ada.cookie } });
  await adas.isOver();
  expect(joans.socket.connected).toBe(true);
  await post(`/operators/${joan.id}/disable`, {});
  await joans.isOver();
  expect(await ConsoleUnderTest.open(joan)).toBe('operator.unauthenticated');
  await fleet.call('PUT', `/api/v1/operators/${mary.id}/role`, { body: { role: 'viewer' } });
  await marys.isOver();
  const again = await aConsole(mary);
  await post('/enrolment-tokens', {});
  await post('/groups', { name: 'after', filter: 'tag=after' });
  await again.hears('group');
  expect(again.kinds).toEqual(['group']);
});

test('it ends with the token: over by itself, or revoked', async () => {
  const { id, token } = await apiToken();
  const short = await apiToken({ expiresInSeconds: 1 });
  const [revoked, ended] = [await aConsole({ token }), await aConsole({ token: short.token })];
  await ended.isOver();
  expect(revoked.socket.connected).toBe(true);
  await fleet.call('DELETE', `/api/v1/api-tokens/${id}`);
  await revoked.isOver();
  expect(await ConsoleUnderTest.open({ token: short.token })).toBe('operator.unauthenticated');
});
