import fc from 'fast-check';
import notepack from 'notepack.io';
import { deviceEvents, type DeviceEvent } from '../events/device-events.js';
import { parseAck, parseMessage } from '../events/parse-message.js';
import { limits } from '../limits.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { MsgpackReader } from './msgpack-reader.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { type Packet } from './packet.js';
import { WireError, type WireValue } from './wire.js';

const run = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }).filter((value) => value.length <= 100);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const seeds = fc.bigUint64Array({ minLength: 1, maxLength: 255 });
const deadline = fc.integer({ min: 1, max: limits.deadlineMsMax });
const group = fc.integer({ min: 0, max: 65_535 });
const commit = fc.uint8Array({ minLength: 1, maxLength: 2_500 });
const refusal = fc.record({ code: fc.constant('report.length' as const), problem: text, fix: text, retryable: fc.boolean(), field: text }, { requiredKeys: ['code', 'problem', 'fix', 'retryable'] });
const acceptance = fc.record({ accepted: fc.boolean(), reason: fc.constantFrom('busy', 'budget') }, { requiredKeys: ['accepted'] });
const count = fc.integer({ min: 1, max: 0xffff_ffff });

/** True and said class of some examples as the sums of their evaluation. */
const evaluated = fc.integer({ min: 2, max: limits.evaluationClassesMax }).chain((classes) => {
  const label = fc.nat(classes - 1);
  return fc.array(fc.tuple(label, label), { minLength: 1, maxLength: 400 }).map((examples) => {
    const sums = (counts: (example: [number, number]) => number | null) => Array.from({ length: classes }, (_, c) => examples.filter((example) => counts(example) === c).length);
    return {
      correct: examples.filter(([actual, predicted]) => actual === predicted).length, count: examples.length,
      perClass: { actual: sums(([actual]) => actual), predicted: sums(([, predicted]) => predicted), correct: sums(([actual, predicted]) => (actual === predicted ? actual : null)) },
    };
  });
});

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const word = fc.string({ minLength: 1, maxLength: 50 });
const names = fc.array(text, { maxLength: 16 });
const policyStatement = fc.record({
  tasks: orNull(names), models: orNull(names), roundsPerDay: orNull(u32), scalarsPerDay: orNull(u32), hours: orNull(fc.record({ from: fc.integer({ min: 0, max: 23 }), to: fc.integer({ min: 0, max: 24 }) })),
  memoryMegabytes: orNull(fc.nat(1_000_000_000)), evaluationExamplesMin: u32, precision: fc.constantFrom('run', 'fp32', 'w8a8'), cacheMegabytes: fc.nat(1_000_000), sharesPaths: fc.boolean(),
});
const datasetStatement = fc.record({
  name: text, examples: orNull(u32), format: fc.constantFrom('jsonl', 'csv', 'text'), fields: fc.array(fc.record({ name: word, holds: fc.constantFrom('text', 'label') }), { maxLength: 8 }), labels: orNull(u32), tags: fc.array(word, { maxLength: 16 }),
  tasks: fc.array(fc.constantFrom('classification', 'language'), { maxLength: 16 }),
});
const at = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const deviceError = fc.record({ code: fc.constant('vault.damaged'), atMs: at, run }, { requiredKeys: ['code', 'atMs'] });
const logEntry = fc.record({
  sequence: u32, atMs: at, level: fc.constantFrom('info', 'warn', 'error'), code: fc.constantFrom('session.lost', 'report.length'), run, round: u32, attempt: u32, examples: u32, rounds: u32, bytes: u32, milliseconds: u32, megabytes: u32,
}, { requiredKeys: ['sequence', 'atMs', 'level', 'code'] });
const finding = fc.record({ check: text, result: fc.constantFrom('passed', 'failed', 'skipped'), code: fc.constant('vault.damaged'), detail: text, problem: text }, { requiredKeys: ['check', 'result'] });

