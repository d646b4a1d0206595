import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What the server does wrong on purpose. */
export interface Faults {
  /** Requests to this path end after so many bytes, each time, the connection with them. */
  cut?: { path: string; bytes: number; times: number };
  /** Bytes of this file arrive changed. */
  forge?: string;
  /** The next so many requests to the hub are answered 429. */
  busy?: { times: number; retryAfter?: string; status?: number };
  /** Only this token may read. */
  token?: string;
  /** What a refusal says beside its status. */
  refusal?: { status: number; code?: string };
  /** Small files are a redirect, without a host, to a cache of the hub. */
  cached?: boolean;
  /** The storage knows no ranges. */
  rangeless?: boolean;
  /** After the first connection the storage holds another file under the same address. */
  moving?: boolean;
}

export interface Asked { host: 'hub' | 'storage'; method: string; path: string; authorization?: string; encoding?: string; range?: string; ifRange?: string }

/**
 * A server that speaks what we use of the Hugging Face hub's HTTP interface, and a second one, on a port of its own, that holds large files as its
 * storage does. Written from huggingface_hub (`file_download.py`, `hf_api.py`), which reads the same headers.
 */
export class HubServer {
  readonly asked: Asked[] = [];
  faults: Faults = {};
  commit = 'c0ffee'.padEnd(40, '0');
  private readonly hub = createServer((request, response) => this.answerHub(request, response));
  private readonly storage = createServer((request, response) => this.answerStorage(request, response));

  /** @param files by path; those that Git LFS would hold (.onnx, .onnx_data) stand in the storage */
  constructor(readonly repository: string, readonly files: Map<string, Buffer>) {}

  async listen(): Promise<this> {
    for (const server of [this.hub, this.storage]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  get url(): string { return urlOf(this.hub); }

  private answerHub(request: IncomingMessage, response: ServerResponse): void {
    this.note('hub', request);
    const path = decodeURIComponent(request.url ?? '');
    const { busy, token, refusal } = this.faults;
    if (busy && busy.times > 0) {
      busy.times--;
      response.writeHead(busy.status ?? 429, busy.retryAfter === undefined ? {} : { 'retry-after': busy.retryAfter }).end();
      return;
    }
    if (refusal) return refuse(response, refusal);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return refuse(response, { status: 401, code: 'RepoNotFound' });
    // A model that was renamed: the hub redirects to its new name, without a host.
    if (path.includes('old/name')) {
      response.writeHead(307, { location: path.replace('old/name', this.repository) }).end();
      return;
    }
    if (path.startsWith(`/api/models/${this.repository}/revision/`)) {
      if (!['main', 'refs/pr/1', this.commit].includes(path.split('/revision/')[1] ?? '')) return refuse(response, { status: 404, code: 'RevisionNotFound' });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: this.repository, sha: this.commit, siblings: [...this.files.keys()].map((rfilename) => ({ rfilename })) }));
      return;
    }
    const resolved = `/${this.repository}/resolve/${this.commit}/`;
    if (this.faults.cached && path.startsWith(resolved) && !isLarge(path)) {
      response.writeHead(307, { location: `/api/resolve-cache/${path.slice(resolved.length)}?etag=1` }).end();
      return;
    }
    const [name, content] = this.fileAt(path, resolved) ?? this.fileAt(path.split('?')[0] ?? '', '/api/resolve-cache/') ?? [];
    if (name === undefined || content === undefined) return refuse(response, { status: 404, code: path.includes('/resolve/') ? 'EntryNotFound' : 'RepoNotFound' });
    response.setHeader('x-repo-commit', this.commit);
    if (isLarge(name)) {
      response.writeHead(302, { 'location': `${urlOf(this.storage)}/lfs/${name}?signature=1`, 'x-linked-size': content.length, 'x-linked-etag': `"${sha256(content)}"`, 'etag': '"another"' }).end();
      return;
    }
    this.send({ request, response, name, content, etag: `"${gitBlob(content)}"` });
  }

  private answerStorage(request: IncomingMessage, response: ServerResponse): void {
    this.note('storage', request);
    const [name, content] = this.fileAt(decodeURIComponent(request.url ?? '').split('?')[0] ?? '', '/lfs/') ?? [];
    if (name === undefined || content === undefined) return refuse(response, { status: 404 });
    const times = this.asked.filter(({ host }) => host === 'storage').length;
    this.send({ request, response, name, content, etag: this.faults.moving && times > 1 ? '"moved"' : '"storage"' });
  }

  private send({ request, response, name, content: true_, etag }: { request: IncomingMessage; response: ServerResponse; name: string; content: Buffer; etag: string }): void {
    const content = this.faults.forge === name ? Buffer.from(true_.map((byte) => byte ^ 1)) : true_;
    const from = this.faults.rangeless ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const stale = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag;
    const offset = from === undefined || stale ? 0 : Number(from);
    if (offset >= content.length && offset > 0) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const body = content.subarray(offset);
    response.writeHead(from === undefined || stale ? 200 : 206, {
      etag, 'accept-ranges': 'bytes', 'content-length': body.length,
      ...(from === undefined || stale ? {} : { 'content-range': `bytes ${offset}-${content.length - 1}/${content.length}` }),
    });
    const { cut } = this.faults;
    if (request.method === 'HEAD') response.end();
    else if (cut && cut.path === name && cut.times > 0) {
      cut.times--;
      response.write(body.subarray(0, cut.bytes), () => response.destroy());
    } else response.end(body);
  }

  private fileAt(path: string, prefix: string): [string, Buffer] | undefined {
    const name = path.startsWith(prefix) ? path.slice(prefix.length) : '';
    const content = this.files.get(name);
    return content && [name, content];
  }

  private note(host: Asked['host'], { method = '', url = '', headers }: IncomingMessage): void {
    this.asked.push({
      host, method, path: decodeURIComponent(url),
      ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
      ...(typeof headers['accept-encoding'] === 'string' ? { encoding: headers['accept-encoding'] } : {}),
      ...(headers.range === undefined ? {} : { range: headers.range }),
      ...(typeof headers['if-range'] === 'string' ? { ifRange: headers['if-range'] } : {}),
    });
  }
}

const isLarge = (name: string) => /\.onnx(_data)?$/.test(name);
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const gitBlob = (content: Buffer) => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

function refuse(response: ServerResponse, { status, code }: { status: number; code?: string }): void {
  response.writeHead(status, code === undefined ? {} : { 'x-error-code': code }).end('{"error":"refused"}');
}
