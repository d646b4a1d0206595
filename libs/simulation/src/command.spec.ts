import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, scenarioOfFile } from './command.js';
import { scenarioOf, type Scenario } from './fleet/scenario.js';
import { BrokenPromise } from './promises/broken-promise.js';
import { Simulation } from './simulation.js';

const folder = mkdtempSync(join(tmpdir(), 'simulation-'));
afterAll(() => rmSync(folder, { recursive: true }));

function call(args: string[], simulate = (scenario: Scenario) => new Simulation(scenario).run()) {
  const lines: string[] = [];
  const code = main(args, { now: () => 0, print: (line) => lines.push(line), simulate });
  return { code, text: lines.join('\n') };
}

describe('npm run simulate', () => {
  test('prints figures of the seeds it ran', () => {
    const { code, text } = call(['--seeds', '2', '--seed', '11']);
    expect(code).toBe(0);
    expect(text).toMatch(/^2 simulated runs in 0\.0 s: 0 broken promises\n {2}ended: /);
  });

  test('prints and keeps a seed that fails, and the kept file is the same history', () => {
    const breaking = ({ seed }: Scenario) => { throw new BrokenPromise('one-chain', `there are two commits of round ${seed}`); };
    const { code, text } = call(['--seed', '12', '--failures', folder], breaking);
    expect(code).toBe(1);
    expect(text).toContain('FAILED seed 12: BrokenPromise: one-chain: there are two commits of round 12');
    expect(text).toContain('npm run simulate -- --seed 12');
    expect({ ...scenarioOfFile(join(folder, 'seed-12.json')), note: '' }).toEqual(scenarioOf(12));
  });

  test.each([['--seeds', '0'], ['--seed', 'x'], ['--sedes', '3']])('answers a wrong call (%s %s) with its usage', (...args) => {
    const { code, text } = call(args);
    expect(code).toBe(2);
    expect(text).toContain('usage: npm run simulate');
  });
});
