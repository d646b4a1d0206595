import { parseArgs } from 'node:util';
import { describeMachine, percentile, writeFigures } from '../figures/figures-file.js';
import { mulberry } from '../toy/mulberry.js';
import { chaosRun, type ChaosOutcome } from './chaos-run.js';

/** `npm run chaos`: kills what it can, on the embedded database, on PostgreSQL, and with three replicas in turn; ends with 1 if a promise was broken. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: {
    kills: { type: 'string', default: '40' }, database: { type: 'string' }, json: { type: 'string' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) }, minutes: { type: 'string', default: '30' },
    fault: { type: 'string', multiple: true },
  } });
  const kills = Number(values.kills);
  const seed = Number(values.seed);
  const endsAtMs = Date.now() + Number(values.minutes) * 60_000;
  const machine = describeMachine();
  const say = (line: string) => console.log(line);
  say(`chaos: ${kills} kills, seed ${seed} (again with --seed ${seed}; the instants are those of this machine)`);
  const random = mulberry(seed);
  const stages = (['embedded', 'postgresql', 'replicas'] as const).filter((stage) => values.database === undefined || values.database === stage);
  const outcomes: ChaosOutcome[] = [];
  for (const stage of stages) outcomes.push(await chaosRun({ stage, kills: Math.ceil(kills / stages.length), endsAtMs, random, say, only: values.fault ?? null }));
  const resumes = outcomes.flatMap(({ resumesMs }) => resumesMs);
  for (const fault of new Set(resumes.map((resume) => resume.fault))) {
    const ofFault = resumes.filter((resume) => resume.fault === fault).map(({ resumeMs }) => resumeMs);
    say(`${fault}: ${ofFault.length} times, a whole round after ${Math.round(percentile(ofFault, 0.5) ?? 0)} ms (median), ${Math.round(Math.max(...ofFault))} ms at most`);
  }
  const broken = outcomes.flatMap(({ lost, forks, stuck, unexpectedExits }) => [...lost.map((report) => `lost: ${report}`), ...forks, ...stuck, ...unexpectedExits.map((log) => `ended by itself: ${log}`)]);
  for (const line of broken) say(`BROKEN ${line}`);
  const count = (choose: (outcome: ChaosOutcome) => number) => outcomes.reduce((sum, outcome) => sum + choose(outcome), 0);
  const figures = [
    { name: 'chaos.kills', value: count((outcome) => outcome.kills), unit: 'faults' },
    { name: 'chaos.rounds', value: count(({ rounds }) => rounds), unit: 'commits' },
    { name: 'chaos.acknowledgedReports', value: count(({ acknowledged }) => acknowledged), unit: 'reports' },
    { name: 'chaos.lostReports', value: count(({ lost }) => lost.length), unit: 'reports' },
    { name: 'chaos.forks', value: count(({ forks }) => forks.length), unit: 'forks' },
    { name: 'chaos.stuckRounds', value: count(({ stuck }) => stuck.length), unit: 'rounds' },
    { name: 'chaos.unexpectedExits', value: count(({ unexpectedExits }) => unexpectedExits.length), unit: 'processes' },
    { name: 'chaos.resumeP99Ms', value: Math.round(percentile(resumes.map(({ resumeMs }) => resumeMs), 0.99) ?? 0), unit: 'ms' },
  ];
  for (const { name, value, unit } of figures) say(`${name} ${value} ${unit}`);
  if (values.json !== undefined) await writeFigures(values.json, { bench: 'chaos', machine, figures });
  return broken.length === 0 ? 0 : 1;
}

// A failure before the first figure leaves no process behind: the launcher kills its own when we end.
main().then((code) => process.exit(code), (error: unknown) => {
  console.error(error);
  process.exit(1);
});
