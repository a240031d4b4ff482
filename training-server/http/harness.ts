/** A server for tests: real sockets, runs in memory, a root with videos in a new folder. */
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRoots } from '../data/api.ts';
import type { Machine } from '../preflight/machine.ts';
import { loopbackHosts } from './access.ts';
import { EVENT_LIMITS, type EventLimits, EventStreams } from './events.ts';
import { MemoryRuns } from './memory-runs.ts';
import { Packages } from './packages.ts';
import { createTrainingServer, routesOf, type ServerOptions } from './server.ts';
import type { Services } from './services.ts';

export const TOKEN = 'a-token-of-the-tests-0123456789';
const MACHINE: Machine = { device: 'cpu', torch: '2.13.0', gpus: 0, memoryBytes: null };

/** A checkpoint of the smallest shape that loads. */
export const TINY = join(import.meta.dirname, '..', 'checkpoints', 'tiny');

export interface HarnessOptions {
  readonly server?: Partial<ServerOptions>;
  readonly events?: Partial<EventLimits>;
  readonly machine?: () => Promise<Machine>;
}

/** A recipe that can be run in the harness's root. */
export const RECIPE = {
  name: 'tiny',
  model: { checkpoint: 'checkpoint' },
  engine: { device: 'cpu', precision: 'fp32' },
  rules: { videosPerStep: 2 },
  sources: {
    clips: { kind: 'csv', file: 'train.csv', root: 'videos', labels: 'asWritten' },
    held: { kind: 'csv', file: 'held.csv', root: 'videos', labels: 'asWritten' },
  },
  stages: [{ name: 'grpo', objective: 'grpo', train: ['clips'], heldOut: ['held'], steps: 10 }],
};

export async function startHarness(options: HarnessOptions = {}) {
  const top = mkdtempSync(join(tmpdir(), 'http-'));
  const at = (...names: string[]) => join(top, ...names);
  for (const folder of ['root/videos', 'runs', 'page/assets']) mkdirSync(at(folder), { recursive: true });
  cpSync(TINY, at('root', 'checkpoint'), { recursive: true });
  for (const name of ['a', 'b', 'c']) writeFileSync(at('root', 'videos', `${name}.mp4`), name);
  writeFileSync(at('root', 'train.csv'), 'path,mos\na.mp4,3\nb.mp4,2\n');
  writeFileSync(at('root', 'held.csv'), 'path,mos\nc.mp4,4\n');
  writeFileSync(at('secret.mp4'), 'secret');
  symlinkSync(at('secret.mp4'), at('root', 'videos', 'link.mp4'));
  writeFileSync(at('page', 'index.html'), '<!doctype html><title>page</title>');

  const roots = await openRoots([at('root')]);
  const runs = new MemoryRuns(at('runs'));
  const packages = new Packages(at('packages'));
  const events = new EventStreams({ ...EVENT_LIMITS, ...options.events });
  const services: Services = {
    runs,
    roots,
    packages,
    events,
    videoProbe: { frame: async (path, index) => Buffer.from(`${path}#${index}`) },
    validation: {
      roots,
      machine: options.machine ?? (async () => MACHINE),
      load: { cache: at('cache'), draw: false },
    },
  };
  const faults: unknown[] = [];
  const hosts = new Set<string>();
  const origins = new Set(['http://127.0.0.1:4173']);
  const server = createTrainingServer(services, {
    access: { token: TOKEN, hosts, origins },
    page: at('page'),
    version: '0.0.0',
    onFault: (error) => faults.push(error),
    checked: true,
    ...options.server,
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  for (const host of loopbackHosts(port)) {
    hosts.add(host);
    origins.add(`http://${host}`);
  }
  const address = `http://127.0.0.1:${port}`;

  /** A request, with the token unless headers are given. */
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${address}${path}`, { ...init, headers: { Authorization: `Bearer ${TOKEN}`, ...init.headers } });
  const post = (path: string, body: unknown = {}, init: RequestInit = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { 'Content-Type': 'application/json', ...init.headers },
    });
  /** Sends raw bytes; resolves with the response once the server has closed the connection. */
  const raw = (text: string): Promise<string> =>
    new Promise((done) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('latin1');
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('error', () => done(received));
      socket.on('close', () => done(received));
    });
  const close = async () => {
    events.close();
    await packages.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { address, port, ask, post, raw, close, at, runs, packages, events, services, faults, server };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;
export { routesOf };

/** Code and status of a refusal. */
export async function refusal(response: Response): Promise<{ status: number; code: string; params: object }> {
  const { code, params, status } = (await response.json()) as {
    code: string;
    params: object;
    status: number;
  };
  if (status !== response.status)
    throw new Error(`${status} in the document, ${response.status} in the answer`);
  return { status, code, params };
}
