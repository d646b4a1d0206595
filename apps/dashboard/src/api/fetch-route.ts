import { problemSchema, routes, type ResponseOf, type RouteName } from '@seedfleet/protocol';

/** A refusal of the API: its message is the problem and the fix, as the coordinator says them. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(readonly code: string, message: string, readonly status: number) {
    super(message);
  }
}

export interface RouteArguments {
  token: string;
  params?: Record<string, string | number>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Calls one route of the API. @throws ApiError what the coordinator refused; TypeError if it cannot be reached */
export async function fetchRoute<N extends RouteName>(name: N, { token, params = {}, query = {}, body, headers = {} }: RouteArguments): Promise<ResponseOf<N>> {
  const { method, path } = routes[name];
  const url = new URL(path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(params[key]))), location.origin);
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
  const response = await fetch(url, {
    method,
    headers: { ...headers, authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await refusalOf(response);
  return (response.status === 204 ? undefined : await response.json()) as ResponseOf<N>;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => null));
  return parsed.success
    ? new ApiError(parsed.data.code, `${parsed.data.detail} ${parsed.data.fix}`, response.status)
    : new ApiError('internal.failure', `The coordinator answered ${response.status}.`, response.status);
}
