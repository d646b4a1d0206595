import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const rounds = 20;

/** The limit beside durable reports: rows of the same table by COPY with psql, one transaction a round of so many devices. @returns rows a second, start of psql left out */
export async function rowsByCopy(databaseUrl: string, devices: number): Promise<number> {
  const psql = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', databaseUrl], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = text(psql.stdout);
  const ended = once(psql, 'close');
  // Without its foreign keys, which no COPY is freed of but which are not what is asked here.
  psql.stdin.write('CREATE TABLE load_copy (LIKE reports INCLUDING DEFAULTS INCLUDING INDEXES);\n\\timing on\n');
  for (let round = 0; round < rounds; round++) {
    psql.stdin.write('COPY load_copy (run_id, round, attempt, device_id, "group", examples, differences, recorded_at) FROM STDIN;\n');
    for (let device = 0; device < devices; device++) psql.stdin.write(`1\t${round}\t0\tdev_${String(device).padStart(24, '0')}\t0\t8\t\\\\x${'3c23d70a'.repeat(8)}\t2026-01-01 00:00:00+00\n`);
    psql.stdin.write('\\.\n');
  }
  psql.stdin.end('\\timing off\nDROP TABLE load_copy;\n');
  await ended;
  const milliseconds = [...(await said).matchAll(/^Time: ([\d.]+) ms/gm)].map(([, ms]) => Number(ms));
  if (milliseconds.length !== rounds) throw new Error(`psql timed ${milliseconds.length} of ${rounds} copies.`);
  return (rounds * devices) / (milliseconds.reduce((sum, ms) => sum + ms, 0) / 1_000);
}
