import { FleetError } from '@seedfleet/errors';
import { apiPrefix, problemSchema } from '@seedfleet/protocol';
import { type z } from 'zod';
import { systemCodeOf } from '../vault/atomic-file.js';
import { toFleetError } from './wire-refusal.js';

export interface ApiRequest {
  method?: 'GET' | 'POST';
  body?: unknown;
  credential?: string;
  headers?: Record<string, string>;
  /** Of the whole answer, body included; null for downloads, whose length nobody knows. */
  timeoutMs?: number | null;
}

const requestTimeoutMs = 30_000;
/** From the request to the head of its answer, of downloads too. */
const answerTimeoutMs = 10_000;

/** Calls of the coordinator's REST API, `path` below /api/v1 (or from the root, with a leading `//`). */
export interface CoordinatorApi {
  /** @throws FleetError the coordinator's own refusal, `coordinator.unreachable`, `coordinator.unexpected-answer` */
  json<T>(path: string, schema: z.ZodType<T>, request?: ApiRequest): Promise<T>;
  bytes(path: string, request?: ApiRequest): Promise<Uint8Array>;
  /** The answer as it comes; the caller reads the body. Refusals are thrown, except for the statuses in `expect`. */
  open(path: string, request?: ApiRequest, expect?: readonly number[]): Promise<Response>;
}

/**
 * A limit that keeps the process alive while it runs, as AbortSignal.timeout does not: the fetch of Node 20 never settles where a connection
 * is accepted and closed before the request was written (a proxy whose coordinator is away), and nothing else would be left to wait for.
 */
function patience(ms: number): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('No answer in time.', 'TimeoutError')), ms);
  return { signal: controller.signal, end: () => clearTimeout(timer) };
}

/** @param signal ends everything that is under way */
export function coordinatorApi(url: string, signal?: AbortSignal, limits = { answerTimeoutMs }): CoordinatorApi {
  const base = url.replace(/\/+$/, '');
  const addressOf = (path: string) => path.startsWith('//') ? `${base}${path.slice(1)}` : `${base}${apiPrefix}${path}`;

  function limitOf(timeoutMs: number | null | undefined, answer: AbortSignal): AbortSignal {
    return AbortSignal.any([answer, ...(signal === undefined ? [] : [signal]), ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs ?? requestTimeoutMs)])]);
  }

  async function open(path: string, request: ApiRequest = {}, expect: readonly number[] = []): Promise<Response> {
    const headers: Record<string, string> = { ...request.headers };
    if (request.credential !== undefined) headers['authorization'] = `Bearer ${request.credential}`;
    if (request.body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    const answer = patience(limits.answerTimeoutMs);
    try {
      response = await fetch(addressOf(path), {
        method: request.method ?? 'GET', headers, redirect: 'error', signal: limitOf(request.timeoutMs, answer.signal),
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
    } catch (cause) {
      throw new FleetError('coordinator.unreachable', { field: 'url', problem: `No answer from ${base}: ${reasonOf(cause)}.`, cause });
    } finally {
      answer.end();
    }
    if (response.ok || expect.includes(response.status)) return response;
    throw await refusalOf(response, base);
  }

  return {
    open,
    async json(path, schema, request) {
      const response = await open(path, request);
      const parsed = schema.safeParse(await readJson(response));
      if (parsed.success) return parsed.data;
      throw unexpected(base, `${path} answered in another shape (${parsed.error.issues[0]?.path.join('.') || 'not an object'})`);
    },
    async bytes(path, request) {
      const response = await open(path, request);
      try {
        return new Uint8Array(await response.arrayBuffer());
      } catch (cause) {
        throw new FleetError('coordinator.unreachable', { field: 'url', problem: `The answer from ${base} broke off: ${reasonOf(cause)}.`, cause });
      }
    },
  };
}

async function refusalOf(response: Response, base: string): Promise<FleetError> {
  const parsed = problemSchema.safeParse(await readJson(response));
  if (!parsed.success) return unexpected(base, `HTTP ${response.status} without a problem document`);
  const { detail, ...refusal } = parsed.data;
  return toFleetError({ ...refusal, problem: detail });
}

function unexpected(base: string, what: string): FleetError {
  return new FleetError('coordinator.unexpected-answer', { field: 'url', problem: `${base} did not answer as a coordinator: ${what}.` });
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return systemCodeOf(error.cause) ?? (error.name === 'TimeoutError' ? 'no answer in time' : error.message);
}