const messages: Record<Exclude<DeviceEvent, 'packet:invalid'>, fc.Arbitrary<unknown>> = {
  'session:hello': fc.record({
    protocol: fc.integer({ min: 0, max: 65_535 }), workerVersion: text,
    capabilities: fc.record({
      threads: fc.integer({ min: 1, max: 4_096 }), memoryMegabytes: fc.integer({ min: 1, max: 1_000_000 }), platform: text,
      forwardMs: fc.double({ min: 0, max: 1e6, noNaN: true }), peakMegabytes: fc.integer({ min: 1, max: 1_000_000 }),
    }, { requiredKeys: ['threads', 'memoryMegabytes', 'platform'] }),
    runs: fc.array(fc.record({ run, round: u32, stateHash: hash }), { maxLength: 64 }),
    instance: fc.constantFrom('0123456789abcdef', 'ffffffffffffffff'),
    statement: fc.record({ policy: policyStatement, datasets: fc.array(datasetStatement, { maxLength: 8 }), lastError: deviceError }, { requiredKeys: ['policy', 'datasets'] }),
  }, { requiredKeys: ['protocol', 'workerVersion', 'capabilities', 'runs'] }),
  'session:refused': fc.record({ error: refusal }),
  'run:assigned': fc.record({ run }),
  'run:prepared': fc.oneof(
    fc.record({ run, round: u32, stateHash: hash, trainExamples: u32, heldOutExamples: u32 }),
    fc.record({ run, failed: fc.record({ code: fc.constant('model.not-onnx'), problem: text }) })),
  'round:start': fc.record({ run, round: u32, attempt: u32, group, seeds, deadlineMs: deadline }),
  'round:report': fc.record({ run, round: u32, attempt: u32, stateHash: hash, examples: count, differences: fc.float32Array({ minLength: 1, maxLength: 255 }) }),
  'round:commit': fc.record({ run, commit, next: fc.option(fc.record({ attempt: u32, group, seeds, deadlineMs: deadline })) }, { requiredKeys: ['run', 'commit'] }),
  'ledger:tail': fc.record({ run, from: u32 }),
  'evaluation:start': fc.record({ run, round: u32, deadlineMs: deadline }),
  'evaluation:report': fc.tuple(
    fc.record({ run, round: u32, lossSum: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.oneof(fc.record({ correct: fc.constant(0), count }), evaluated)).map(([message, sums]) => ({ ...message, ...sums })),
  'run:ended': fc.record({ run, state: fc.constantFrom('completed', 'failed', 'cancelled'), cause: text }),
  'device:ping': fc.constant({}), 'device:resync': fc.constant({}), 'device:doctor': fc.constant({}), 'device:rotate-key': fc.constant({}),
  'device:log': fc.record({ after: u32, limit: fc.integer({ min: 1, max: 200 }) }),
};

const acks: { [E in DeviceEvent]?: fc.Arbitrary<Record<string, unknown>> } = {
  'session:hello': fc.record({ deviceName: text, runs: fc.array(fc.record({ run, round: u32, stateMatches: fc.boolean() }), { maxLength: 64 }), comeBackMs: deadline }, { requiredKeys: ['deviceName', 'runs'] }),
  'run:assigned': fc.record({ accepted: fc.boolean(), reason: text }, { requiredKeys: ['accepted'] }),
  'run:prepared': fc.record({ round: u32 }),
  'round:start': acceptance,
  'round:report': fc.constant({ recorded: true }),
  'ledger:tail': fc.record({ commits: fc.array(commit, { maxLength: 10 }), head: u32, checkpoint: fc.option(fc.record({ round: u32, bytes: u32 })) }),
  'evaluation:start': acceptance,
  'evaluation:report': fc.constant({ recorded: true }),
  'device:ping': fc.record({ nowMs: at, uptimeSeconds: u32 }),
  'device:resync': fc.record({ runs: fc.array(fc.record({ run, round: u32, head: u32, stateMatches: fc.boolean() }), { maxLength: 64 }) }),
  'device:doctor': fc.record({ findings: fc.array(finding, { maxLength: 32 }) }),
  'device:log': fc.record({ entries: fc.array(logEntry, { maxLength: 200 }) }),
  'device:rotate-key': fc.constant({ accepted: true }),
};

const encoder = new Encoder();
const encode = (packet: Packet) => encoder.encode(packet)[0] ?? new Uint8Array();
function decode(...chunks: unknown[]): Packet[] {
  const decoder = new Decoder();
  const packets: Packet[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const chunk of chunks) decoder.add(chunk);
  return packets;
}
const connect = encode({ type: 0, nsp: '/device' });

describe.each(Object.entries(messages))('%s', (event, arbitrary) => {
  test('arrives as it was sent, passes its schema, and is not changed by sending', () => fc.assert(fc.property(arbitrary, fc.nat(), (message, id) => {
    const before = structuredClone(message);
    const [packet] = decode(encode({ type: 2, nsp: '/device', data: [event, message], id }));
    expect(packet).toMatchObject({ type: 2, nsp: '/device', data: [event, before] });
    expect(message).toEqual(before);
    expect(parseMessage(event as DeviceEvent, (packet?.data as unknown[])[1])).toEqual(before);
  }), { numRuns: 50 }));
});

describe.each(Object.entries(acks))('an answer to %s', (event, arbitrary) => {
  const receivedId = (id: number) => id * 256 + deviceEvents[event as DeviceEvent].number;
  test('arrives under the id of the question, decoded by its event', () => fc.assert(fc.property(arbitrary, fc.nat(), (ack, id) => {
    const [packet] = decode(encode({ type: 3, nsp: '/device', id: receivedId(id), data: [{ ok: true, ...ack }] }));
    expect(packet).toEqual({ type: 3, nsp: '/device', id, data: [{ ok: true, ...ack }] });
    expect(parseAck(event as DeviceEvent, (packet?.data as unknown[])[0])).toEqual({ ok: true, ...ack });
  }), { numRuns: 50 }));
  test('may be a refusal', () => fc.assert(fc.property(refusal, fc.nat(), (error, id) => {
    const [packet] = decode(encode({ type: 3, nsp: '/device', id: receivedId(id), data: [{ ok: false, error }] }));
    expect(packet).toEqual({ type: 3, nsp: '/device', id, data: [{ ok: false, error }] });
  }), { numRuns: 20 }));
});

test('a received event carries its number in its id, so that an encoder without state can answer it', () => {
  const [question] = decode(encode({ type: 2, nsp: '/device', id: 7, data: ['ledger:tail', { run: 1, from: 0 }] }));
  const answer = { ok: true, commits: [], head: 3, checkpoint: null };
  expect(decode(encode({ type: 3, nsp: '/device', id: question?.id ?? -1, data: [answer] }))).toEqual([{ type: 3, nsp: '/device', id: 7, data: [answer] }]);
});

test('the largest hello and the largest page of a log are below the bytes of a packet', () => {
  const full = (length: number) => '€'.repeat(length);
  const dataset = { name: full(100), examples: 4_294_967_295, format: 'a'.repeat(50), fields: Array.from({ length: 8 }, () => ({ name: full(50), holds: 'a'.repeat(50) })), labels: 4_294_967_295, tags: Array.from({ length: 16 }, () => full(50)), tasks: Array.from({ length: 16 }, () => 'a'.repeat(50)) };
  const policy = { tasks: Array.from({ length: 16 }, () => full(100)), models: Array.from({ length: 16 }, () => full(100)), roundsPerDay: 1, scalarsPerDay: 1, hours: null, memoryMegabytes: null, evaluationExamplesMin: 1, precision: 'run', cacheMegabytes: 0, sharesPaths: false };
  const runs = Array.from({ length: 64 }, () => ({ run: Number.MAX_SAFE_INTEGER, round: 0xffff_ffff, stateHash: new Uint8Array(32) }));
  const hello = { protocol: 1, workerVersion: full(100), capabilities: { threads: 1, memoryMegabytes: 1, platform: full(100) }, runs, instance: '0123456789abcdef', statement: { policy, datasets: Array.from({ length: 8 }, () => dataset) } };
  expect(parseMessage('session:hello', hello)).toEqual(hello);
  expect(encode({ type: 2, nsp: '/device', data: ['session:hello', hello], id: 1 }).length).toBeLessThan(limits.packetBytesMax);
  const entries = Array.from({ length: limits.logPageEntriesMax }, () => ({ ...Object.fromEntries(['sequence', 'atMs', 'run', 'round', 'attempt', 'examples', 'rounds', 'bytes', 'milliseconds', 'megabytes'].map((field) => [field, 4_294_967_295])), level: 'warn', code: `${'a'.repeat(31)}.${'b'.repeat(32)}` }));
  const ack = { ok: true, entries };
  expect(parseAck('device:log', ack)).toEqual(ack);
  expect(encode({ type: 3, nsp: '/device', id: 256 + 15, data: [ack] }).length).toBeLessThan(limits.packetBytesMax);
});

test('a packet is msgpack as another implementation reads it', () => {
  expect(notepack.decode(Buffer.from(encode({ type: 2, nsp: '/device', id: 5, data: ['ledger:tail', { run: 3, from: 12 }] })))).toEqual([10, 8, 5, [3, 12]]);
  expect(notepack.decode(Buffer.from(encode({ type: 3, nsp: '/device', id: 5 * 256 + 6, data: [{ ok: true, recorded: true }] })))).toEqual([11, 5, 6]);
  expect(notepack.decode(Buffer.from(encode({ type: 0, nsp: '/other', data: { a: 1 } })))).toEqual([120, '/other', { a: 1 }]);
});

const wireValue = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)), fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 20 }), fc.dictionary(fc.string().filter((key) => key !== '__proto__'), tie('value'), { maxKeys: 20, noNullPrototype: true })),
})).value;

