import { FleetError } from '@seedfleet/errors';
import { routes } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';

/**
 * The id of the device that a word means: an id as it is, anything else the name of one device.
 * @throws FleetError `request.not-found` if no device is called so, `device.ambiguous` if several are
 */
export async function deviceNamed(client: CoordinatorClient, word: string): Promise<string> {
  if (/^dev_[A-Za-z0-9]+$/.test(word)) return word;
  const { items } = await client.json(routes.listDevices, { query: { filter: `name="${word.replace(/["\\]/g, '\\$&')}"`, limit: 10 } });
  const [first, ...others] = items;
  if (first === undefined) throw new FleetError('request.not-found', { field: 'name', problem: `No device is called ${word}.`, fix: '`seedfleet devices list` shows their names and ids.' });
  if (others.length > 0) throw new FleetError('device.ambiguous', { field: 'name', problem: `Several devices are called ${word}: ${items.map(({ id }) => id).join(', ')}.` });
  return first.id;
}
