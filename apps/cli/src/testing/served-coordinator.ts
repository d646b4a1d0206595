import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { FleetError } from '@seedfleet/errors';
import { parseRequest, problemMediaType, routes, toProblem, type Route, type RouteName } from '@seedfleet/protocol';
import { z } from 'zod';

/** One request as a handler sees it: everything checked by the schemas of the route. */
export interface Call {
  params: Record<string, string>;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  /** parsed JSON, or bytes */
  body: unknown;
}

export type Handler = (call: Call) => unknown;

export interface ServedCoordinator {
  url: string;
  /** what every request must carry */
  token: string;
  /** names of the routes in the order of the requests */
  calls: RouteName[];
  close(): Promise<void>;
}

const isRouteName = (name: string): name is RouteName => Object.hasOwn(routes, name);

/**
 * A real HTTP server that answers by the route table of the protocol: requests and answers are checked against its schemas, errors go out as
 * problem documents. What it answers is up to the spec. The real coordinator is covered in e2e.
 * @param port 0: any free one
 */
export async function serveCoordinator(handlers: Partial<Record<RouteName, Handler>>, port = 0): Promise<ServedCoordinator> {
  const token = 'sft_of-the-spec';
  const calls: RouteName[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://served');
      const found = findRoute(request.method ?? '', url.pathname);
      const handler = found ? handlers[found.name] : undefined;
      if (!found || !handler) throw new FleetError('request.unknown-route', { problem: `The spec serves no ${request.method} ${url.pathname}.` });
      calls.push(found.name);
      if (request.headers.authorization !== `Bearer ${token}`) throw new FleetError('operator.unauthenticated', { problem: 'The operator token is not known.' });
      const bytes = await buffer(request);
      const query = Object.fromEntries(url.searchParams);
      const { route } = found;
      if (route.params) parseRequest(route.params, found.params);
      if (route.query) parseRequest(route.query, query);
      const body = route.request instanceof z.ZodType ? parseRequest(route.request, JSON.parse(bytes.toString('utf8'))) : bytes;
      const result = await handler({ params: found.params, query, headers: request.headers, body });
      if (response.destroyed) return;
      // A handler of bytes is told of ranges, and answers with what was asked for.
      response.statusCode = request.headers.range === undefined ? route.status : 206;
      if (route.response instanceof z.ZodType) response.setHeader('content-type', 'application/json').end(JSON.stringify(route.response.parse(result)));
      else response.end(result);
    } catch (error) {
      const problem = toProblem(error);
      response.statusCode = problem.status;
      response.setHeader('content-type', problemMediaType).end(JSON.stringify(error instanceof OffsetRefusal ? { ...problem, offset: error.offset } : problem));
    }
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`, token, calls,
    close: () => new Promise<void>((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}

/** The refusal of a piece that does not begin where the file ends. */
export class OffsetRefusal extends FleetError {
  constructor(readonly offset: number) {
    super('upload.offset', { field: 'Upload-Offset', problem: `The file has ${offset} bytes.` });
  }
}

function findRoute(method: string, path: string): { name: RouteName; route: Route; params: Record<string, string> } | undefined {
  for (const [name, route] of Object.entries<Route>(routes)) {
    if (route.method !== method || !isRouteName(name)) continue;
    const match = new RegExp(`^${route.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`, 'u').exec(path);
    if (match) return { name, route, params: { ...match.groups } };
  }
  return undefined;
}
