import { type Problem } from '@seedfleet/protocol';

export interface OperatorAnswer {
  status: number;
  json: never;
  bytes: Uint8Array;
  headers: Headers;
}

/** A request as an operator (or with another token, or null for none); JSON unless `body` is bytes. */
export type Call = (method: string, path: string, options?: { body?: unknown; token?: string | null; headers?: Record<string, string> }) => Promise<OperatorAnswer>;

/** Calls a coordinator, wherever it is at the moment. */
export function operatorHands({ url, adminToken }: { url: () => string; adminToken: () => string }): Call {
  return async (method, path, { body, token = adminToken(), headers = {} } = {}) => {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${url()}${path}`, {
      method, ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }), ...headers },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, json: (isJson ? JSON.parse(Buffer.from(bytes).toString('utf8')) : null) as never, bytes, headers: response.headers };
  };
}

/** The problem document of a refused request. */
export function problemOf(answer: { json: unknown }): Problem {
  return answer.json as Problem;
}
