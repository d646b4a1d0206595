import { open, readFile } from 'node:fs/promises';
import { octetStream, problemSchema, type Problem, type RequestOf, type ResponseOf, routes, type Route, type RouteName } from '@seedfleet/protocol';

const requestTimeoutMs = 30_000;
const pieceBytes = 4 * 1024 * 1024;

/** What the coordinator answered instead of doing it. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  constructor(readonly status: number, readonly problem: Problem) {
    super(`${problem.detail} ${problem.fix}`);
  }
}

export interface CallParts<N extends RouteName> {
  params?: Record<string, string | number>;
  query?: Record<string, string | number>;
  body?: RequestOf<N>;
}

/** The REST API of a coordinator, as one operator. */
export class OperatorClient {
  /** @param answers  whether they must be what this version's routes say; those of another version's coordinator may lack fields */
  constructor(readonly url: string, private readonly token: string, private readonly answers: 'checked' | 'as they are' = 'checked') {}

  /** The coordinator's administrator, by the token that it wrote at its first start. */
  static async ofHome({ url, home, answers = 'checked' }: { url: string; home: string; answers?: 'checked' | 'as they are' }): Promise<OperatorClient> {
    return new OperatorClient(url, (await readFile(`${home}/admin-token`, 'utf8')).trim(), answers);
  }

  /** @throws RequestRefused */
  async call<N extends RouteName>(name: N, parts: CallParts<N> = {}): Promise<ResponseOf<N>> {
    const route: Route = routes[name];
    const { body, ...where } = parts;
    const answer = await this.send(route, { ...where, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) });
    const schema = route.response;
    if (schema === null || typeof schema === 'string') throw new TypeError(`${name} does not answer with JSON`);
    const read: unknown = await answer.json();
    return (this.answers === 'checked' ? schema.parse(read) : read) as ResponseOf<N>;
  }

  /** For the routes that answer with bytes. @throws RequestRefused */
  async bytes(name: RouteName, parts: Pick<CallParts<RouteName>, 'params' | 'query'> = {}): Promise<Uint8Array> {
    return new Uint8Array(await (await this.send(routes[name], parts)).arrayBuffer());
  }

  /** Sends a file of an announced model, piece by piece. @throws RequestRefused */
  async uploadModelFile({ model, path, file }: { model: string; path: string; file: string }): Promise<void> {
    const handle = await open(file, 'r');
    try {
      for (let offset = 0; ;) {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(pieceBytes), 0, pieceBytes, offset);
        if (bytesRead === 0) return;
        await this.send(routes.uploadModelFile, {
          params: { id: model }, query: { path }, body: buffer.subarray(0, bytesRead), headers: { 'content-type': octetStream, 'upload-offset': String(offset) },
        });
        offset += bytesRead;
      }
    } finally {
      await handle.close();
    }
  }

  private async send(route: Route, { params = {}, query = {}, body, headers }: {
    params?: Record<string, string | number>; query?: Record<string, string | number>; body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string>;
  }): Promise<Response> {
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));
    const search = new URLSearchParams(Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))).toString();
    const answer = await fetch(`${this.url}${path}${search === '' ? '' : `?${search}`}`, {
      method: route.method, headers: { authorization: `Bearer ${this.token}`, ...headers }, signal: AbortSignal.timeout(requestTimeoutMs), ...(body === undefined ? {} : { body }),
    });
    if (answer.ok) return answer;
    const problem = problemSchema.safeParse(await answer.json().catch(() => null));
    if (!problem.success) throw new Error(`${route.method} ${path} was answered with status ${answer.status} and no problem document.`);
    throw new RequestRefused(answer.status, problem.data);
  }
}
