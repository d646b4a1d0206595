import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Scenario, scenarioOf } from './fleet/scenario.js';
import { type Outcome } from './simulation.js';

const usage = `usage: npm run simulate -- [--seeds N] [--seed S] [--scenario FILE] [--failures DIR]
  --seeds N        how many seeds, from the one of --seed on (default 100)
  --seed S         the first seed (default 1); alone: only this one, told in full
  --scenario FILE  the scenario of a file, told in full
  --failures DIR   where scenarios that fail are written (default tmp/simulation)`;

interface Surroundings {
  now: () => number;
  print: (line: string) => void;
  /** @throws whatever broke */
  simulate: (scenario: Scenario) => Outcome;
}

/** The command line. @returns the exit code: 0 if every promise held, 1 if one was broken, 2 for a wrong call */
export function main(args: readonly string[], { now, print, simulate }: Surroundings): number {
  const options = optionsOf(args);
  if (options === null) {
    print(usage);
    return 2;
  }
  const scenarios = options.scenario !== undefined ? [scenarioOfFile(options.scenario)]
    : Array.from({ length: options.seeds }, (_, index) => scenarioOf(options.seed + index));
  const begunMs = now();
  const outcomes: Outcome[] = [];
  let failed = 0;
  for (const scenario of scenarios) {
    try {
      outcomes.push(simulate(scenario));
    } catch (error) {
      failed += 1;
      print(failureText({ scenario, error, folder: options.failures, file: options.scenario }));
    }
  }
  print(figuresOf(outcomes, { failed, milliseconds: now() - begunMs }));
  if (scenarios.length === 1 && outcomes[0] !== undefined) print(JSON.stringify(outcomes[0], null, 2));
  return failed === 0 ? 0 : 1;
}

function optionsOf(args: readonly string[]): { seeds: number; seed: number; scenario: string | undefined; failures: string } | null {
  try {
    const { values } = parseArgs({ args: [...args], options: { seeds: { type: 'string' }, seed: { type: 'string' }, scenario: { type: 'string' }, failures: { type: 'string' } } });
    const seeds = Number(values.seeds ?? (values.seed === undefined ? 100 : 1));
    const seed = Number(values.seed ?? 1);
    if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(seed) || seed < 0 || seed + seeds > 2 ** 32) return null;
    return { seeds, seed, scenario: values.scenario, failures: values.failures ?? 'tmp/simulation' };
  } catch {
    return null;
  }
}

/** A scenario from its file: what it does not say is as its seed says. */
export function scenarioOfFile(path: string): Scenario {
  const said = JSON.parse(readFileSync(path, 'utf8')) as Partial<Scenario>;
  const { seed } = said;
  if (said.format !== 'seedfleet/scenario/v1' || typeof seed !== 'number') throw new Error(`${path} is not a scenario: it needs "format": "seedfleet/scenario/v1" and a seed.`);
  return { ...scenarioOf(seed), ...said };
}

function failureText({ scenario, error, folder, file }: { scenario: Scenario; error: unknown; folder: string; file: string | undefined }): string {
  const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (file !== undefined) return `FAILED ${file}: ${problem}`;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${scenario.seed}.json`);
  writeFileSync(path, `${JSON.stringify({ ...scenario, note: problem }, null, 2)}\n`);
  return `FAILED seed ${scenario.seed}: ${problem}\n  again: npm run simulate -- --seed ${scenario.seed}\n  kept:  ${path} (move it to libs/simulation/scenarios once it is mended)`;
}

function figuresOf(outcomes: readonly Outcome[], { failed, milliseconds }: { failed: number; milliseconds: number }): string {
  const sum = (field: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + field(outcome), 0);
  const ended = (how: Outcome['ended']) => outcomes.filter((outcome) => outcome.ended === how).length;
  const slowest = outcomes.reduce((most, { fairMs }) => Math.max(most, fairMs), 0);
  return [
    `${outcomes.length + failed} simulated runs in ${(milliseconds / 1_000).toFixed(1)} s: ${failed} broken promises`,
    `  ended: ${ended('completed')} completed, ${ended('failed')} failed by policy, ${ended('cancelled')} cancelled; at most ${Math.round(slowest / 1_000)} s of virtual time after the faults stopped`,
    `  ${sum(({ rounds }) => rounds)} commits, ${sum(({ abandoned }) => abandoned)} abandoned attempts, ${sum(({ acknowledged }) => acknowledged)} acknowledged reports, ${sum(({ evaluations }) => evaluations)} evaluations`,
    `  ${sum(({ coordinatorCrashes }) => coordinatorCrashes)} crashes of coordinators, ${sum(({ deviceCrashes }) => deviceCrashes)} of devices, ${sum(({ messagesLost }) => messagesLost)} of ${sum(({ messages }) => messages)} messages lost, ${sum(({ hostile }) => hostile)} hostile ones`,
    `  ${Math.round(sum(({ virtualMs }) => virtualMs) / 3_600_000)} hours of virtual time, ${sum(({ steps }) => steps)} steps`,
  ].join('\n');
}
