import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { mergeRun, verifyRun, type VerifiedRun } from '@seedfleet/artifacts';
import { openDataset } from '@seedfleet/dataset';
import { boundsOfRun, DemoFleet, describeMachine, followRun, makeFleetHome, peakOf, reaches, registerModel, seconds, SocketTraffic } from '@seedfleet/example-sentiment';
import { decodeLog, type Manifest } from '@seedfleet/ledger';
import { readModel, writeModel } from '@seedfleet/onnx';
import { writeLanguageModel } from '../model/language-model-files.js';
import { type DeviceTexts } from '../text/device-texts.js';
import { passageTokens, writePassageFiles } from '../text/passage-files.js';
import { writeReviewFiles } from '../text/review-files.js';
import { judge } from './judge.js';
import { type LanguageDemoOptions } from './options.js';
import { pairedInterval } from './paired-interval.js';
import { type LanguageDemoReport, reportTable, shortcomings } from './report.js';
import { type LanguageTask, roundsDefault, runRequest } from './run-requests.js';

/** Share of a device's own texts that its evaluations are made of. */
const heldOutFraction = 0.1;
/** Bound on one step of a worker: 32,768 logits a position would otherwise take 1.6 GB of it in the evaluations. */
const memoryMegabytes = 600;

const writeTexts: Record<LanguageTask, (of: { folder: string }) => Promise<DeviceTexts>> = { lm: writePassageFiles, verbalizer: writeReviewFiles };

/** Runs a language demo from an empty folder to the report. Resolves with the exit code; ends every process. */
export async function runDemo(options: LanguageDemoOptions): Promise<number> {
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  const home = await makeFleetHome(options.home);
  say(`Everything that the fleet writes: ${home.folder}`);
  const startedAt = Date.now();
  const fleet = await DemoFleet.start({ home, detached: false });
  try {
    const report = await Promise.race([fleetReport({ fleet, folder: home.folder, options, startedAt, say }), fleet.broken]);
    say(reportTable(report));
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    const problems = shortcomings(report, { fullLength: options.rounds >= roundsDefault[options.task] });
    problems.forEach(say);
    await fleet.stop();
    await home.discard();
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    await fleet.stop();
    say(`The logs of all processes are in ${home.folder}.`);
    throw error;
  }
}

interface Demo { fleet: DemoFleet; folder: string; options: LanguageDemoOptions; startedAt: number; say: (line: string) => void }

async function fleetReport({ fleet, folder, options, startedAt, say }: Demo): Promise<LanguageDemoReport> {
  const { task, rounds } = options;
  const { client } = fleet.coordinator;
  const [model, texts] = await Promise.all([writeLanguageModel({ folder: join(folder, 'model') }), writeTexts[task]({ folder: join(folder, 'data') })]);
  const id = await registerModel({ coordinator: fleet.coordinator, name: 'moonshine-tiny-decoder', model });
  say(`Coordinator at ${fleet.coordinator.url}; language model converted; texts split over ${texts.devices.length} devices, ${texts.heldOut.examples} held out.`);
  const devices = await fleet.addWorkers(texts.devices.map(({ name, path }) => ({
    name, memoryMegabytes, data: { path, heldOutFraction, ...(texts.fields === undefined ? {} : { textField: texts.fields.text, labelField: texts.fields.label }) },
  })));
  await Promise.race([fleet.connected(), fleet.broken]);

  const request = runRequest(task, { model: id, rounds, devices: devices.length });
  const created = await client.call('createRun', { body: request });
  say(`Run ${created.id}: ${request.task.type}, ${request.estimator.type}, ${request.estimator.queries} queries, ${rounds} rounds.`);
  const traffic = new SocketTraffic();
  const run = await followRun({ fleet, devices, id: created.id, rounds, traffic });
  if (run.stateHash === null) throw new Error('The run completed without a single commit.');
  const equal = await Promise.all(devices.map((worker) => reaches(worker, run, traffic)));
  const [bounds, workerPeakMegabytes, coordinatorPeakMegabytes] = [await boundsOfRun(fleet, run), await peakOf(devices), await fleet.coordinator.peakMegabytes()];

  say('The log is replayed, its state merged into the model, and both are judged on the held-out texts.');
  const params = { id: created.id };
  const verified = verifyRun({ signedManifest: await client.call('showManifest', { params }), log: decodeLog(await client.bytes('downloadLog', { params })) });
  const { before, after } = await judgeBoth({ verified, modelPath: join(folder, 'model', 'model.onnx'), tokenizerPath: join(folder, 'model', 'tokenizer.json'), texts });
  const lossChange = pairedInterval({ before: before.losses, after: after.losses });
  const accuracyChange = pairedInterval({ before: before.hits, after: after.hits });
  const [lossBefore, lossAfter] = [meanOf(before.losses), meanOf(after.losses)];
  const minutes = (bounds.last - bounds.first) / 60_000;
  const fallIn = (share: number): number => 1 - Math.exp(lossChange.mean * share);
  return {
    task, heldOut: texts.heldOut.examples, lossBefore, lossAfter, perplexityBefore: task === 'lm' ? Math.exp(lossBefore) : null, perplexityAfter: task === 'lm' ? Math.exp(lossAfter) : null,
    accuracyBefore: meanOf(before.hits), accuracyAfter: meanOf(after.hits), lossChange, accuracyChange,
    fall: { whole: fallIn(1), per100Rounds: fallIn(100 / run.round), perMinute: fallIn(1 / minutes) },
    rounds: run.round, devices: devices.length, queries: request.estimator.queries, groups: request.estimator.groups, values: verified.state.layout.size,
    bytesPerRoundPerDevice: traffic.perRoundPerDevice(),
    stateHash: run.stateHash, stateHashesEqual: equal.every(Boolean) && verified.stateHash === run.stateHash,
    secondsPerRound: seconds((bounds.last - bounds.first) / Math.max(1, run.round - 1)), firstCommitSeconds: seconds(bounds.first - startedAt), wallSeconds: seconds(Date.now() - startedAt),
    coordinatorPeakMegabytes, workerPeakMegabytes, machine: describeMachine(),
  };
}

/** The model as it was and with the run merged into it, on the held-out texts, by plain inference. */
async function judgeBoth({ verified, modelPath, tokenizerPath, texts }: { verified: VerifiedRun; modelPath: string; tokenizerPath: string; texts: DeviceTexts }) {
  const base = await readFile(modelPath);
  const dataset = await openDataset({
    path: texts.heldOut.path, format: texts.fields === undefined ? 'text' : 'jsonl', fields: texts.fields ?? { text: 'text' },
    task: taskOf(verified.manifest), tokenizer: { path: tokenizerPath }, tokensMax: passageTokens, heldOutFraction: 0, salt: new Uint8Array(32),
  });
  const merged = mergeRun(verified, { base: readModel(base), precision: 'fp32', read: () => { throw new Error('The model keeps all its weights inside.'); } });
  const threads = availableParallelism();
  return { before: await judge({ model: base, dataset, threads }), after: await judge({ model: writeModel(merged.model), dataset, threads }) };
}

function taskOf({ task }: Manifest) {
  if (task.type === 'classification') throw new Error('This run trains a head.');
  return task;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
