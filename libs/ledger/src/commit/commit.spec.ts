import fc from 'fast-check';
import { generateKeyPair, sha256 } from '#crypto';
import { concatBytes, utf8 } from '../bytes/byte-sequence.js';
import { toHex } from '../bytes/hex.js';
import { aManifest } from '../manifest/a-manifest.js';
import { signManifest, verifyManifest } from '../manifest/manifest.js';
import { chainStart, verifyChain, verifyLink } from './chain.js';
import { decodeCommit, encodeCommit, type Commit, type SignedCommit } from './commit.js';
import { decodeLog, encodeLog } from './log.js';
import { hashReports } from './reports-hash.js';

const { privateKey } = generateKeyPair();
const base = aManifest({ coordinatorPrivateKey: privateKey });
const manifest = verifyManifest(signManifest({ ...base, estimator: { ...base.estimator, queries: 8, groups: 3 } }, privateKey));

const hash = () => fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyCommit = (): fc.Arbitrary<Commit> => fc.tuple(fc.uniqueArray(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 12 })).chain(([groups, queries]) => fc.record({
  round: fc.nat({ max: 0xffffffff }), attempt: fc.nat({ max: 0xffffffff }), learningRate: fc.double({ min: 0, max: 1e6, noNaN: true }), reports: fc.integer({ min: 1, max: 0xffff }),
  groups: fc.constant(groups.sort((a, b) => a - b)), queries: fc.constant(queries),
  coefficients: fc.float64Array({ minLength: groups.length * queries, maxLength: groups.length * queries, noNaN: true, noDefaultInfinity: true }),
  previousHash: hash(), reportsHash: hash(), stateHash: hash(),
}));

function aCommit(changes: Partial<Commit> = {}): Commit & { manifestHash: Uint8Array } {
  return {
    round: 0, attempt: 0, learningRate: 0.05, reports: 3, groups: [0], queries: 8, coefficients: Float64Array.of(1, -2, 3, -4, 5, -6, 7, -8),
    previousHash: manifest.hash, reportsHash: sha256(utf8('reports')), stateHash: sha256(utf8('state')), manifestHash: manifest.hash, ...changes,
  };
}

function aChain(rounds: number): SignedCommit[] {
  const commits: SignedCommit[] = [];
  for (let round = 0; round < rounds; round++) commits.push(encodeCommit(aCommit({ round, previousHash: commits.at(-1)?.hash ?? manifest.hash }), privateKey));
  return commits;
}

const flipped = (bytes: Uint8Array, bit: number) => bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('a commit', () => {
  test('takes 247 bytes at eight queries and one group', () => expect(encodeCommit(aCommit(), privateKey).bytes).toHaveLength(247));

  test('comes back from its bytes', () => fc.assert(fc.property(anyCommit(), (commit) => {
    const { bytes } = encodeCommit({ ...commit, manifestHash: manifest.hash }, privateKey);
    const decoded = decodeCommit(bytes);
    expect(decoded).toMatchObject(commit);
    expect(toHex(decoded.hash)).toBe(toHex(sha256(bytes)));
  })));

  test('that is cut anywhere, or goes on after its end, does not decode', () => {
    const { bytes } = encodeCommit(aCommit(), privateKey);
    for (let length = 0; length < bytes.length; length++) expect(() => decodeCommit(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'log.malformed' }));
    expect(() => decodeCommit(concatBytes([bytes, Uint8Array.of(0)]))).toThrow(expect.objectContaining({ code: 'log.malformed' }));
  });

  test('with any one bit changed is never taken for the next of its chain', () => {
    const { bytes } = encodeCommit(aCommit(), privateKey);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      expect(() => verifyLink({ manifest, bytes: flipped(bytes, bit), from: chainStart(manifest) }))
        .toThrow(expect.objectContaining({ code: expect.stringMatching(/^log\.(malformed|broken-chain|signature)$/) as string }));
    }
  }, 60_000);

  test('garbage never decodes into a commit of the chain, and never fails in another way', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    expect(() => verifyLink({ manifest, bytes, from: chainStart(manifest) })).toThrow(expect.objectContaining({ name: 'FleetError' }));
  })));

  const broken: [string, string, Partial<Commit>][] = [
    ['no reports', 'reports', { reports: 0 }],
    ['a fraction of a round', 'round', { round: 0.5 }],
    ['groups that do not ascend', 'groups', { groups: [1, 1], coefficients: new Float64Array(16) }],
    ['no groups', 'groups', { groups: [], coefficients: new Float64Array(0) }],
    ['a coefficient that is not a number', 'coefficients', { coefficients: new Float64Array(8).fill(NaN) }],
    ['coefficients of another number of queries', 'coefficients', { queries: 7 }],
    ['a negative learning rate', 'learningRate', { learningRate: -1 }],
    ['half a hash', 'stateHash', { stateHash: new Uint8Array(16) }],
  ];
  test.each(broken)('with %s is never signed (%s)', (_name, field, change) => {
    expect(() => encodeCommit(aCommit(change), privateKey)).toThrow(expect.objectContaining({ code: 'log.malformed', field }));
  });
});

