import fc from 'fast-check';
import { generateKeyPair, sha256 } from '#crypto';
import { equalBytes } from '../bytes/byte-sequence.js';
import { toHex } from '../bytes/hex.js';
import { encodeCommit } from '../commit/commit.js';
import { aManifest } from '../manifest/a-manifest.js';
import { signManifest, verifyManifest } from '../manifest/manifest.js';
import { decodeCheckpoint, encodeCheckpoint, verifyCheckpoint, type Checkpoint } from './checkpoint.js';
import { hashValues } from './state-hash.js';

const { privateKey } = generateKeyPair();
const manifest = verifyManifest(signManifest(aManifest({ coordinatorPrivateKey: privateKey }), privateKey));

function aCheckpoint({ values, round = 7, signer = privateKey, manifestHash = manifest.hash }: { values: Float64Array[]; round?: number; signer?: Uint8Array; manifestHash?: Uint8Array }): Checkpoint {
  const lastCommit = encodeCommit({
    round: round - 1, attempt: 0, learningRate: 0.1, reports: 2, groups: [0], queries: 4, coefficients: Float64Array.of(1, 2, 3, 4),
    previousHash: sha256(), reportsHash: sha256(), stateHash: hashValues(values), manifestHash,
  }, signer);
  return { manifestHash, round, lastCommit: lastCommit.bytes, values };
}

const values = [Float64Array.of(1, -2, 3.5), Float64Array.of(0, -0, 5e-324)];

test('a checkpoint comes back from its bytes', () => fc.assert(fc.property(
  fc.tuple(fc.nat({ max: 20 }), fc.integer({ min: 1, max: 3 })).chain(([length, arrays]) => fc.array(fc.float64Array({ minLength: length, maxLength: length, noNaN: true }), { minLength: arrays, maxLength: arrays })),
  (arrays) => {
    const checkpoint = aCheckpoint({ values: arrays });
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint);
  },
)));

test('a checkpoint before the first commit is all zero and goes on at the manifest', () => {
  const zero = { manifestHash: manifest.hash, round: 0, lastCommit: new Uint8Array(0), values: [new Float64Array(3)] };
  const { checkpoint, end } = verifyCheckpoint({ bytes: encodeCheckpoint(zero), manifest });
  expect(checkpoint).toEqual(zero);
  expect(end).toEqual({ round: 0, previousHash: manifest.hash });
  const bent = encodeCheckpoint({ ...zero, values: [Float64Array.of(0, 0, 1)] });
  expect(() => verifyCheckpoint({ bytes: bent, manifest })).toThrow(expect.objectContaining({ code: 'checkpoint.malformed', field: 'values' }));
});

test('a branch begins with the values that its manifest names, and with no others', () => {
  const first = [Float64Array.of(1, -2, 3.5), new Float64Array(3)];
  const parent = { run: 1, manifestHash: 'ab'.repeat(32), round: 3, commitHash: 'cd'.repeat(32), stateHash: toHex(hashValues(first)) };
  const branch = verifyManifest(signManifest(aManifest({ coordinatorPrivateKey: privateKey, run: 2, branch: parent }), privateKey));
  const of = (arrays: Float64Array[]) => encodeCheckpoint({ manifestHash: branch.hash, round: 0, lastCommit: new Uint8Array(0), values: arrays });
  const { checkpoint, end } = verifyCheckpoint({ bytes: of(first), manifest: branch });
  expect(checkpoint.values).toEqual(first);
  expect(end).toEqual({ round: 0, previousHash: branch.hash });
  for (const other of [[Float64Array.of(1, -2, 3.25), new Float64Array(3)], [new Float64Array(3), new Float64Array(3)], [first[0] as Float64Array]]) {
    expect(() => verifyCheckpoint({ bytes: of(other), manifest: branch })).toThrow(expect.objectContaining({ code: 'checkpoint.malformed', field: 'values' }));
  }
});

test('the log goes on after a checkpoint at the hash of its last commit', () => {
  const { end } = verifyCheckpoint({ bytes: encodeCheckpoint(aCheckpoint({ values })), manifest });
  expect(end.round).toBe(7);
  expect(toHex(end.previousHash)).toBe(toHex(sha256(aCheckpoint({ values }).lastCommit)));
});

test('a checkpoint with any one bit changed, or cut anywhere, is refused', () => {
  const bytes = encodeCheckpoint(aCheckpoint({ values }));
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const bent = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(() => verifyCheckpoint({ bytes: bent, manifest })).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(checkpoint\.malformed|log\.signature)$/) as string }));
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeCheckpoint(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'checkpoint.malformed' }));
  }
}, 60_000);

test('a checkpoint that somebody else made is refused, although its values and its commit agree', () => {
  const bytes = encodeCheckpoint(aCheckpoint({ values, signer: generateKeyPair().privateKey }));
  expect(() => verifyCheckpoint({ bytes, manifest })).toThrow(expect.objectContaining({ code: 'log.signature', field: 'lastCommit' }));
});

test('a checkpoint of another run of the same coordinator is refused, also under the name of this one', () => {
  const other = aCheckpoint({ values, manifestHash: sha256() });
  expect(() => verifyCheckpoint({ bytes: encodeCheckpoint(other), manifest })).toThrow(expect.objectContaining({ code: 'checkpoint.malformed', field: 'manifestHash' }));
  expect(() => verifyCheckpoint({ bytes: encodeCheckpoint({ ...other, manifestHash: manifest.hash }), manifest })).toThrow(expect.objectContaining({ code: 'log.signature' }));
});

test('the state hash tells -0 from 0, and B from its moments', () => {
  expect(equalBytes(hashValues([Float64Array.of(0)]), hashValues([Float64Array.of(-0)]))).toBe(false);
  expect(equalBytes(hashValues([Float64Array.of(1), Float64Array.of(2)]), hashValues([Float64Array.of(2), Float64Array.of(1)]))).toBe(false);
});
