import { type Manifest } from '@seedfleet/ledger';
import { type VerifiedRun } from '../audit/verify-run.js';
import { provenanceOf } from './provenance.js';
import { summaryOf, trainedOf } from './summary.js';
import { usageOf, type CardFormat } from './usage.js';

/** An evaluation as the coordinator reports it; the signed log does not hold it. */
export interface ReportedEvaluation {
  /** commits applied when it was made */
  round: number;
  loss: number;
  accuracy: number;
  macroF1?: number | null | undefined;
  perplexity?: number | null | undefined;
  count: number;
  devices: number;
}

/**
 * The README.md of an export: what it is, where it comes from, how to load it. The front matter is what the Hugging Face hub reads
 * (huggingface.co/docs/hub/model-cards); `base_model` stands in it only where the model's name has the form of a repository of the hub.
 */
export function modelCard({ verified, format, evaluation }: { verified: VerifiedRun; format: CardFormat; evaluation: ReportedEvaluation | null }): string {
  const { manifest } = verified;
  return `${frontMatter(manifest, { format, evaluation })}
# ${manifest.name}

${summaryOf(manifest, format)}

## Use
${usageOf(manifest, format)}
${filesText(manifest, format)}
## Where it comes from
${provenanceTable(verified)}
\`manifest.json\` and \`commits.log\` are the signed manifest and every signed commit. Replaying them gives these values bit for bit; signatures, chain and
replay were checked before this folder was written. \`seedfleet runs verify ${manifest.run}\` checks them again.
${branchText(manifest)}
### Base model
\`${manifest.model.name}\`, read at \`${manifest.model.output}\`.

| file | bytes | SHA-256 |
| --- | --- | --- |
${manifest.model.files.map(({ path, bytes, sha256 }) => `| ${path} | ${bytes} | \`${sha256}\` |`).join('\n')}

## Training
${trainingTable(manifest)}
${evaluationText(evaluation, verified.rounds)}`;
}

/** Where the values of a branch begin. */
function branchText({ branch }: Manifest): string {
  if (branch === null) return '';
  return `
The run began with the values of run ${branch.run} after ${branch.round} of its commits, moments at zero. \`parent-${branch.run}.manifest.json\` and \`parent-${branch.run}.commits.log\` lead there, and so on for
each parent's parent: they are replayed first.
`;
}

const hubName = /^[\w.-]+\/[\w.-]+$/;
const taskName = ({ task }: Manifest) => (task.type === 'language' ? 'text-generation' : 'text-classification');

function metricsOf({ accuracy, macroF1, perplexity, loss }: ReportedEvaluation): [string, number][] {
  const found: [string, number | null | undefined][] = [['accuracy', accuracy], ['f1', macroF1], ['perplexity', perplexity], ['loss', loss]];
  return found.flatMap(([name, value]): [string, number][] => (typeof value === 'number' && Number.isFinite(value) ? [[name, value]] : []));
}

/** YAML; every text of the run is written as JSON, which YAML includes. */
function frontMatter(manifest: Manifest, { format, evaluation }: { format: CardFormat; evaluation: ReportedEvaluation | null }): string {
  const { model, name, adapter } = manifest;
  const results = evaluation === null ? [] : [
    'model-index:', `- name: ${JSON.stringify(name)}`, '  results:', '  - task:', `      type: ${taskName(manifest)}`, '    dataset:', '      type: private', '      name: held-out examples on the devices',
    '    metrics:', ...metricsOf(evaluation).flatMap(([type, value]) => [`    - type: ${type}`, `      value: ${value}`]),
  ];
  return ['---', `library_name: ${format.type}`, ...(hubName.test(model.name) ? [`base_model: ${JSON.stringify(model.name)}`, `base_model_relation: ${format.type === 'peft' ? 'adapter' : 'finetune'}`] : []),
    `pipeline_tag: ${taskName(manifest)}`, 'tags:', '- seedfleet', '- federated-learning', ...(adapter.sites.some(({ kind }) => kind === 'lora') ? ['- lora'] : []), ...(format.type === 'onnx' ? ['- onnx'] : []), ...results, '---', ''].join('\n');
}

function filesText({ task }: Manifest, format: CardFormat): string {
  if (format.type === 'peft') {
    return `
- \`adapter_model.safetensors\`, \`adapter_config.json\`: the adapter.
${task.type === 'classification' ? '- `head.safetensors`: `head.weight` [classes, width], `head.bias` [classes], the labels in its metadata.\n' : ''}${format.biases ? '- `biases.safetensors`: what is added to the bias of each module.\n' : ''}`;
  }
  const precision = format.precision === 'w8a8'
    ? 'int8 weights with a scale a column, uint8 activations with a scale a token; adapter and head in float32 beside them, so that it computes what the devices trained'
    : 'float32 where the base model is, the adapter folded into its weights; a constant branch beside weights that are stored as integers';
  return `
- \`model.onnx\`${format.external ? ', `model.onnx.data`' : ''}: inputs and outputs of the base model${format.logits === null ? '' : `, and \`${format.logits}\` [batch, classes] of the trained head`}; ${precision}. Labels and hashes stand in its metadata.
- \`tokenizer.json\`: that of the base model.
`;
}

function table(rows: readonly (readonly [string, string | number])[]): string {
  return `| | |\n| --- | --- |\n${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}\n`;
}

function provenanceTable(verified: VerifiedRun): string {
  const { run, coordinatorKey, manifestHash, headHash, stateHash, rounds } = provenanceOf(verified);
  return table([['run', run], ['rounds', rounds], ['manifest hash', `\`${manifestHash}\``], ['log head', `\`${headHash}\``], ['state hash', `\`${stateHash}\``], ['signed by', `\`${coordinatorKey}\``]]);
}

function trainingTable({ adapter, estimator, stepRule, task }: Manifest): string {
  return table([
    ['task', `${task.type}, up to ${task.tokensMax} tokens`],
    ['adapter', `rank ${adapter.rank}, alpha ${adapter.alpha}: ${trainedOf(adapter.sites)}`],
    ['estimator', `${estimator.type}, ${estimator.queries} queries, eps ${estimator.eps}, ${estimator.distribution}, batch ${estimator.batchExamples}`],
    ['step rule', `${stepRule.type}, learning rate ${stepRule.learningRate}, ${stepRule.schedule}`],
  ]);
}

function evaluationText(evaluation: ReportedEvaluation | null, rounds: number): string {
  if (evaluation === null) return '\nThe run was not evaluated.\n';
  const { round, count, devices } = evaluation;
  const age = round === rounds ? '' : `, ${rounds - round} rounds before these values`;
  return `\nLast evaluation, after ${round} rounds${age}, on ${count} held-out examples of ${devices} devices: ${metricsOf(evaluation).map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', ')}.
The coordinator reports it; the signed log does not prove it.\n`;
}