describe('a chain of commits', () => {
  const commits = aChain(5);
  const bytes = commits.map((commit) => commit.bytes);

  test('verifies whole, and its tail from any commit on', () => {
    expect(verifyChain({ manifest, commits: bytes }).map(({ round }) => round)).toEqual([0, 1, 2, 3, 4]);
    for (let cut = 1; cut < 5; cut++) {
      const from = { round: cut, previousHash: commits[cut - 1]?.hash ?? manifest.hash };
      expect(verifyChain({ manifest, commits: bytes.slice(cut), from })).toHaveLength(5 - cut);
    }
  });

  test('verifies against a manifest that was only signed', () => {
    expect(verifyChain({ manifest: signManifest(manifest.manifest, privateKey), commits: bytes })).toHaveLength(5);
  });

  test('with a commit left out, doubled or moved is broken', () => fc.assert(fc.property(fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 6 }), (order) => {
    fc.pre(order.some((round, at) => round !== at));
    expect(() => verifyChain({ manifest, commits: order.map((round) => bytes[round] as Uint8Array) })).toThrow(expect.objectContaining({ code: 'log.broken-chain' }));
  })));

  test('forked by its own coordinator is broken where the fork begins', () => {
    const fork = encodeCommit(aCommit({ round: 1, previousHash: commits[0]?.hash as Uint8Array, learningRate: 0.06 }), privateKey);
    expect(() => verifyChain({ manifest, commits: [bytes[0] as Uint8Array, fork.bytes, bytes[2] as Uint8Array] })).toThrow(expect.objectContaining({ code: 'log.broken-chain', field: 'previousHash' }));
  });

  test('does not take a commit that the coordinator signed for another run', () => {
    const other = encodeCommit({ ...aCommit(), manifestHash: sha256(utf8('another run')) }, privateKey);
    expect(() => verifyChain({ manifest, commits: [other.bytes] })).toThrow(expect.objectContaining({ code: 'log.signature' }));
  });

  test('does not take a commit of another key', () => {
    expect(() => verifyChain({ manifest, commits: [encodeCommit(aCommit(), generateKeyPair().privateKey).bytes] })).toThrow(expect.objectContaining({ code: 'log.signature' }));
  });

  test.each([['more queries', { queries: 4, groups: [0, 1] }], ['a group', { groups: [3] }]])('does not take a commit with %s that the manifest does not know', (_name, change) => {
    expect(() => verifyChain({ manifest, commits: [encodeCommit(aCommit(change), privateKey).bytes] })).toThrow(expect.objectContaining({ code: 'log.broken-chain', field: 'queries' }));
  });

  test('travels as a log and comes back; a cut log is refused', () => {
    const log = encodeLog(bytes);
    expect(decodeLog(log)).toEqual(bytes);
    expect(decodeLog(new Uint8Array(0))).toEqual([]);
    expect(() => decodeLog(log.subarray(0, log.length - 1))).toThrow(expect.objectContaining({ code: 'log.malformed' }));
  });
});

describe('the hash of the reports', () => {
  const salt = sha256(utf8('salt'));
  const report = () => fc.uint8Array({ minLength: 1, maxLength: 60 });

  test('says nothing about the order of arrival', () => fc.assert(fc.property(fc.array(report(), { maxLength: 8 }), fc.infiniteStream(fc.nat()), (reports, luck) => {
    const shuffled = reports.map((each) => ({ each, at: luck.next().value })).sort((a, b) => a.at - b.at).map(({ each }) => each);
    expect(toHex(hashReports({ salt, reports: shuffled }))).toBe(toHex(hashReports({ salt, reports })));
  })));

  test('changes with the salt, with any report and with their number: who guesses all reports still cannot test the guess', () => {
    const reports = [utf8('one'), utf8('two')];
    const hashes = [{ salt, reports }, { salt: sha256(salt), reports }, { salt, reports: [utf8('one'), utf8('twp')] }, { salt, reports: [utf8('one')] }, { salt, reports: [utf8('onetwo')] }];
    expect(new Set(hashes.map((each) => toHex(hashReports(each)))).size).toBe(hashes.length);
  });

  test('a salt that could be guessed is refused', () => expect(() => hashReports({ salt: new Uint8Array(8), reports: [] })).toThrow(RangeError));

  test('nothing in a commit tells one device who else took part', () => {
    // Two rounds whose cohorts share only their size: everything but the salted hash (and with it the signature) is equal.
    const [a, b] = [['ann', 'bob'], ['cid', 'dan']].map((devices) => encodeCommit(aCommit({ reports: 2, reportsHash: hashReports({ salt: sha256(utf8(devices.join())), reports: devices.map(utf8) }) }), privateKey).bytes) as [Uint8Array, Uint8Array];
    const reportsHashAt = 247 - 64 - 64;
    expect(toHex(a.subarray(0, reportsHashAt))).toBe(toHex(b.subarray(0, reportsHashAt)));
    expect(toHex(a.subarray(reportsHashAt + 32, 247 - 64))).toBe(toHex(b.subarray(reportsHashAt + 32, 247 - 64)));
  });
});
