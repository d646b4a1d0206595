import { createRequire } from 'node:module';

/** Of this build: its package's. */
export const version: string = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
