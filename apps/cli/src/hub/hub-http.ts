import { FleetError } from '@seedfleet/errors';

/** Tries of one request that the hub answers with "later", or does not answer. */
const triesMax = 5;
/** The longest that one answer may make us wait. */
export const waitMaxMs = 60_000;
const redirectsMax = 8;
/** Silence that ends a request before its first answer. */
const answerMs = 30_000;
const later = new Set([408, 429, 500, 502, 503, 504]);

export interface HubAddress {
  /** Where the hub is: `https://huggingface.co`. Its token is sent to this origin and to no other. */
  url: URL;
  token?: string;
}

export interface HubRequest {
  method: 'GET' | 'HEAD';
  path: string;
  headers?: Record<string, string>;
  /** Ends the request from outside, its body as well. */
  signal?: AbortSignal;
  /** Whether a redirect is itself what was asked for. */
  isAnswer?(response: Response): boolean;
}

/**
 * One request to a hub: follows redirects itself, because the token may not follow them to another host, and waits where the hub says so.
 * @returns an answer of status 200 to 299, or a redirect that `isAnswer` took, or 416
 * @throws FleetError `hub.unreachable`, `hub.busy`, `hub.unauthorised`, `hub.gated`, `hub.not-found`, `hub.unexpected-answer`
 */
export async function askHub(hub: HubAddress, request: HubRequest, sleep: (milliseconds: number) => Promise<void>): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const { response, cause } = await answerOrSilence(hub, request);
    if (response && !later.has(response.status)) {
      if (!response.ok && response.status !== 416 && !request.isAnswer?.(response)) throw refusalOf(response, { hub, request });
      return response;
    }
    if (response) await discard(response);
    if (tries >= triesMax) throw response ? busy(response, `${tries} times`) : unreachable(hub, cause);
    const asked = response && waitOf(response);
    if (response && asked !== undefined && asked > waitMaxMs) throw busy(response, `and asks to come back in ${Math.ceil(asked / 1_000)} seconds`);
    await sleep(asked ?? Math.min(waitMaxMs, 1_000 * 2 ** (tries - 1)));
  }
}

async function answerOrSilence(hub: HubAddress, request: HubRequest): Promise<{ response?: Response; cause?: unknown }> {
  try {
    return { response: await follow(hub, request) };
  } catch (cause) {
    if (cause instanceof FleetError || request.signal?.aborted) throw cause;
    return { cause };
  }
}

async function follow(hub: HubAddress, { method, path, headers = {}, signal, isAnswer }: HubRequest): Promise<Response> {
  let url = new URL(`${hub.url.href.replace(/\/$/, '')}${path}`);
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const trusted = hub.token !== undefined && url.origin === hub.url.origin;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error(`no answer in ${answerMs} ms`)), answerMs);
    const response = await fetch(url, {
      method, redirect: 'manual', signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
      // Compressed, a length would say nothing about the file.
      headers: { 'user-agent': 'seedfleet', 'accept-encoding': 'identity', ...headers, ...(trusted ? { authorization: `Bearer ${hub.token}` } : {}) },
    }).finally(() => clearTimeout(timer));
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null || isAnswer?.(response)) return response;
    await discard(response);
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next === undefined || !/^https?:$/.test(next.protocol)) throw unexpected(`It redirects ${path} to something that is no web address.`);
    url = next;
  }
  throw unexpected(`It redirects ${path} more than ${redirectsMax} times.`);
}

/** Nobody reads this body: the connection is free again. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** Milliseconds that the hub asks to wait: Retry-After in seconds or as a date, or the reset of the RateLimit header. */
function waitOf({ headers }: Response): number | undefined {
  const retryAfter = headers.get('retry-after');
  if (retryAfter !== null && /^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1_000;
  if (retryAfter !== null && !Number.isNaN(Date.parse(retryAfter))) return Math.max(0, Date.parse(retryAfter) - Date.now());
  const reset = /(?:^|;)\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? undefined : (Number(reset) + 1) * 1_000;
}

function refusalOf(response: Response, { hub, request }: { hub: HubAddress; request: HubRequest }): FleetError {
  const { status, headers } = response;
  const code = headers.get('x-error-code');
  const field = request.path;
  const said = headers.get('x-error-message');
  const repository = request.path.split('/').filter((part) => part !== '').slice(request.path.startsWith('/api/') ? 2 : 0).slice(0, 2).join('/');
  if (code === 'GatedRepo' || status === 403) {
    return new FleetError('hub.gated', { field, problem: `${hub.url.host} does not let ${hub.token === undefined ? 'somebody without a token' : 'the owner of this token'} read ${repository}${said === null ? '' : `: ${said}`}.`,
      fix: `Open ${new URL(repository, hub.url).href} in a browser, accept its conditions, and set HF_TOKEN to a token of that account that may read it.` });
  }
  if (status === 401) {
    return hub.token === undefined
      ? new FleetError('hub.unauthorised', { field, problem: `${repository} does not exist at ${hub.url.host}, or only some may see it.`, fix: 'Check the name; for a private model set HF_TOKEN, or name a file that holds the token with --token-file.' })
      : new FleetError('hub.unauthorised', { field, problem: `${hub.url.host} does not accept the token, or ${repository} does not exist.` });
  }
  if (status === 404) {
    const what = code === 'RevisionNotFound' ? `${repository} has no such revision` : code === 'EntryNotFound' ? `${repository} has no such file` : `There is no model ${repository}, or it has no such revision or file`;
    return new FleetError('hub.not-found', { field, problem: `${what} at ${hub.url.host} (${request.path}).` });
  }
  return unexpected(`It answered ${request.path} with status ${status}.`);
}

const busy = ({ status }: Response, how: string) => new FleetError('hub.busy', { problem: `The hub answered with status ${status} ${how}.` });
const unreachable = (hub: HubAddress, cause: unknown) => new FleetError('hub.unreachable', { field: '--hub', problem: `The hub at ${hub.url.origin} does not answer.`, cause });
export const unexpected = (problem: string) => new FleetError('hub.unexpected-answer', { problem: `The hub does not answer like one. ${problem}` });
