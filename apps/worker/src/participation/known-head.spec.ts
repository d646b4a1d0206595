import { chainEnd, chainStart, encodeCommit, generateKeyPair } from '@seedfleet/ledger';
import { deriveSeeds } from '@seedfleet/numerics';
import { aLog } from '../testing/a-log.fixture.js';
import { KnownHead } from './known-head.js';

const { privateKey } = generateKeyPair();
const log = aLog({ commits: 2, privateKey });
const { hash: manifestHash, manifest: { estimator: { queries } } } = log.manifest;
const [first, second] = log.commits;
if (first === undefined || second === undefined) throw new Error('the log has two commits');

const named = (previousHash: Uint8Array, round: number) => ({ round, attempt: 0, group: 0, seeds: deriveSeeds({ manifestHash, previousHash, attempt: 0, groups: [0], queries }) });

test('seeds of the next round are known as soon as the commit before it is heard, replayed or not', () => {
  const head = new KnownHead({ manifestHash, queries });
  const own = chainStart(log.manifest);
  expect(head.areChained(named(first.hash, 1), { own })).toBe(false);
  expect(head.receive(first.bytes)).toBe(0);
  expect(head.round).toBe(1);
  expect(head.areChained(named(first.hash, 1), { own })).toBe(true);
  expect(head.areChained(named(first.hash, 1), { own, only: 'verified' })).toBe(false);
});

test('seeds of a second commit of the same round do not pass against the one that was applied', () => {
  const head = new KnownHead({ manifestHash, queries });
  const rival = encodeCommit({ ...first, learningRate: 0.2, manifestHash }, privateKey);
  head.receive(rival.bytes);
  const own = chainEnd(first);
  expect(head.areChained(named(rival.hash, 1), { own, only: 'verified' })).toBe(false);
  expect(head.areChained(named(first.hash, 1), { own, only: 'verified' })).toBe(true);
});

test('seeds of another attempt, group or number are not those of the round', () => {
  const head = new KnownHead({ manifestHash, queries });
  const own = chainEnd(second);
  const right = named(second.hash, 2);
  expect(head.areChained(right, { own })).toBe(true);
  expect(head.areChained({ ...right, attempt: 1 }, { own })).toBe(false);
  expect(head.areChained({ ...right, group: 1 }, { own })).toBe(false);
  expect(head.areChained({ ...right, seeds: right.seeds.slice(1) }, { own })).toBe(false);
});
