import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const worker = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));

/** Runs a `seedfleet-worker ...` line as it was copied from the console. @returns what it printed; rejects where it failed */
export async function runAsOnDevice(line: string): Promise<string> {
  const [program, ...words] = line.split(' ');
  if (program !== 'seedfleet-worker') throw new Error(`Not a line for a device: ${line}`);
  return (await promisify(execFile)(process.execPath, [worker, ...words])).stdout;
}
