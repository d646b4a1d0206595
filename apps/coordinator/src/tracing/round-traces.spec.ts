import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { aCoordinator } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aRun, anUploadedModel } from '../testing/a-model.js';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: unknown }[];
}

interface Export {
  resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
}

/** What a collector would get: OTLP as JSON. */
let collector: Server;
const exported: { path: string | undefined; credential: string | undefined; text: string }[] = [];

beforeAll(async () => {
  collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      exported.push({ path: request.url, credential: request.headers['x-collector'] as string | undefined, text: Buffer.concat(parts).toString('utf8') });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});

afterAll(() => new Promise((resolve) => collector.close(resolve)));

test('each round is one trace of its stages at the collector, and no device stands in it', async () => {
  const { port } = collector.address() as AddressInfo;
  const fleet = await aCoordinator({ traces: { endpoint: `http://127.0.0.1:${port}`, headers: { 'x-collector': 'let me in' }, serviceName: 'seedfleet-spec' } });
  const run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 2 });
  const devices = [await DeviceUnderTest.ready(fleet, run.id), await DeviceUnderTest.ready(fleet, run.id)];
  for (let round = 0; round < 2; round++) {
    for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
    for (const device of devices) await device.reachRound(round + 1);
  }
  for (const device of devices) device.close();
  await fleet.close();

  expect(exported.map(({ path, credential }) => [path, credential])).toContainEqual(['/v1/traces', 'let me in']);
  const spans = exported.flatMap(({ text }) => (JSON.parse(text) as Export).resourceSpans).flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);
  const roots = spans.filter(({ name }) => name === 'seedfleet.round');
  expect(roots.map(({ attributes }) => attributes.find(({ key }) => key === 'seedfleet.round')?.value)).toEqual([{ intValue: 0 }, { intValue: 1 }]);
  expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(2);
  for (const root of roots) {
    const stages = spans.filter(({ traceId, parentSpanId }) => traceId === root.traceId && parentSpanId === root.spanId).map(({ name }) => name);
    expect(stages).toEqual(['select', 'collect', 'aggregate', 'commit', 'broadcast'].map((stage) => `seedfleet.round.${stage}`));
  }
  expect([...new Set(spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)))].sort()).toEqual([
    'seedfleet.attempt', 'seedfleet.commit.bytes', 'seedfleet.devices.accepted', 'seedfleet.devices.selected', 'seedfleet.reports', 'seedfleet.round', 'seedfleet.round.outcome', 'seedfleet.run',
  ]);
  for (const { text } of exported) for (const { id } of devices) expect(text).not.toContain(id);
}, 60_000);
