import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the workspace: four up from here, in the source as in the build. */
export const workspaceFolder = fileURLToPath(new URL('../../../..', import.meta.url));

/** The built entry of an app. */
export function appEntry(app: 'coordinator' | 'worker' | 'cli'): string {
  const entry = fileURLToPath(new URL(`../../../../apps/${app}/dist/main.js`, import.meta.url));
  if (!existsSync(entry)) throw new Error(`${entry} is missing. Run "npm run build" first.`);
  return entry;
}
