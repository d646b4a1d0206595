import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceFolder, type DemoReport } from '@seedfleet/example-sentiment';

const read = (path: string) => readFileSync(join(workspaceFolder, path), 'utf8');
const readme = read('README.md');
const report = JSON.parse(read('docs/figures/demo.json')) as DemoReport;

test('every figure of the README stands in the report that it names', () => {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  for (const figure of [
    `**${report.bytesPerRoundPerDevice.down} bytes down, ${report.bytesPerRoundPerDevice.up} up**`,
    `${percent(report.accuracyBefore)} before, ${percent(report.accuracyAfter)} after`,
    `${report.heldOut} held-out sentences`,
    `| rounds | ${report.rounds}, ${report.secondsPerRound} s each |`,
    `replays ${report.lateJoiner.rounds} rounds from ${report.lateJoiner.bytes} bytes in ${report.lateJoiner.milliseconds} ms`,
    `coordinator ${report.coordinatorPeakMegabytes} MB, worker ${report.workerPeakMegabytes} MB`,
    `| wall time | ${report.wallSeconds} s |`,
    `| first start to first commit | ${report.firstCommitSeconds} s |`,
    `load ${report.machine.loadAverage}`,
  ]) expect(readme).toContain(figure);
  expect(report.stateHashesEqual && report.lateJoiner.stateHashEqual).toBe(true);
});

test('so does every figure of the two other demos', () => {
  const language = JSON.parse(read('docs/figures/demo-lm.json')) as { heldOut: number; perplexityBefore: number; perplexityAfter: number; rounds: number; devices: number };
  const verbalizer = JSON.parse(read('docs/figures/demo-verbalizer.json')) as { heldOut: number; accuracyBefore: number; accuracyAfter: number };
  const flat = readme.replace(/\s+/g, ' ');
  expect(flat).toContain(`perplexity on ${language.heldOut} held-out passages ${language.perplexityBefore.toFixed(0)} before, ${language.perplexityAfter.toFixed(0)} after ${language.rounds} rounds`);
  expect(flat).toContain(`${(100 * verbalizer.accuracyBefore).toFixed(0)} % to ${(100 * verbalizer.accuracyAfter).toFixed(0)} % of ${verbalizer.heldOut} sentences`);
});

test('every npm script that a page tells to run exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(workspaceFolder, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  const named = pages.flatMap((page) => [...read(page).matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, script]) => script ?? ''));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

test('every link to a file leads to one', () => {
  const targets = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target ?? '');
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !existsSync(join(workspaceFolder, target)))).toEqual([]);
});