test('notepack.io and the writer make the same bytes, and the reader reads them', () => fc.assert(fc.property(wireValue, (value) => {
  const writer = new MsgpackWriter();
  writer.value(value);
  const theirs = new Uint8Array(notepack.encode(value));
  // notepack writes whole numbers beyond 53 bits as integers, which lose digits; we write those as floats.
  const isBeyond = JSON.stringify(value, (_, item) => (typeof item === 'number' && Number.isInteger(item) && !Number.isSafeInteger(item) ? 'beyond' : item)).includes('beyond');
  if (!isBeyond) expect([...writer.take()]).toEqual([...theirs]);
  expect(new MsgpackReader(writer.take()).value()).toEqual(value);
})));

test('a stated length that the bytes cannot hold is refused before anything is allocated', () => {
  for (const bytes of [[0xdd, 0, 0xff, 0xff, 0xff], [0xdf, 0xff, 0xff, 0xff, 0xff], [0xc6, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f, 0xff, 0xff, 0xff]]) {
    expect(() => new MsgpackReader(Uint8Array.from(bytes)).value()).toThrow(WireError);
  }
  expect(() => new MsgpackReader(new Uint8Array(1_000).fill(0x91)).value()).toThrow('nested too deep');
});

const isInvalid = (packet: Packet | undefined, code: string) => expect(packet).toMatchObject({ type: 2, nsp: '/device', data: ['packet:invalid', { error: { code } }] });

