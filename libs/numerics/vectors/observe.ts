import { float64Bytes, fromBase64, fromHex, sha256, toHex, verifyChain, verifyManifest } from '@seedfleet/ledger';
import {
  applyCommit, deriveSeeds, directionInto, frozenA, initialState, keystream, layoutOf, normalQuantile, perturbationKey, perturbedRowsInto, replayCommit, replayContext, seedFromHex, seedToHex, stateHash,
  type Distribution, type StepRuleType,
} from '../src/index.js';

/** The parts of the vector files that a platform is asked about. */
export interface VectorFiles {
  rfc8439: { blocks: { section: string; key: string; nonce: string; counter: number; bytes: string }[] };
  replay: {
    runKey: string; manifestHash: string; shapes: number[][]; siteScales: number[]; queries: number; groups: number;
    rounds: { previousHash: string; attempt: number; seeds: string[]; coefficientBytes: string; learningRateBytes: string }[];
    stateHashes: Record<StepRuleType, string[]>;
    firstValues: { seed: string; bySite: string[] };
  };
  normal: { quantiles: [number, string][]; distribution: [number, string][] };
  frozen: {
    gaussian: { seed: string; site: number; size: number; first: string; sha256: string };
    gaussianStateHashes: { sgd: string[]; adam: string[] };
    frozenA: { site: number; inputs: number; rank: number; first: string; sha256: string };
    rows: { queries: number; eps: number; sha256: string };
  };
}

/** A run that ended, as anyone may fetch it. */
export interface PublicRun {
  signedManifest: unknown;
  /** hex, round 0 first */
  commits: string[];
}

/** Checks signatures and chain of a run and replays it, all on this platform. @returns the state hash, hex */
export function audit({ signedManifest, commits }: PublicRun): string {
  const verified = verifyManifest(signedManifest);
  const context = replayContext(verified.manifest);
  let state = initialState({ layout: context.layout, stepRule: context.stepRule });
  for (const commit of verifyChain({ manifest: verified, commits: commits.map(fromHex) })) state = replayCommit(state, context, commit);
  return toHex(stateHash(state));
}

/** What this platform computes where the vector files say what is right: the same object in Node and in a browser. */
export function observe({ rfc8439, replay, normal, frozen }: VectorFiles) {
  const key = perturbationKey(fromHex(replay.runKey));
  const layout = layoutOf(replay.shapes.map((shape, i) => ({ name: `site ${i}`, shape, scale: replay.siteScales[i] ?? 0 })));
  const seedsOf = (round: VectorFiles['replay']['rounds'][number]) => deriveSeeds({
    manifestHash: fromHex(replay.manifestHash), previousHash: fromHex(round.previousHash), attempt: round.attempt,
    groups: Array.from({ length: replay.groups }, (_, group) => group), queries: replay.queries,
  });
  const replayed = (type: StepRuleType, distribution: Distribution) => {
    let state = initialState({ layout, stepRule: { type } });
    return replay.rounds.map((round) => {
      const [learningRate = 0] = doubles(fromHex(round.learningRateBytes));
      state = applyCommit(state, { seeds: seedsOf(round), coefficients: doubles(fromBase64(round.coefficientBytes)), learningRate }, { key, distribution, stepRule: { type } });
      return toHex(stateHash(state));
    });
  };
  return {
    blocks: rfc8439.blocks.map((block) => toHex(keystream({ key: fromHex(block.key), nonce: fromHex(block.nonce), counter: block.counter, length: block.bytes.length / 2 }))),
    seeds: replay.rounds.map((round) => [...seedsOf(round)].map(seedToHex)),
    signs: layout.sites.map(({ index, size }) => {
      const z = new Float64Array(size);
      directionInto(z, { key, seed: seedFromHex(replay.firstValues.seed), site: index, distribution: 'rademacher' });
      return [...z].map((value) => (value === 1 ? '+' : value === -1 ? '-' : '?')).join('');
    }),
    stateHashes: {
      sgd: replayed('sgd', 'rademacher'), normalised: replayed('normalised', 'rademacher'),
      momentum: replayed('momentum', 'rademacher'), adam: replayed('adam', 'rademacher'),
    },
    gaussianStateHashes: { sgd: replayed('sgd', 'gaussian'), adam: replayed('adam', 'gaussian') },
    quantiles: normal.quantiles.map(([word]) => normalQuantile(word)),
    gaussian: gaussianValues(key, frozen.gaussian),
    frozenA: frozenValues(fromHex(replay.runKey), frozen.frozenA),
    rows: toHex(sha256(perturbedRows())),
  };

  function perturbedRows(): Uint8Array {
    const { queries, eps } = frozen.rows;
    const rows = new Float32Array(2 * queries * layout.size);
    const seeds = BigUint64Array.from((replay.rounds[0]?.seeds ?? []).slice(0, queries), seedFromHex);
    perturbedRowsInto(rows, { b: Float64Array.from({ length: layout.size }, (_, i) => i / 1000), layout, key, seeds, estimator: { type: 'central', queries, eps, distribution: 'rademacher' } });
    return floatBytes(rows);
  }
}

export type Observation = ReturnType<typeof observe>;

function gaussianValues(key: Uint8Array, { seed, site, size, first }: VectorFiles['frozen']['gaussian']) {
  const z = new Float64Array(size);
  directionInto(z, { key, seed: seedFromHex(seed), site, distribution: 'gaussian' });
  const bytes = float64Bytes(z);
  return { first: toHex(bytes).slice(0, first.length), sha256: toHex(sha256(bytes)) };
}

function frozenValues(runKey: Uint8Array, { site, inputs, rank, first }: VectorFiles['frozen']['frozenA']) {
  const bytes = floatBytes(frozenA({ runKey, site, inputs, rank }));
  return { first: toHex(bytes).slice(0, first.length), sha256: toHex(sha256(bytes)) };
}

function floatBytes(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}

function doubles(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
}
