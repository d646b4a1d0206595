import { FleetError } from '@seedfleet/errors';

/** A model on a hub, as `hf:ORG/NAME@REVISION` names it. */
export interface HubSource {
  /** `ORG/NAME` */
  repository: string;
  /** branch, tag or commit; `main` where nothing was said */
  revision: string;
}

const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$/;

export const isHubSource = (place: string) => place.startsWith('hf:');

/** Reads `hf:ORG/NAME[@REVISION]`. @throws FleetError `hub.source-invalid` */
export function parseHubSource(place: string): HubSource {
  const [names = '', revision = 'main', ...rest] = place.slice('hf:'.length).split('@');
  const parts = names.split('/');
  const named = parts.length === 2 && parts.every((part) => namePattern.test(part) && !part.includes('..') && !part.includes('--'));
  const revised = /^[\w./-]{1,255}$/.test(revision) && !revision.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (isHubSource(place) && named && revised && rest.length === 0) return { repository: names, revision };
  throw new FleetError('hub.source-invalid', { field: place, problem: `${place} does not name a model on a hub.` });
}