test('garbage never throws: it is a packet, or packet:invalid of the joined namespace', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
  expect(decode(connect, garbage)).toHaveLength(2);
}), { numRuns: 2_000 }));

test('a damaged report never throws', () => {
  const bytes = encode({ type: 2, nsp: '/device', id: 1, data: ['round:report', { run: 1, round: 1, attempt: 0, stateHash: new Uint8Array(32), examples: 1, differences: new Float32Array(8) }] });
  fc.assert(fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: bytes.length }), (at, value, cut) => {
    const damaged = bytes.slice(0, cut);
    if (at < cut) damaged[at] = value;
    expect(decode(connect, damaged)).toHaveLength(2);
  }), { numRuns: 2_000 });
});

test('bytes without a head go to the namespace of the connection as packet.malformed', () => {
  for (const chunk of [Uint8Array.of(1, 2, 3), 'text', new Uint8Array(), Uint8Array.of(0xc1)]) isInvalid(decode(connect, chunk)[1], 'packet.malformed');
});

test('an unknown event is packet.malformed, and its ack can be refused', () => {
  const [, packet] = decode(connect, Uint8Array.of(0x94, 10, 99, 4, 0x90));
  isInvalid(packet, 'packet.malformed');
  expect(packet?.id).toBe(4 * 256 + 99);
  const error = { code: 'packet.malformed', problem: 'p', fix: 'f', retryable: false };
  expect(decode(encode({ type: 3, nsp: '/device', id: packet?.id ?? -1, data: [{ ok: false, error }] }))).toEqual([{ type: 3, nsp: '/device', id: 4, data: [{ ok: false, error }] }]);
});

test('a field of the wrong kind is message.invalid with its path', () => {
  const [, packet] = decode(connect, Uint8Array.of(0x94, 10, 8, 4, 0x92, 1, 0xc3));
  expect(packet).toMatchObject({ data: ['packet:invalid', { event: 'ledger:tail', error: { code: 'message.invalid', field: 'from' } }] });
});

test('a packet above the limit is packet.too-large, answered by its id, and is not sent by us', () => {
  const large = new Uint8Array(limits.packetBytesMax + 1);
  large.set([0x94, 10, 8, 4]);
  const [, packet] = decode(connect, large);
  isInvalid(packet, 'packet.too-large');
  expect(packet?.id).toBe(4 * 256 + 8);
  isInvalid(decode(connect, new Uint8Array(limits.packetBytesMax + 1))[1], 'packet.too-large');
  expect(() => encode({ type: 2, nsp: '/device', data: ['round:commit', { run: 1, commit: large }] })).toThrow(expect.objectContaining({ code: 'packet.too-large' }));
});

test('a peer cannot send packet:invalid itself', () => isInvalid(decode(connect, Uint8Array.of(0x94, 10, 0, 4, 0x90))[1], 'packet.malformed'));

test('a message that does not fit its event is refused at its sender, by field', () => {
  expect(() => encode({ type: 2, nsp: '/device', data: ['ledger:tail', { run: 1 }] })).toThrow(expect.objectContaining({ code: 'message.invalid', field: 'from' }));
  expect(() => encode({ type: 2, nsp: '/device', data: ['ledger:tail', { run: 1, from: 1, also: 2 }] })).toThrow(expect.objectContaining({ code: 'message.invalid' }));
  expect(() => encode({ type: 2, nsp: '/device', data: ['no:event', {}] })).toThrow(expect.objectContaining({ code: 'message.invalid' }));
});

test('differences that are not finite arrive, for the round to refuse', () => {
  const differences = Float32Array.of(NaN, Infinity, -Infinity);
  const [packet] = decode(encode({ type: 2, nsp: '/device', data: ['round:report', { run: 1, round: 0, attempt: 0, stateHash: new Uint8Array(32), examples: 1, differences }] }));
  expect(parseMessage('round:report', (packet?.data as unknown[])[1]).differences).toEqual(differences);
});
