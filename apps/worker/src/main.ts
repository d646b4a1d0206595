#!/usr/bin/env node
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { fromHex, publicKeyOf } from '@seedfleet/ledger';
import { Command, Option } from 'commander';
import pino from 'pino';
import { printFindings } from './doctor/check.js';
import { fingerprintOf } from './doctor/device-checks.js';
import { diagnose } from './doctor/doctor.js';
import { enrol } from './enrolment/enrol.js';
import { exitCodeOf } from './exit-code.js';
import { computeDefaults, computeOptionsOf } from './preparation/compute-options.js';
import { dataSourceOf } from './preparation/data-source.js';
import { coordinatorApi } from './session/coordinator-api.js';
import { settleKeyChange } from './session/key-change.js';
import { surroundingsOfProcess } from './surroundings-of-process.js';
import { readFileIfThere } from './vault/atomic-file.js';
import { openVault, vaultPath } from './vault/vault.js';
import { workerVersion } from './version.js';
import { FleetWorker } from './worker.js';

interface DataOptions { data?: string; format: string; textField: string; labelField: string; heldOut: string; dataName?: string; dataTags?: string; threads: string; precision: string; cacheMegabytes: string; memoryMegabytes?: string }

const homeDefault = process.env['SEEDFLEET_WORKER_HOME'] ?? '.seedfleet/worker';
const program = new Command('seedfleet-worker').description('The agent on one device of a Seedfleet fleet. docs/worker.md').version(workerVersion);

program.command('enroll').description('make the key of this device and enroll it with a token')
  .requiredOption('--url <url>', 'of the coordinator')
  .requiredOption('--token <token>', 'enrolment token from the operator')
  .option('--name <name>', 'how operators see this device', hostname())
  .option('--coordinator-key <hex>', 'expected public key of the coordinator; without it the first one seen is pinned')
  .addOption(homeOption())
  .action((options: { url: string; token: string; name: string; coordinatorKey?: string; home: string }) => guard(async () => {
    const home = resolve(options.home);
    const { record, state, publicKey } = await enrol({ ...options, home, api: coordinatorApi(options.url) });
    print(`device ${record.device} (${record.name}): ${state}`);
    print(`fingerprint of this device's key: ${fingerprintOf(fromHex(publicKey))}`);
    print(`coordinator key, pinned: ${record.coordinatorKey}`);
    if (state === 'pending') print('An operator must approve it: compare the fingerprint there.');
  }));

withDataOptions(program.command('start').description('connect, and take part in runs until stopped'))
  .action((options: DataOptions & { home: string }) => guard(async () => {
    const logger = pino({ level: process.env['SEEDFLEET_LOG_LEVEL'] ?? 'info', base: { part: 'worker' } }, pino.destination({ dest: 2, sync: true }));
    const worker = new FleetWorker({
      home: resolve(options.home), data: dataSourceOf(options), compute: computeOptionsOf(options), version: workerVersion, surroundings: surroundingsOfProcess(), logger,
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void worker.stop());
    const refusal = await worker.stopped;
    if (refusal !== null) throw refusal;
  }));

withDataOptions(program.command('doctor').description('check everything that this worker needs; changes nothing'))
  .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
  .action((options: DataOptions & { home: string; output: string }) => guard(async () => {
    const findings = await diagnose({
      home: resolve(options.home), data: dataSourceOf(options), compute: computeOptionsOf(options), nodeVersion: process.version, surroundings: surroundingsOfProcess(),
    });
    print(options.output === 'json' ? JSON.stringify(findings, null, 2) : printFindings(findings));
    if (findings.some(({ result }) => result === 'failed')) process.exitCode = 1;
  }));

program.command('rotate-key').description('give this device a new key, signed by the one that it has; the worker must be stopped (an operator can ask one that runs)')
  .addOption(homeOption())
  .action((options: { home: string }) => guard(async () => {
    const vault = openVault(resolve(options.home));
    try {
      vault.keys.begin();
      const isChanged = await settleKeyChange({ api: coordinatorApi(vault.device.url), device: vault.device, keys: vault.keys });
      if (!isChanged) throw new FleetError('coordinator.unexpected-answer', { problem: 'The coordinator knows no change of keys; the old key stays.', fix: 'Update the coordinator.' });
      print(`fingerprint of this device's key: ${fingerprintOf(publicKeyOf(vault.keys.current()))}`);
    } finally {
      vault.close();
    }
  }));

program.command('status').description('print the status that the worker last wrote, as JSON').addOption(homeOption())
  .action((options: { home: string }) => guard(async () => {
    const path = vaultPath(resolve(options.home), 'status');
    const status = readFileIfThere(path);
    if (status === null) throw new FleetError('vault.missing', { problem: `No worker has run in this folder yet: ${path} does not exist.` });
    print(new TextDecoder().decode(status).trimEnd());
  }));

await program.parseAsync();

function homeOption(): Option {
  return new Option('--home <folder>', 'of this device').default(homeDefault);
}

function withDataOptions(command: Command): Command {
  return command.addOption(homeOption())
    .option('--data <file>', 'local examples; without it the worker follows the log and takes part in no round')
    .option('--format <format>', 'jsonl, csv, or text: passages with blank lines between', 'jsonl')
    .option('--text-field <name>', 'field that holds the text', 'text')
    .option('--label-field <name>', 'field that holds the label; only tasks with labels read it', 'label')
    .option('--data-name <name>', 'what operators see the data called; never made from the path', 'examples')
    .option('--data-tags <tags>', 'words that operators see on the data, with commas between them')
    .option('--held-out <share>', 'of the examples, kept for evaluation', '0.2')
    .option('--threads <count>', 'of one forward pass; auto: half of the processors that this process may use', 'auto')
    .option('--precision <precision>', 'of the model: run (as the run says), fp32 or w8a8', computeDefaults.precision)
    .option('--cache-megabytes <count>', 'of activations on disk, for each run; 0 keeps none', String(computeDefaults.cacheMegabytes))
    .option('--memory-megabytes <count>', 'that one step may take; without it there is no bound but that of policy.json');
}

/** Sets the exit code and lets the process end by itself: process.exit would abort an engine that is in a pass. */
async function guard(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (error instanceof FleetError) process.stderr.write(`${error.code}${error.field === undefined ? '' : ` (${error.field})`}: ${error.problem}\nfix: ${error.fix}\n`);
    else process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
