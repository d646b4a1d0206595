import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeMachine, writeFigures } from '../figures/figures-file.js';
import { DebianPostgres } from '../postgres/debian-postgres.js';
import { mulberry } from '../toy/mulberry.js';
import { ToyFleet } from '../toy/toy-fleet.js';
import { loadRun } from './load-run.js';

/** `npm run load`: many virtual devices on one real coordinator and PostgreSQL, all on this machine. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: {
    devices: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '30' }, minutes: { type: 'string', default: '10' }, json: { type: 'string' },
  } });
  const machine = describeMachine();
  const postgres = await DebianPostgres.start();
  let fleet: ToyFleet | null = null;
  try {
    fleet = await ToyFleet.start(0, { postgres, logLevel: 'warn' });
    const late = sleep(Number(values.minutes) * 60_000, undefined, { ref: false }).then(() => { throw new Error(`The load did not end within ${values.minutes} minutes.`); });
    const load = loadRun(fleet, { devices: Number(values.devices), seconds: Number(values.seconds), random: mulberry(1), say: (line) => console.log(line) });
    const figures = await Promise.race([load, late]);
    if (values.json !== undefined) await writeFigures(values.json, { bench: 'load', machine, figures });
  } finally {
    await fleet?.remove();
    await postgres.remove();
  }
}

main().then(() => process.exit(0), (error: unknown) => {
  console.error(error);
  process.exit(1);
});
