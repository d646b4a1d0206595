import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type InputOf } from '../app/handles.js';
import { type ModelRow } from '../models/model.repository.js';

type RunRequest = InputOf<'createRun'>['body'];

export interface ManifestOrigin {
  run: number;
  createdAt: Date;
  /** hex */
  coordinatorKey: string;
  /** hex: frozen A and all perturbations grow from it */
  runKey: string;
  request: RunRequest;
  /** ready */
  model: ModelRow;
}

type Site = Manifest['adapter']['sites'][number];

/** Names that the head takes: no site of a model may be called so. */
const headWeight = 'head.W';
const headBias = 'head.b';

/**
 * The manifest that a request comes to: LoRA sites by pattern, biases by theirs, each in the order of the graph, then the head of a classification.
 * @throws FleetError `run.no-sites` if a pattern matches nothing, or nothing would be trained; `run.task-unfit` if the model's output is not what the task needs
 */
export function manifestOf({ run, createdAt, coordinatorKey, runKey, request, model }: ManifestOrigin): Manifest {
  const { name, task, adapter, estimator, stepRule, policy, precision } = request;
  if (!model.tasks.includes(task.type)) {
    throw new FleetError('run.task-unfit', { field: 'task.type', problem: `The output "${model.output}" of ${model.name} is good for ${model.tasks.join(' and ') || 'no task'}, not for ${task.type}.` });
  }
  const { mask } = model.inputs;
  return {
    format: 'seedfleet/manifest/v1', run, name, createdAt: createdAt.toISOString(), coordinatorKey, runKey,
    model: {
      name: model.name, output: model.output, inputs: { ids: model.inputs.ids, ...(mask === undefined ? {} : { mask }) },
      ...(model.pool === null ? {} : { pool: model.pool }), ...(precision === undefined ? {} : { precision }),
      files: model.files.map(({ path, role, sha256, bytes }) => ({ path, role, sha256, bytes })),
    },
    task,
    adapter: { rank: adapter.rank, alpha: adapter.alpha, sites: [...loraSites(request, model), ...biasSites(request, model), ...headSites(request, model)] },
    estimator, stepRule, policy, privacy: { type: 'none' }, branch: null,
  };
}

function loraSites({ task, adapter }: RunRequest, model: ModelRow): Site[] {
  const { rank, scale, sites, biases = '' } = adapter;
  if (sites === '' && biases === '' && task.type !== 'classification') throw new FleetError('run.no-sites', { field: 'adapter.sites', problem: `Neither sites nor biases are named: a task of type ${task.type} would train nothing.` });
  return matching({ pattern: sites, field: 'adapter.sites', model }).map(({ name, inputs, outputs }) => ({ name, kind: 'lora', inputs, shape: [rank, outputs], scale }));
}

function biasSites({ adapter: { biases = '', biasScale } }: RunRequest, model: ModelRow): Site[] {
  if (biasScale === undefined) return [];
  return matching({ pattern: biases, field: 'adapter.biases', model }).map(({ name, outputs }) => ({ name: `${name}.bias`, kind: 'bias', inputs: 0, shape: [outputs], scale: biasScale }));
}

function headSites({ task, adapter: { headScale } }: RunRequest, { outputWidth }: ModelRow): Site[] {
  if (task.type !== 'classification' || headScale === undefined || outputWidth === null) return [];
  const classes = task.labels.length;
  return [
    { name: headWeight, kind: 'head-weight', inputs: outputWidth, shape: [outputWidth, classes], scale: headScale },
    { name: headBias, kind: 'head-bias', inputs: 0, shape: [classes], scale: headScale },
  ];
}

/** Linears whose whole name the pattern matches, in the order of the graph; none for an empty pattern. */
function matching({ pattern, field, model }: { pattern: string; field: string; model: ModelRow }): ModelRow['sites'] {
  if (pattern === '') return [];
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  const found = model.sites.filter((site) => whole.test(site.name));
  if (found.length === 0) throw new FleetError('run.no-sites', { field, problem: `The pattern matches none of the ${model.sites.length} sites of ${model.name}.` });
  return found;
}
