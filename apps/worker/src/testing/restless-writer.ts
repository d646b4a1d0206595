import { readFileSync } from 'node:fs';
import { decodeLog, verifyManifest } from '@seedfleet/ledger';
import pino from 'pino';
import { Replica } from '../participation/replica.js';
import { openVault } from '../vault/vault.js';

/**
 * Entry of a process that does nothing but write to a vault, for specs that kill it: spends budget, takes batches, applies the log
 * commit by commit, begins again. Says "ready" once, then every batch number after it was taken.
 */
const [home = '', logPath = ''] = process.argv.slice(2);
const vault = openVault(home);
const folder = vault.run(1);
const manifest = verifyManifest(folder.readManifest());
const replica = new Replica(folder, manifest, pino({ level: 'silent' }));
const commits = decodeLog(new Uint8Array(readFileSync(logPath)));
process.stdout.write('ready\n');
for (;;) {
  vault.spend(4, 0);
  const batches = folder.readBatches(0) + 1;
  folder.writeBatches(batches);
  process.stdout.write(`${batches}\n`);
  const next = commits[replica.round];
  if (next === undefined) replica.reset();
  else replica.apply([next]);
  if (replica.round % 5 === 0) replica.save();
}
