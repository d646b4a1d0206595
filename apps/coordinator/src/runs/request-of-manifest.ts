import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type RunRequest } from '@seedfleet/protocol';
import { type ModelRow } from '../models/model.repository.js';

type Site = Manifest['adapter']['sites'][number];
const patternCharactersMax = 500;

/**
 * The request that comes to the settings of a manifest, for runs that nobody asked for in these words: branches, and those from before requests were kept.
 * @throws FleetError `run.request-unknown` if its sites are too many to be named by a pattern, or have scales of their own
 */
export function requestOfManifest({ name, task, adapter, estimator, stepRule, policy, model: { precision } }: Manifest, model: Pick<ModelRow, 'id' | 'sites'>): RunRequest {
  const of = (...kinds: Site['kind'][]) => adapter.sites.filter(({ kind }) => kinds.includes(kind));
  const biases = of('bias');
  const [head] = of('head-weight');
  return {
    name, model: model.id, task, estimator, stepRule, policy, ...(precision === undefined ? {} : { precision }),
    adapter: {
      rank: adapter.rank, alpha: adapter.alpha, sites: patternOf(of('lora').map((site) => site.name), model), scale: scaleOf(of('lora')),
      ...(biases.length === 0 ? {} : { biases: patternOf(biases.map((site) => site.name.replace(/\.bias$/, '')), model), biasScale: scaleOf(biases) }),
      ...(head === undefined ? {} : { headScale: head.scale }),
    },
  };
}

function patternOf(names: readonly string[], { sites }: Pick<ModelRow, 'sites'>): string {
  if (names.length === sites.length) return '.*';
  const pattern = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  if (pattern.length > patternCharactersMax) throw unknown(`${names.length} of ${sites.length} sites are adapted, too many to be named by a pattern`);
  return pattern;
}

function scaleOf(sites: readonly Site[]): number {
  const [first] = sites;
  if (sites.some(({ scale }) => scale !== first?.scale)) throw unknown('its sites have scales of their own');
  return first?.scale ?? 1;
}

function unknown(why: string): FleetError {
  return new FleetError('run.request-unknown', { field: 'id', problem: `Nobody asked for this run in words that can be said again: ${why}.` });
}
