/** The shipped package under another name on another origin, with faults that a test asks for. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './fixture.ts';

const FOLDER = join(ROOT, 'public', 'models', 'small');

export interface Fault {
  /** Ends the connection after so many bytes of an answer. */
  cutAfter?: number;
  /** Sends other bytes of the right length. */
  wrong?: boolean;
  /** Sends nothing more after so many bytes, and keeps the connection. */
  stallAfter?: number;
}

export interface PackageServer {
  readonly address: string;
  readonly manifest: Buffer;
  /** Faults of files by path, used up one a request. */
  readonly faults: Map<string, Fault[]>;
  /** Requests as `path from`. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function servePackage(
  name: string,
  change: (manifest: { files: { path: string }[] }) => void = () => {},
): Promise<PackageServer> {
  const json = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as {
    files: { path: string }[];
  };
  change(Object.assign(json, { name }));
  const manifest = Buffer.from(JSON.stringify(json));
  const faults = new Map<string, Fault[]>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'range' };
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname.slice(1));
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    asked.push(`${path} ${from}`);
    if (path === 'manifest.json') return void response.writeHead(200, cors).end(manifest);
    const file = join(FOLDER, path);
    const { size } = statSync(file);
    const fault = faults.get(path)?.shift() ?? {};
    response.writeHead(from > 0 ? 206 : 200, {
      ...cors,
      'content-length': size - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
    });
    if (fault.wrong) return void response.end(Buffer.alloc(size - from, 7));
    const end = fault.cutAfter ?? fault.stallAfter;
    if (end === undefined) return void createReadStream(file, { start: from }).pipe(response);
    response.write(readFileSync(file).subarray(from, from + end), () => {
      if (fault.cutAfter !== undefined) setTimeout(() => response.destroy(), 1500);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    manifest,
    faults,
    asked,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

/** A server that answers `/404/…` with that status, and `/closed/…` with a manifest for its own origin only. */
export async function serveStatuses(): Promise<{ address: string; host: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [, first = ''] = (request.url ?? '').split('/');
    if (first === 'closed') return void response.writeHead(200).end('{}');
    response.writeHead(Number(first), { 'access-control-allow-origin': '*' }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address: `http://${host}/`,
    host,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
