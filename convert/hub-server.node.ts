/**
 * A model hub for tests, on two ports of this machine: the hub answers with a redirect to a signed address of its storage,
 * which expires. It limits, cuts, refuses and changes what a test asks for.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRequest {
  /** `list` of a repository, a `file` at the hub, or its bytes in the `storage`. */
  readonly at: 'list' | 'file' | 'storage';
  readonly file: string;
  readonly from: number;
  readonly authorization: string | undefined;
  /** Requests of this kind before this one. */
  readonly before: number;
}

/** A fault instead of, or in, the right answer. */
export interface HubFault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the connection after so many bytes. */
  readonly cutAfter?: number;
  /** Another address to go to. */
  readonly location?: string;
  /** Sends the whole file, whatever range is asked for. */
  readonly whole?: boolean;
}

export interface HubServerOptions {
  readonly repository: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly commit?: string;
  /** The only token that may read the files. */
  readonly token?: string;
  readonly fault?: (request: HubRequest) => HubFault | undefined;
  /** Replaces what the list says. */
  readonly list?: (list: { sha: string; siblings: object[] }) => unknown;
  /** Milliseconds that a signed address is good for. */
  readonly lifetime?: number;
}

export interface HubServer {
  readonly endpoint: string;
  readonly requests: readonly HubRequest[];
  /** Bytes of bodies that were sent. */
  readonly sent: () => number;
  /** May be changed while the server runs. */
  options: HubServerOptions;
  close(): Promise<void>;
}

export const hubCommit = 'c0ffee'.padEnd(40, '0');

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, range',
  'access-control-expose-headers': 'ETag, Content-Range, Accept-Ranges, X-Repo-Commit',
  'access-control-max-age': '0',
};

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** Files that a hub keeps in its storage. */
const isLarge = (file: string) => /\.safetensors$|^tokenizer\.json$/.test(file);

function listen(server: Server): Promise<number> {
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
  );
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.closeAllConnections();
    server.close(() => done());
  });
}

class FakeHub implements HubServer {
  readonly requests: HubRequest[] = [];
  options: HubServerOptions;
  endpoint = '';
  #storage = '';
  #sent = 0;
  readonly #servers: readonly Server[];

  constructor(options: HubServerOptions) {
    this.options = options;
    this.#servers = [
      createServer((request, response) => this.#hub(request, response)),
      createServer((request, response) => this.#store(request, response)),
    ];
  }

  async listen(): Promise<this> {
    const [hub, store] = await Promise.all(this.#servers.map(listen));
    this.endpoint = `http://127.0.0.1:${hub}`;
    this.#storage = `http://127.0.0.1:${store}`;
    return this;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closed));
  }

  sent = (): number => this.#sent;

  #note(at: HubRequest['at'], file: string, request: IncomingMessage): HubFault | undefined {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const before = this.requests.filter((one) => one.at === at).length;
    const { authorization } = request.headers;
    const noted: HubRequest = { at, file, from, authorization, before };
    this.requests.push(noted);
    return this.options.fault?.(noted);
  }

  #hub(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const { repository, files, commit = hubCommit, token, lifetime = 60_000 } = this.options;
    const { pathname } = new URL(request.url ?? '/', 'http://hub');
    if (pathname.startsWith(`/api/models/${repository}/revision/`)) return void this.#list(request, response);
    const name = decodeURIComponent(pathname.split('/').at(-1) ?? '');
    const bytes = files.get(name);
    if (pathname !== `/${repository}/resolve/${commit}/${name}` || bytes === undefined)
      return void response.writeHead(404, cors).end('Entry not found');
    const fault = this.#note('file', name, request);
    if (refused(response, fault)) return;
    const { authorization } = request.headers;
    if (token !== undefined && authorization !== `Bearer ${token}`) {
      const status = authorization === undefined ? 401 : 403;
      return void response.writeHead(status, cors).end('Access is restricted');
    }
    const headers = { 'x-repo-commit': commit, ...fault?.headers };
    if (!isLarge(name)) return void this.#send(request, response, bytes, { ...fault, headers });
    const location = `${this.#storage}/${name}?Expires=${Date.now() + lifetime}&Signature=x`;
    response.writeHead(302, { ...cors, location, ...headers }).end();
  }

  #list(request: IncomingMessage, response: ServerResponse): void {
    const { files, commit = hubCommit, list = (same) => same } = this.options;
    if (refused(response, this.#note('list', '', request))) return;
    const siblings = [...files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      ...(isLarge(rfilename) && { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
    }));
    response.writeHead(200, { ...cors, 'content-type': 'application/json' });
    response.end(JSON.stringify(list({ sha: commit, siblings })));
  }

  #store(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://storage');
    const name = decodeURIComponent(pathname.slice(1));
    const bytes = this.options.files.get(name);
    const fault = this.#note('storage', name, request);
    if (refused(response, fault)) return;
    if (Number(searchParams.get('Expires')) < Date.now())
      return void response.writeHead(403, cors).end('<Error><Code>AccessDenied</Code></Error>');
    if (bytes === undefined) return void response.writeHead(404, cors).end();
    this.#send(request, response, bytes, fault);
  }

  #send(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, fault: HubFault = {}): void {
    const range = fault.whole ? null : /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    const last = bytes.length - 1;
    const [from, to] = range ? [Number(range[1]), Math.min(Number(range[2]), last)] : [0, last];
    const part = bytes.subarray(from, Math.min(to + 1, from + (fault.cutAfter ?? bytes.length)));
    this.#sent += part.length;
    response.writeHead(range ? 206 : 200, {
      ...cors,
      'content-length': to + 1 - from,
      etag: `"${sha256(bytes)}"`,
      ...(range && { 'content-range': `bytes ${from}-${to}/${bytes.length}` }),
      ...fault.headers,
    });
    if (fault.cutAfter === undefined) response.end(part);
    else response.write(part, () => setTimeout(() => response.destroy(), 20));
  }
}

/** Answers with a fault that takes the place of the file. */
function refused(response: ServerResponse, fault: HubFault = {}): boolean {
  const { status, location, headers = {}, body = '' } = fault;
  if (location !== undefined) response.writeHead(302, { ...cors, location }).end();
  else if (status !== undefined) response.writeHead(status, { ...cors, ...headers }).end(body);
  return location !== undefined || status !== undefined;
}

export function serveHub(options: HubServerOptions): Promise<HubServer> {
  return new FakeHub(options).listen();
}
