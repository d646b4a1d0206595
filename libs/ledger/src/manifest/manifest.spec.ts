import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { FleetError } from '@seedfleet/errors';
import { generateKeyPair, publicKeyOf, sha256 } from '#crypto';
import { fromHex, toHex } from '../bytes/hex.js';
import { aManifest } from './a-manifest.js';
import { type Manifest } from './manifest-schema.js';
import { canonicalBytes, encodeManifest, signManifest, verifyManifest } from './manifest.js';

const rfc8785 = JSON.parse(readFileSync(new URL('../../vectors/rfc8785.json', import.meta.url), 'utf8')) as {
  sample: { input: string; bytes: string }; sorting: { input: string; order: string[] }; numbers: [string, string][]; refused: string[];
};
const { privateKey, publicKey } = generateKeyPair();
const manifest = aManifest({ coordinatorPrivateKey: privateKey });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const float = (bits: string) => new DataView(fromHex(bits).buffer).getFloat64(0);

describe('canonical bytes, RFC 8785', () => {
  test('the sample of section 3.2.2 becomes the bytes of 3.2.4', () => expect(toHex(canonicalBytes(JSON.parse(rfc8785.sample.input)))).toBe(rfc8785.sample.bytes));

  test('properties are sorted by UTF-16 code units as in section 3.2.3', () => {
    expect([...text(canonicalBytes(JSON.parse(rfc8785.sorting.input))).matchAll(/:"([^"]*)"/g)].map(([, value]) => value)).toEqual(rfc8785.sorting.order);
  });

  test.each(rfc8785.numbers)('the number of bits %s is written %s, appendix B', (bits, expected) => expect(text(canonicalBytes(float(bits)))).toBe(expected));
  test.each(rfc8785.refused)('the bits %s are no JSON number', (bits) => expect(() => canonicalBytes({ eps: float(bits) })).toThrow(expect.objectContaining({ code: 'manifest.invalid' })));
  test('a lone surrogate is refused', () => expect(() => canonicalBytes({ name: '\ud83d' })).toThrow(expect.objectContaining({ code: 'manifest.invalid' })));
  test('a text that only looks like an escaped surrogate is not', () => expect(text(canonicalBytes({ name: '\\ud83d' }))).toBe('{"name":"\\\\ud83d"}'));
});

test('a manifest has the same bytes whatever order its fields were written in', () => fc.assert(fc.property(fc.infiniteStream(fc.nat()), (luck) => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => ({ key, entry, at: luck.next().value })).sort((a, b) => a.at - b.at).map(({ key, entry }) => [key, shuffled(entry)]));
  };
  expect(toHex(encodeManifest(shuffled(manifest) as Manifest))).toBe(toHex(encodeManifest(manifest)));
})));

test('a manifest of the first version keeps the hash that Python gives it (json.dumps with sorted keys, hashlib)', () => {
  expect(toHex(sha256(encodeManifest(aManifest({ coordinatorPrivateKey: new Uint8Array(32).fill(7) }))))).toBe('48d3b10963b109d4afdd71751af81a8b05567117087186c75d2fdb496fc3af08');
});

describe('a branch', () => {
  const branch = { run: 1, manifestHash: 'ab'.repeat(32), round: 3, commitHash: 'cd'.repeat(32), stateHash: 'ef'.repeat(32) };

  test.each([['after commits', branch], ['before the first commit', { ...branch, round: 0, commitHash: branch.manifestHash }]])('%s comes back as it was', (_, given) => {
    const signed = signManifest({ ...manifest, run: 2, branch: given }, privateKey);
    expect(verifyManifest(JSON.parse(JSON.stringify(signed))).manifest.branch).toEqual(given);
  });

  test.each([
    ['of itself', 'branch.run', { ...branch, run: 2 }],
    ['of a later run', 'branch.run', { ...branch, run: 3 }],
    ['before the first commit that names one', 'branch.commitHash', { ...branch, round: 0 }],
    ['of a round below 0', 'branch.round', { ...branch, round: -1 }],
    ['without a hash of its state', 'branch.stateHash', { ...branch, stateHash: '' }],
  ])('%s is refused', (_, field, given) => {
    expect(() => signManifest({ ...manifest, run: 2, branch: given }, privateKey)).toThrow(expect.objectContaining({ code: 'manifest.invalid', field }));
  });
});

