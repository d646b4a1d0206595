import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Command } from 'commander';
import { type Surroundings } from '../terminal/surroundings.js';
import { type HubAddress } from './hub-http.js';

const defaultHub = 'https://huggingface.co';

export interface HubOptions { hub?: string; tokenFile?: string }

/** Adds the flags that say which hub, and who asks. A token is never a flag: command lines can be read by everybody on a machine. */
export function addHubOptions(command: Command): Command {
  return command
    .option('--hub <url>', `address of the hub that hf: means (default: HF_ENDPOINT, or ${defaultHub})`)
    .option('--token-file <file>', 'file that holds the token for the hub (default: the variable HF_TOKEN)');
}

/** @throws FleetError `command.invalid`, `file.unreadable` */
export async function hubAddressOf({ hub, tokenFile }: HubOptions, { env }: Pick<Surroundings, 'env'>): Promise<HubAddress> {
  const address = hub ?? (env['HF_ENDPOINT'] || defaultHub);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') throw new FleetError('command.invalid', { field: '--hub', problem: `${url ? url.origin : address} is no address of a hub: it begins with https:// or http:// and holds no password.` });
  const token = tokenFile === undefined ? env['HF_TOKEN'] : await readToken(tokenFile);
  return { url, ...(token === undefined || token.trim() === '' ? {} : { token: requireToken(token.trim()) }) };
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FleetError('file.unreadable', { field: '--token-file', problem: `${file} cannot be read.`, cause });
  }
}

function requireToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new FleetError('command.invalid', { field: '--token-file', problem: 'The token for the hub is not one word of plain letters.' });
  return token;
}

/** Where downloads of hubs are kept: `seedfleet/hub` in the user's cache folder. */
export function hubCacheFolder({ env, homeFolder }: Pick<Surroundings, 'env' | 'homeFolder'>): string {
  const configured = env['XDG_CACHE_HOME'];
  // A relative path there is to be ignored: XDG Base Directory Specification, 0.8.
  return join(configured?.startsWith('/') ? configured : join(homeFolder, '.cache'), 'seedfleet', 'hub');
}
