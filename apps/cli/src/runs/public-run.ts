import { type PublicRun } from '@seedfleet/artifacts';
import { decodeLog, verifyManifest, type Manifest } from '@seedfleet/ledger';
import { routes } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';

/** A run with its parents, as the coordinator serves them: nothing of a log is verified yet. */
export async function fetchPublicRun(client: CoordinatorClient, id: number): Promise<PublicRun> {
  const signedManifest = await client.json(routes.showManifest, { params: { id } });
  return { signedManifest, log: await wholeLog(client, id), parent: await fetchParent(client, verifyManifest(signedManifest).manifest) };
}

/** The runs that a branch comes from, each up to where the next one left it. Their numbers fall: a manifest names only an earlier one. */
async function fetchParent(client: CoordinatorClient, { branch }: Manifest): Promise<PublicRun | undefined> {
  if (branch === null) return undefined;
  const signedManifest = await client.json(routes.showManifest, { params: { id: branch.run } });
  const log = await wholeLog(client, branch.run, branch.round);
  const { manifest } = verifyManifest(signedManifest);
  // Another run than the named one is found out by its hash; without its parents there is nothing endless to follow.
  return { signedManifest, log, ...(manifest.run === branch.run ? { parent: await fetchParent(client, manifest) } : {}) };
}

/** Asks until nothing more comes, or there is enough: a coordinator may answer a long log in parts. */
async function wholeLog(client: CoordinatorClient, id: number, enough = Infinity): Promise<Uint8Array[]> {
  const log: Uint8Array[] = [];
  while (log.length < enough) {
    const part = decodeLog(await client.bytes(routes.downloadLog, { params: { id }, query: { from: log.length } }));
    if (part.length === 0) break;
    log.push(...part);
  }
  return log.slice(0, enough);
}
