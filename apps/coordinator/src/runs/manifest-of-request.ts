import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type InputOf } from '../app/handles.js';
import { type ModelRow } from '../models/model.repository.js';

export interface ManifestOrigin {
  run: number;
  createdAt: Date;
  /** hex */
  coordinatorKey: string;
  /** hex: frozen A and all perturbations grow from it */
  runKey: string;
  request: InputOf<'createRun'>['body'];
  model: ModelRow & { outputWidth: number };
}

type Site = Manifest['adapter']['sites'][number];

/** Names that the head takes: no site of a model may be called so. */
const headWeight = 'head.W';
const headBias = 'head.b';

/**
 * The manifest that a request comes to: sites by pattern, in the order of the graph, then the head.
 * @throws FleetError `run.no-sites` if the pattern matches no site
 */
export function manifestOf({ run, createdAt, coordinatorKey, runKey, request, model }: ManifestOrigin): Manifest {
  const { name, task, adapter, estimator, stepRule, policy } = request;
  const { rank, alpha, scale, headScale } = adapter;
  const pattern = new RegExp(`^(?:${adapter.sites})$`, 'u');
  const lora = model.sites.filter((site) => pattern.test(site.name)).map(({ name: site, inputs, outputs }): Site => ({ name: site, kind: 'lora', inputs, shape: [rank, outputs], scale }));
  if (lora.length === 0) throw new FleetError('run.no-sites', { field: 'adapter.sites', problem: `The pattern matches none of the ${model.sites.length} sites of ${model.name}.` });
  const classes = task.labels.length;
  return {
    format: 'seedfleet/manifest/v1', run, name, createdAt: createdAt.toISOString(), coordinatorKey, runKey,
    model: { name: model.name, output: model.output, inputs: model.inputs, files: model.files.map(({ path, role, sha256, bytes }) => ({ path, role, sha256, bytes })) },
    task,
    adapter: {
      rank, alpha,
      sites: [
        ...lora,
        { name: headWeight, kind: 'head-weight', inputs: model.outputWidth, shape: [model.outputWidth, classes], scale: headScale },
        { name: headBias, kind: 'head-bias', inputs: 0, shape: [classes], scale: headScale },
      ],
    },
    estimator, stepRule, policy, privacy: { type: 'none' }, branch: null,
  };
}
