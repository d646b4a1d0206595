import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceFolder } from '../fleet/app-entry.js';
import { type DemoFleet } from './demo-fleet.js';

/** Builds write many files: the fleet restarts once it has been quiet for so long. */
const quietMs = 1_500;

/** Rebuilds at every change of a source and restarts the processes of the fleet on the new build, until the process is interrupted. */
export async function watchFleet({ fleet, say }: { fleet: DemoFleet; say: (line: string) => void }): Promise<never> {
  const compiler = spawn(process.execPath, [join(workspaceFolder, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', '--watch', '--preserveWatchOutput'], { cwd: workspaceFolder, stdio: ['ignore', 'inherit', 'inherit'] });
  process.on('exit', () => compiler.kill());
  let changedAt = 0;
  for (const part of ['apps', 'libs']) {
    watch(join(workspaceFolder, part), { recursive: true }, (_event, file) => {
      if (file !== null && /\/dist\/.*\.js$/.test(file)) changedAt = Date.now();
    });
  }
  say(`Watching. The coordinator is at ${fleet.coordinator.url} (token: ${fleet.coordinator.home}/admin-token). Ctrl-C ends everything.`);
  for (;;) {
    await sleep(quietMs / 3);
    if (changedAt === 0 || Date.now() - changedAt < quietMs) continue;
    changedAt = 0;
    try {
      await fleet.restart();
      say('The code changed: coordinator and workers run the new build.');
    } catch (error) {
      say(`The code changed, and the fleet does not start with it. ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
