import { FleetError, errors, type ErrorCode } from '@seedfleet/errors';
import { octetStream, parseRequest, type plainText, problemSchema, type Problem, type Route } from '@seedfleet/protocol';
import { z } from 'zod';
import { type Session } from '../session/session-file.js';

interface RequestParts {
  params?: Record<string, string | number>;
  query?: Record<string, string | number | undefined>;
  /** a JSON value, checked against the schema of the route before it is sent */
  body?: unknown;
  /** revision that the change was decided on: refused with `request.stale` if it is another by now */
  ifMatch?: number;
  /** statuses beside success whose answer is of the route's form, too */
  taken?: readonly number[];
}

/** The bytes of one upload request and where in the file they begin. */
export interface Piece { offset: number; bytes: Uint8Array<ArrayBuffer> }

/** Where the coordinator answered that an upload must go on. */
export class OffsetMismatch extends Error {
  override readonly name = 'OffsetMismatch';
  constructor(readonly offset: number) {
    super(`The coordinator has ${offset} bytes.`);
  }
}

/** Calls the routes of a coordinator as one operator. Every answer is checked against the schema of its route. */
export class CoordinatorClient {
  constructor(private readonly session: Session) {}

  get url(): string {
    return this.session.url;
  }

  /** @throws FleetError what the coordinator answered, `coordinator.unreachable`, `coordinator.unexpected-answer` */
  async json<S extends z.ZodType>(route: Route & { response: S }, parts: RequestParts = {}): Promise<z.output<S>> {
    const answer = await this.send(route, parts);
    return this.parse(route.response, await this.jsonBody(answer));
  }

  /** For a route that answers with nothing. */
  async nothing(route: Route & { response: null }, parts: RequestParts = {}): Promise<void> {
    const answer = await this.send(route, parts);
    await answer.body?.cancel();
  }

  /** Lines of text. */
  async text(route: Route & { response: typeof plainText }, parts: RequestParts = {}): Promise<string> {
    const answer = await this.send(route, parts);
    try {
      return await answer.text();
    } catch (cause) {
      throw this.unreachable(cause);
    }
  }

  async bytes(route: Route & { response: typeof octetStream }, parts: RequestParts = {}): Promise<Uint8Array> {
    const answer = await this.send(route, parts);
    try {
      return new Uint8Array(await answer.arrayBuffer());
    } catch (cause) {
      throw this.unreachable(cause);
    }
  }

  /** A body still to be read, from the byte `offset` on: of status 206, or 200 with the whole where the coordinator knows no ranges. */
  open(route: Route & { response: typeof octetStream }, { offset, ...parts }: RequestParts & { offset: number }): Promise<Response> {
    return this.send(route, { ...parts, ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }) });
  }

  /** Appends a piece to a file. @throws OffsetMismatch where the coordinator has another number of bytes */
  async append<S extends z.ZodType>(route: Route & { response: S }, parts: Omit<RequestParts, 'body'>, piece: Piece): Promise<z.output<S>> {
    const answer = await this.send(route, parts, piece);
    return this.parse(route.response, await this.jsonBody(answer));
  }

  private async send(route: Route, { params = {}, query = {}, headers: further = {}, body, ifMatch, taken = [] }: RequestParts & { headers?: Record<string, string> }, piece?: Piece): Promise<Response> {
    const headers: Record<string, string> = { ...further, authorization: `Bearer ${this.session.token}`, accept: 'application/json, application/problem+json, application/octet-stream', ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }) };
    const request: RequestInit = { method: route.method, headers };
    if (piece) {
      headers['content-type'] = octetStream;
      headers['upload-offset'] = String(piece.offset);
      request.body = piece.bytes;
    } else if (route.request instanceof z.ZodType) {
      headers['content-type'] = 'application/json';
      request.body = JSON.stringify(parseRequest(route.request, body));
    }
    let answer: Response;
    try {
      answer = await fetch(this.session.url + pathOf(route, { params, query }), request);
    } catch (cause) {
      throw this.unreachable(cause);
    }
    if (!answer.ok && !taken.includes(answer.status)) throw await this.refusal(answer);
    return answer;
  }

  private async refusal(answer: Response): Promise<Error> {
    const parsed = problemSchema.safeParse(await this.jsonBody(answer));
    if (!parsed.success) return this.unexpected(`It answered with status ${answer.status} and no problem document.`);
    const problem = parsed.data;
    if (problem.code === 'upload.offset' && problem.offset !== undefined) return new OffsetMismatch(problem.offset);
    return fleetErrorOf(problem);
  }

  private async jsonBody(answer: Response): Promise<unknown> {
    try {
      return await answer.json();
    } catch (cause) {
      return this.unexpectedThrow(`It answered with status ${answer.status} and something that is not JSON.`, cause);
    }
  }

  private parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return this.unexpectedThrow(`Its answer does not have the expected form${field === '' ? '' : `: ${field}`}.`, parsed.error);
  }

  private unreachable(cause: unknown): FleetError {
    return new FleetError('coordinator.unreachable', { field: 'url', cause,
      problem: `The coordinator at ${this.session.url} does not answer.`, fix: 'Check that it runs and that the address is right: `seedfleet login` sets another one.' });
  }

  private unexpected(problem: string, cause?: unknown): FleetError {
    return new FleetError('coordinator.unexpected-answer', { problem: `${this.session.url} did not answer like a Seedfleet coordinator. ${problem}`, cause });
  }

  private unexpectedThrow(problem: string, cause: unknown): never {
    throw this.unexpected(problem, cause);
  }
}

function pathOf(route: Route, { params, query }: Required<Pick<RequestParts, 'params' | 'query'>>): string {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

/** What the coordinator answered, as it said it; a code that this version does not know stays readable in the problem. */
function fleetErrorOf({ code, detail, fix, field }: Problem): FleetError {
  const known = isErrorCode(code);
  return new FleetError(known ? code : 'coordinator.refused', { problem: known ? detail : `${detail} (${code})`, fix, ...(field === undefined ? {} : { field }) });
}