describe('the tasks of a causal language model', () => {
  const [lora] = manifest.adapter.sites as [Manifest['adapter']['sites'][number]];
  const bias = { name: 'encoder.layer.0.attn.v.bias', kind: 'bias' as const, inputs: 0, shape: [7], scale: 0.5 };
  const model = { ...manifest.model, inputs: { ids: 'input_ids' } };
  const language = { ...manifest, model, task: { type: 'language' as const, tokensMax: 64 }, adapter: { ...manifest.adapter, sites: [lora, bias] } };
  const verbalizer = { ...language, task: { type: 'verbalizer' as const, tokensMax: 64, labels: ['negative', 'positive'], words: [' bad', ' good'], template: 'Review: {text} It was' } };

  test.each([['language', language], ['verbalizer', verbalizer], ['language in windows', { ...language, task: { ...language.task, overlap: 16 } }], ['language with biases alone', { ...language, adapter: { ...language.adapter, sites: [bias] } }]])('%s needs no head and no mask, and comes back as it was', (_, given) => {
    expect(verifyManifest(JSON.parse(JSON.stringify(signManifest(given, privateKey)))).manifest).toEqual(given);
  });

  test.each<[string, string, Manifest]>([
    ['a head', 'adapter.sites', { ...language, adapter: manifest.adapter }],
    ['a word too few', 'task.words', { ...verbalizer, task: { ...verbalizer.task, labels: ['a', 'b', 'c'] } }],
    ['two words alike', 'task.words', { ...verbalizer, task: { ...verbalizer.task, words: [' good', ' good'] } }],
    ['a template without a place', 'task.template', { ...verbalizer, task: { ...verbalizer.task, template: 'Review:' } }],
    ['a template with two places', 'task.template', { ...verbalizer, task: { ...verbalizer.task, template: '{text} {text}' } }],
    ['windows without a new token', 'task.overlap', { ...language, task: { ...language.task, overlap: 64 } }],
    ['a pool', 'model.pool', { ...language, model: { ...model, pool: 'mean' } }],
    ['a bias before an adapter', 'adapter.sites.1.kind', { ...language, adapter: { ...language.adapter, sites: [bias, lora] } }],
    ['a bias that is a matrix', 'adapter.sites.1.shape', { ...language, adapter: { ...language.adapter, sites: [lora, { ...bias, shape: [2, 7] }] } }],
    ['a bias of no linear', 'adapter.sites.1.name', { ...language, adapter: { ...language.adapter, sites: [lora, { ...bias, name: 'v' }] } }],
  ])('are refused with %s (%s)', (_, field, given) => {
    expect(() => encodeManifest(given)).toThrow(expect.objectContaining({ code: 'manifest.invalid', field }));
  });
});

describe('a signed manifest', () => {
  const signed = signManifest(manifest, privateKey);
  const sent = (change: object = {}): unknown => JSON.parse(JSON.stringify({ ...signed, ...change }));

  test('verifies after a trip through JSON, under the SHA-256 of its canonical bytes', () => {
    const verified = verifyManifest(sent(), { coordinatorKey: toHex(publicKey) });
    expect(verified.manifest).toEqual(manifest);
    expect(toHex(verified.hash)).toBe(toHex(sha256(encodeManifest(manifest))));
  });

  test('of a changed run has another hash than the one beside it', () => {
    expect(() => verifyManifest(sent({ manifest: { ...manifest, name: 'another' } }))).toThrow(expect.objectContaining({ code: 'manifest.signature', field: 'hash' }));
  });

  test('that somebody else signed is refused, also when everything else is right', () => {
    const stranger = generateKeyPair();
    const forged = signManifest(manifest, stranger.privateKey);
    expect(() => verifyManifest(forged)).toThrow(expect.objectContaining({ code: 'manifest.signature', field: 'signature' }));
    const own = signManifest({ ...manifest, coordinatorKey: toHex(publicKeyOf(stranger.privateKey)) }, stranger.privateKey);
    expect(verifyManifest(own).manifest.name).toBe(manifest.name);
    expect(() => verifyManifest(own, { coordinatorKey: toHex(publicKey) })).toThrow(expect.objectContaining({ code: 'manifest.signature', field: 'manifest.coordinatorKey' }));
  });
});

describe('a manifest is refused with the field that is wrong:', () => {
  const sites = manifest.adapter.sites;
  const withSites = (changed: Manifest['adapter']['sites']) => ({ adapter: { ...manifest.adapter, sites: changed } });
  const [query, value, weight, bias] = sites as [typeof sites[0], typeof sites[0], typeof sites[0], typeof sites[0]];
  const cases: [string, string, object][] = [
    ['an unknown field', '', { secret: 1 }],
    ['another format', 'format', { format: 'seedfleet/manifest/v2' }],
    ['a run key in capitals', 'runKey', { runKey: 'AB'.repeat(32) }],
    ['no queries', 'estimator.queries', { estimator: { ...manifest.estimator, queries: 0 } }],
    ['one query of leave-one-out', 'estimator.queries', { estimator: { ...manifest.estimator, queries: 1 } }],
    ['more groups than devices', 'estimator.groups', { estimator: { ...manifest.estimator, groups: 4 } }],
    ['an infinite eps', 'estimator.eps', { estimator: { ...manifest.estimator, eps: Infinity } }],
    ['a path out of the folder', 'model.files.0.path', { model: { ...manifest.model, files: [{ path: '../../etc/passwd', role: 'model', sha256: '00'.repeat(32), bytes: 1 }] } }],
    ['an absolute path', 'model.files.0.path', { model: { ...manifest.model, files: [{ path: '/etc/passwd', role: 'model', sha256: '00'.repeat(32), bytes: 1 }] } }],
    ['one label', 'task.labels', { task: { ...manifest.task, labels: ['only'] } }],
    ['the head before the sites', 'adapter.sites.1.kind', withSites([weight, query, value, bias])],
    ['a site of another rank', 'adapter.sites.0.shape', withSites([{ ...query, shape: [3, 5] }, value, weight, bias])],
    ['no head', 'adapter.sites', withSites([query, value])],
    ['two sites of one name', 'adapter.sites', withSites([query, query, weight, bias])],
    ['a head of other classes', 'adapter.sites.2.shape', withSites([query, value, { ...weight, shape: [6, 3] }, bias])],
    ['more reports than the cohort', 'policy.reportsMin', { policy: { ...manifest.policy, reportsMin: 9 } }],
  ];
  test.each(cases)('%s (%s)', (_name, field, change) => {
    expect(() => encodeManifest({ ...manifest, ...change })).toThrow(expect.objectContaining({ code: 'manifest.invalid', field }));
  });

  test('the refusal does not repeat what was written', () => {
    try {
      encodeManifest({ ...manifest, name: 'x'.repeat(300) });
    } catch (error) {
      expect(error).toBeInstanceOf(FleetError);
      expect(String(error)).not.toContain('xxx');
      return;
    }
    throw new Error('a name of 300 characters was accepted');
  });
});
