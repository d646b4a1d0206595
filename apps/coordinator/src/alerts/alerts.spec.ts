import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Alert, type AlertChannel, type AlertRule, type AlertRuleRequest } from '@seedfleet/protocol';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { problemOf } from '../testing/operator-hands.js';

const hourMs = 3_600_000;
let fleet: CoordinatorUnderTest;
let smtp: SMTPServer;
let receiver: Server;
let mails: string[];
let posts: { headers: Record<string, string>; body: string }[];
/** what the receiver of webhooks answers */
let status: number;

beforeAll(async () => {
  mails = [];
  smtp = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => void text(stream).then((mail) => { mails.push(mail); done(); }),
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  receiver = createServer((request, response) => void text(request).then((body) => {
    posts.push({ headers: request.headers as Record<string, string>, body });
    response.writeHead(status).end('a secret of the receiver');
  }));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  fleet = await aCoordinator({ smtp: { url: `smtp://127.0.0.1:${port}`, from: 'fleet@example.org' } });
}, 60_000);

beforeEach(() => {
  posts = [];
  mails.length = 0;
  status = 200;
});

afterAll(async () => {
  await fleet.close();
  await new Promise<void>((resolve) => smtp.close(resolve));
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const look = () => fleet.coordinator.lookForAlerts();
const json = async <T>(method: string, path: string, body?: object) => (await fleet.call(method, `/api/v1${path}`, body === undefined ? {} : { body })).json as T;
const webhookUrl = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
const aWebhook = () => json<AlertChannel & { secret: string }>('POST', '/alert-channels', { type: 'webhook', name: 'chat', url: webhookUrl() });
const aRule = (rule: Partial<AlertRuleRequest> = {}) => json<AlertRule>('POST', '/alert-rules', { name: 'gone', condition: { type: 'device-gone', hours: 1 }, ...rule });
const alerts = async (open?: 'yes' | 'no') => (await json<{ items: Alert[] }>('GET', `/alerts${open === undefined ? '' : `?open=${open}`}`)).items;

test('a device that goes away and comes back is an alert that begins and ends, once each, signed as Standard Webhooks', async () => {
  const channel = await aWebhook();
  const { id } = await aRule({ channels: [channel.id] });
  const device = await DeviceUnderTest.enrol(fleet);
  await look();
  expect(await alerts()).toEqual([]);
  fleet.pass(2 * hourMs);
  await look();
  await look();
  expect(await alerts('yes')).toMatchObject([{ rule: id, ruleName: 'gone', subject: device.id, resolvedAt: null }]);
  await device.connect();
  await device.hello();
  await look();
  expect(await alerts('yes')).toEqual([]);
  device.socket.disconnect();
  expect(posts.map(({ body }) => JSON.parse(body).type)).toEqual(['alert.fired', 'alert.resolved']);
  const clock = new Webhook(channel.secret);
  for (const { headers, body } of posts) {
    expect(clock.sign(headers['webhook-id'] ?? '', new Date(Number(headers['webhook-timestamp']) * 1_000), body)).toBe(headers['webhook-signature']);
  }
  await json('DELETE', `/alert-rules/${id}`);
});

test('a webhook that refuses hears of it again later, under the same id, and the channel says what is wrong', async () => {
  const channel = await aWebhook();
  const { id } = await aRule({ channels: [channel.id] });
  fleet.pass(2 * hourMs);
  status = 503;
  await look();
  await look();
  const tries = posts.length;
  const shown = (await json<{ items: AlertChannel[] }>('GET', '/alert-channels')).items.find((row) => row.id === channel.id);
  expect(shown?.lastProblem).toBe('The webhook answered 503.');
  status = 200;
  fleet.pass(6_000);
  await look();
  expect(posts).toHaveLength(2 * tries);
  expect(new Set(posts.map(({ headers }) => headers['webhook-id'])).size).toBe(tries);
  fleet.pass(hourMs);
  await look();
  expect(posts).toHaveLength(2 * tries);
  await json('DELETE', `/alert-rules/${id}`);
});

test('mail goes out by SMTP', async () => {
  const channel = await json<AlertChannel>('POST', '/alert-channels', { type: 'email', name: 'on call', to: 'ada@example.org' });
  expect(await json('POST', `/alert-channels/${channel.id}/test`)).toEqual({ delivered: true, problem: null });
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatch(/^To: ada@example\.org/m);
  expect(mails[0]).toMatch(/^Subject: \[Seedfleet\] Test: Test/m);
});

test('a silenced rule is listed, and channels hear nothing; a rule that ends takes its open alerts along, not the history', async () => {
  const channel = await aWebhook();
  const { id } = await aRule({ channels: [channel.id] });
  await json('POST', `/alert-rules/${id}/silence`, { seconds: 3_600 });
  fleet.pass(10 * 60_000);
  await look();
  expect((await alerts('yes')).length).toBeGreaterThan(0);
  expect(posts).toEqual([]);
  const before = (await alerts()).length;
  await json('DELETE', `/alert-rules/${id}`);
  expect(await alerts('yes')).toEqual([]);
  expect(await alerts()).toHaveLength(before);
});

test('a test of a channel that nobody answers says why, without what a stranger said', async () => {
  const channel = await json<AlertChannel>('POST', '/alert-channels', { type: 'webhook', name: 'nobody', url: 'http://127.0.0.1:9/' });
  expect(await json('POST', `/alert-channels/${channel.id}/test`)).toMatchObject({ delivered: false, problem: expect.stringMatching(/cannot be reached/) });
  const shown = await json<{ items: object[] }>('GET', '/alert-channels');
  expect(JSON.stringify(shown)).not.toContain('whsec_');
  expect(JSON.stringify(shown)).not.toContain('a secret of the receiver');
});

test.each([
  ['a channel that there is not', { channels: ['chn_none'] }, 404, 'request.not-found'],
  ['a condition that there is not', { condition: { type: 'full-moon' } }, 422, 'request.invalid'],
  ['a share above one', { condition: { type: 'participation-low', share: 2, rounds: 1 } }, 422, 'request.invalid'],
])('a rule with %s is refused', async (_, rule, expected, code) => {
  const answer = await fleet.call('POST', '/api/v1/alert-rules', { body: { name: 'x', condition: { type: 'run-failed' }, ...rule } });
  expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: expected, code });
});
