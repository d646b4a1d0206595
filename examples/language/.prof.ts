import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { adapterInput, buildLanguageGraph, inspectSites, splitTrainingGraph, writeModel } from '@seedfleet/onnx';
import { frozenA } from '@seedfleet/numerics';
import { StepSession, runKey } from '../../libs/runtime/src/bench/step-session.js';
import { floatLanguageModel } from './src/model/moonshine.js';
const folder = mkdtempSync('/tmp/prof-');
const model = await floatLanguageModel(); const inputs = { ids: 'input_ids', mask: '' };
const chosen = inspectSites(model).sites.filter(({ name }) => name === 'proj_out');
const graph = buildLanguageGraph(model, { output: 'logits', inputs: { ids: 'input_ids' }, precision: 'w8a8', adapters: chosen.map((site, i) => ({ site: site.name, input: adapterInput(site.name), rank: 8, alpha: 16, a: frozenA({ runKey, site: i, inputs: site.inputs, rank: 8 }) })) } as never);
const split = splitTrainingGraph(graph, { inputs })!;
writeFileSync(folder + '/s.onnx', writeModel(split.suffix)); writeFileSync(folder + '/p.onnx', writeModel(split.prefix));
const step = { modelPath: folder + '/s.onnx', prefix: { modelPath: folder + '/p.onnx', activations: split.activations, cacheFolder: folder + '/cache' }, text: { ids: 'input_ids' }, inputs: chosen.map(({ name }) => adapterInput(name)), sites: chosen.map(({ name, outputs }) => ({ name, shape: [8, outputs], scale: 1 })) };
console.log(split.activations, split.suffix.graph.node.map((n) => n.opType + ' ' + n.output[0]).slice(-40));
const session = await StepSession.open(step, { profilePrefix: folder + '/prof' });
const batch = { examples: 4, tokens: 32, vocabulary: 32000, labels: 'token' as const };
const seeds = BigUint64Array.from({ length: 8 }, (_, j) => BigInt(j + 1));
for (let i = 0; i < 6; i++) { const t = process.cpuUsage(); await session.losses({ batch, seeds, type: 'leave-one-out' }); const d = process.cpuUsage(t); console.log('cpu ms', d.user / 1e3, d.system / 1e3); }
session.endProfiling();
const one: Record<string, number> = {};
for (const f of readdirSync(folder).filter((n) => n.startsWith('prof.step'))) for (const e of JSON.parse(readFileSync(folder + '/' + f, 'utf8'))) if (e.cat === 'Node' && /kernel_time/.test(e.name)) { const k = e.args.op_name + ' ' + JSON.stringify(e.args.output_type_shape) + ' ' + e.name; one[k] = (one[k] ?? 0) + e.dur / 6e3; }
console.log(Object.entries(one).sort((a, b) => b[1] - a[1]).slice(0, 12).map(([k, v]) => v.toFixed(2) + ' ' + k).join('\n'));
