import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeMachine, writeFigures, type Figure } from '../figures/figures-file.js';
import { DebianPostgres } from '../postgres/debian-postgres.js';
import { mulberry } from '../toy/mulberry.js';
import { ToyFleet } from '../toy/toy-fleet.js';
import { loadRun } from './load-run.js';

interface Work { seconds: number; rounds: number | null; minutes: number }

/** One fleet of so many devices on a database of its own. */
async function measure(devices: number, { seconds, rounds, minutes }: Work): Promise<Figure[]> {
  const postgres = await DebianPostgres.start();
  let fleet: ToyFleet | null = null;
  try {
    fleet = await ToyFleet.start(0, { postgres, logLevel: 'warn' });
    const late = sleep(minutes * 60_000, undefined, { ref: false }).then(() => { throw new Error(`The load did not end within ${minutes} minutes.`); });
    const load = loadRun(fleet, { devices, seconds, rounds, random: mulberry(1), say: (line) => console.log(line), databaseUrl: postgres.url });
    return await Promise.race([load, late]);
  } finally {
    await fleet?.remove();
    await postgres.remove();
  }
}

/**
 * `npm run load`: many virtual devices on one real coordinator and PostgreSQL, all on this machine.
 * `--devices 100,1000,10000` measures each in turn: how the figures grow. `--rounds 1000` works until so many rounds are committed.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: {
    devices: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '30' }, rounds: { type: 'string' }, minutes: { type: 'string', default: '10' }, json: { type: 'string' },
  } });
  const machine = describeMachine();
  const counts = values.devices.split(',').map(Number);
  const work: Work = { seconds: Number(values.seconds), rounds: values.rounds === undefined ? null : Number(values.rounds), minutes: Number(values.minutes) };
  const figures: Figure[] = [];
  for (const count of counts) {
    if (counts.length > 1) console.log(`${count} devices`);
    const measured = await measure(count, work);
    figures.push(...measured.map((figure) => (counts.length === 1 ? figure : { ...figure, name: figure.name.replace(/^load[.]/, `load.devices${count}.`) })));
  }
  if (values.json !== undefined) await writeFigures(values.json, { bench: 'load', machine, figures });
}

main().then(() => process.exit(0), (error: unknown) => {
  console.error(error);
  process.exit(1);
});
