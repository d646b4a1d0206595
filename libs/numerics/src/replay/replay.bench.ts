import { encodeCommit, generateKeyPair, sha256, type SignedCommit } from '@seedfleet/ledger';
import { layoutOf, type Layout } from '../layout/layout.js';
import { perturbationKey } from '../perturbation/perturbation-key.js';
import { deriveSeeds } from '../seed/seed.js';
import { keystream } from '../stream/keystream.js';
import { initialState, stateHash, type AdapterState } from './adapter-state.js';
import { applyCommit, replayCommit, replayCommits, type ReplayContext } from './replay.js';

interface Figure { name: string; value: number; unit: string }

const queries = 8;
/** Of the stream that is timed alone. */
const streamBytes = 2 ** 16;
const streamsOfRun = 512;
/** Of the log, which is replayed from its start ten times over. */
const rounds = 1000;
const passes = 10;
/** Of the runs whose median is taken. */
const roundsOfRun = 128;
/** Commits of one call of `replayCommits`, and so of one hash: about what a device gets in one message. */
const commitsAtOnce = 64;
const rank8 = (...outputs: number[]) => outputs.map((length, i) => ({ name: `site${i}`, shape: [8, length], scale: 1 }));
const head = (width: number) => [{ name: 'head.W', shape: [width, 2], scale: 10 }, { name: 'head.b', shape: [2], scale: 10 }];
/** Rank 8 on the six linears of the last layer of the encoder, and its head; on q and v of twelve layers of width 2048, and a head. */
const layouts: Record<string, Layout> = {
  '37k': layoutOf([...rank8(512, 512, 512, 2048, 512, 512), ...head(512)]),
  '400k': layoutOf([...rank8(...new Array<number>(24).fill(2048)), ...head(2048)]),
};

/**
 * Replay of Rademacher directions, eight a round, with sgd, on one thread; the key stream and the hash that it needs beside it. A value is one of one direction: a round of n
 * values of an adapter replays 8 n. `catchUp` is the way of a device (a hash every 64 commits), `audit` that of an auditor (a hash every commit).
 */
export default function replay({ figure }: { figure(figure: Figure): void }): void {
  const [stream = NaN] = medians([() => { for (let i = 0; i < streamsOfRun; i++) keystream({ key: new Uint8Array(32), nonce: new Uint8Array(12), length: streamBytes }); }]);
  figure({ name: 'replay.keystream.valuesPerSecond', value: 8 * streamBytes * streamsOfRun / stream, unit: 'values/s of one core: streams of 64 kB; no replay can be faster' });
  for (const [name, layout] of Object.entries(layouts)) {
    const { context, commits, start } = aLog(layout);
    const values = queries * layout.size;
    const perSecond = (seconds: number, replayed: number) => replayed / seconds;
    const some = commits.slice(0, roundsOfRun);
    const [hash, audit, catchUp] = medians([
      () => { for (let i = 0; i < some.length; i++) stateHash(start); },
      () => { some.reduce((state, commit) => replayCommit(state, context, commit), start); },
      () => { catchUpOver(some, start, context); },
    ]) as [number, number, number];
    figure({ name: `replay.${name}.values`, value: layout.size, unit: 'values of the adapter' });
    figure({ name: `replay.${name}.hash.valuesPerSecond`, value: perSecond(hash, values * some.length), unit: 'values/s of one core, no audit can be faster' });
    figure({ name: `replay.${name}.audit.valuesPerSecond`, value: perSecond(audit, values * some.length), unit: 'values/s of one core, hash of every commit' });
    figure({ name: `replay.${name}.catchUp.valuesPerSecond`, value: perSecond(catchUp, values * some.length), unit: `values/s of one core, hash of every ${commitsAtOnce}th commit` });
    const whole = cpuSeconds(() => {
      for (let pass = 0; pass < passes; pass++) catchUpOver(commits, start, context);
    });
    figure({ name: `replay.${name}.catchUp.seconds`, value: whole, unit: `s of processor for ${rounds * passes} rounds` });
  }
}

function catchUpOver(commits: readonly SignedCommit[], start: AdapterState, context: ReplayContext): void {
  let state = start;
  for (let i = 0; i < commits.length; i += commitsAtOnce) state = replayCommits(state, context, commits.slice(i, i + commitsAtOnce));
}

/** A log whose signatures nobody checks here: they are the ledger's to time. */
function aLog(layout: Layout): { context: ReplayContext; start: AdapterState; commits: SignedCommit[] } {
  const { privateKey } = generateKeyPair();
  const manifestHash = sha256(Uint8Array.of(1));
  const context: ReplayContext = { layout, manifestHash, queries, key: perturbationKey(manifestHash), distribution: 'rademacher', stepRule: { type: 'sgd' } };
  const start = initialState(context);
  const commits: SignedCommit[] = [];
  let state = start;
  for (let round = 0; round < rounds; round++) {
    const origin = { previousHash: commits.at(-1)?.hash ?? manifestHash, attempt: 0, groups: [0], queries };
    const coefficients = Float64Array.from({ length: queries }, (_, j) => Math.fround((j - 3.7) * (1 + round % 5)));
    state = applyCommit(state, { seeds: deriveSeeds({ manifestHash, ...origin }), coefficients, learningRate: 1e-3 }, context);
    commits.push(encodeCommit({ ...origin, round, learningRate: 1e-3, reports: 2, coefficients, reportsHash: manifestHash, stateHash: stateHash(state), manifestHash }, privateKey));
  }
  return { context, start, commits };
}

/** Processor seconds of each in turn, seven times over: the medians. */
function medians(runs: readonly (() => void)[]): number[] {
  const seconds = runs.map((): number[] => []);
  for (let i = 0; i < 8; i++) runs.forEach((run, r) => seconds[r]?.push(cpuSeconds(run)));
  // The first is for the compiler.
  return seconds.map((all) => all.slice(1).toSorted((a, b) => a - b)[3] ?? NaN);
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
