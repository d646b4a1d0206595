import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { contentHashOf, type ContentHash } from './content-hash.js';
import { askHub, unexpected, type HubAddress } from './hub-http.js';
import { type HubSource } from './hub-source.js';

/** A model of a hub at one commit. */
export interface HubRevision {
  repository: string;
  /** 40 hex digits: what a branch named when it was asked */
  commit: string;
  /** paths of all files */
  files: string[];
}

/** One file of it. */
export interface HubFile { path: string; bytes: number; hash: ContentHash }

const commitPattern = /^[0-9a-f]{40}$/;
const modelInfo = z.object({ sha: z.string().regex(commitPattern), siblings: z.array(z.object({ rfilename: z.string() })).max(100_000) });

/** Reads models of a hub that speaks the HTTP interface of Hugging Face's. Every file is asked for by commit, so that all are of one moment. */
export class HubClient {
  constructor(private readonly hub: HubAddress, private readonly sleep: (milliseconds: number) => Promise<void>) {}

  /** @throws FleetError those of `askHub`; `hub.unexpected-answer` */
  async revision({ repository, revision }: HubSource): Promise<HubRevision> {
    const path = `/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
    const response = await askHub(this.hub, { method: 'GET', path, headers: { accept: 'application/json' } }, this.sleep);
    const parsed = modelInfo.safeParse(await response.json().catch(() => undefined));
    if (!parsed.success) throw unexpected(`Its answer to ${path} is not the description of a model.`);
    const { sha, siblings } = parsed.data;
    if (commitPattern.test(revision) && sha !== revision) throw unexpected(`Asked for commit ${revision}, it gave ${sha}.`);
    return { repository, commit: sha, files: siblings.map(({ rfilename }) => requireInside(rfilename)) };
  }

  /** Length and hash of a file, without its bytes. */
  async describe(revision: HubRevision, path: string): Promise<HubFile> {
    // A large file is a redirect to where its bytes are; what it holds stands on the redirect itself.
    const isAnswer = ({ headers }: Response) => headers.has('x-linked-etag');
    const { headers, status } = await askHub(this.hub, { method: 'HEAD', path: resolvePath(revision, path), isAnswer }, this.sleep);
    const commit = headers.get('x-repo-commit');
    if (commit !== null && commit !== revision.commit) throw unexpected(`Asked for ${path} of commit ${revision.commit}, it gave that of ${commit}.`);
    const hash = contentHashOf(headers.get('x-linked-etag') ?? headers.get('etag') ?? '');
    const length = headers.get('x-linked-size') ?? (status < 300 ? headers.get('content-length') : null);
    if (!hash || length === null || !/^\d{1,15}$/.test(length)) throw unexpected(`It does not say length and hash of ${path}, so that nothing could be verified.`);
    return { path, bytes: Number(length), hash };
  }

  /** The bytes from `offset` on (206), or all of them (200) where the hub has no ranges or the file there is another than `etag`; 416 beyond its end. */
  open(revision: HubRevision, path: string, { offset, etag, signal }: { offset: number; etag?: string; signal: AbortSignal }): Promise<Response> {
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-`, ...(etag === undefined ? {} : { 'if-range': etag }) };
    return askHub(this.hub, { method: 'GET', path: resolvePath(revision, path), headers, signal }, this.sleep);
  }
}

function resolvePath({ repository, commit }: HubRevision, path: string): string {
  return `/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** A name from a hub becomes a path on this disk: it may not leave its folder. */
function requireInside(path: string): string {
  const parts = path.split('/');
  if (/[\\\0]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) throw new FleetError('hub.unexpected-answer', { problem: 'The hub lists a file whose path leaves its folder.' });
  return path;
}
