/**
 * A server that speaks the training server's interface from a recording: what the page's own tests talk to, since a real
 * run takes minutes and never gives the same picture twice. It can lose the line, forget nothing and repeat itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { mergedRecipe, resolveRecipe } from '../../core/training/recipe-resolve.ts';
import type { Checkpoint, RecipeCard, Run, RunEvent, ValidationReport } from '../../core/training/run.ts';
import { ROOT } from './fixture.ts';
import {
  checkpointsOf,
  completionsOf,
  logOf,
  metricsOf,
  OPEN_RUN,
  type RecordedRun,
  recordedRuns,
} from './training-recording.ts';

export const TOKEN = 'test-token-7f31c0';

const RECIPES = join(ROOT, 'recipes');
const file = (name: string): unknown => JSON.parse(readFileSync(join(RECIPES, `${name}.json`), 'utf8'));

async function cards(): Promise<RecipeCard[]> {
  const names = readdirSync(RECIPES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5));
  return Promise.all(
    names.map(async (name) => {
      const recipe = file(name) as { extends?: string };
      const resolved = resolveRecipe(await mergedRecipe(recipe, file));
      return {
        name,
        about: resolved.about,
        extends: recipe.extends ?? null,
        objectives: resolved.stages.map(({ objective }) => objective),
        needs: resolved.needs,
        ready: name.startsWith('tiny'),
        recipe,
        resolved,
        error: null,
      };
    }),
  );
}

/** A picture with something that moves, as PNG (RFC 2083): 96 × 54, 8 bits a channel. */
export function thumbnail(index: number): Buffer {
  const [width, height] = [96, 54];
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = y * (1 + width * 3) + 1 + x * 3;
      const ball = (x - 12 - index * 0.29) ** 2 + (y - 34) ** 2 < 90;
      const sky = 150 - y * 2 + (x * 20) / width;
      const [r, g, b] = ball ? [214, 120, 60] : y > 38 ? [70 + x / 3, 74, 66] : [sky, sky + 10, sky + 30];
      rows.set([r, g, b].map(Math.round), at);
    }
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([head, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc(data: Buffer): number {
  let value = 0xffffffff;
  for (const byte of data) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

export interface Stub {
  readonly address: string;
  /** Every request to the interface: `GET /api/runs`. */
  readonly asked: readonly string[];
  /** Last-Event-ID of every stream that was opened, `''` for none. */
  readonly resumedFrom: readonly string[];
  /** Writes the next step of the run that goes on: metrics, answers, progress. */
  advance(steps?: number): void;
  /** Says something to whoever follows the run. */
  say(event: RunEvent): void;
  setRun(change: Partial<Run>): void;
  /** Ends every connection and takes no new ones until `back`. */
  lose(): void;
  back(): void;
  /** The report that the next check gives. */
  report: Partial<ValidationReport>;
  close(): Promise<void>;
}

/**
 * @param page answers everything that is not the interface
 * @param given what the server knows; default: the recording
 */
export async function trainingStub(
  page: (request: IncomingMessage, response: ServerResponse) => void,
  given: RecordedRun[] = recordedRuns(),
): Promise<Stub> {
  let runs = given;
  let checkpoints: Checkpoint[] = checkpointsOf(runs);
  let away = false;
  const all = metricsOf({ seed: 5, from: 1.78, to: 3.2, kl: 0.06, srcc: 0.884 }, 1200);
  const asked: string[] = [];
  const resumedFrom: string[] = [];
  const events: { id: number; text: string }[] = [];
  const open = new Set<ServerResponse>();
  const listed = await cards();
  const stub = { report: {} as Partial<ValidationReport> };

  const one = (id: string) => runs.find(({ run }) => run.id === id);
  const sse = (event: RunEvent, id?: number) =>
    `${id === undefined ? '' : `id: ${id}\n`}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  function say(event: RunEvent): void {
    const id = events.length + 1;
    const text = sse(event, id);
    events.push({ id, text });
    for (const response of open) response.write(text);
  }
  function setRun(change: Partial<Run>, id = OPEN_RUN): Run {
    runs = runs.map((entry) =>
      entry.run.id === id ? { ...entry, run: { ...entry.run, ...change } } : entry,
    );
    const { run } = one(id)!;
    if (id === OPEN_RUN) say({ type: 'run', run });
    return run;
  }

  function api(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://x');
    const method = request.method ?? 'GET';
    asked.push(`${method} ${url.pathname}${url.search}`);
    const json = (value: unknown, status = 200) =>
      response
        .writeHead(status, {
          'Content-Type': status < 400 ? 'application/json' : 'application/problem+json',
          ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
        })
        .end(JSON.stringify(value));
    const problem = (status: number, code: string, params: Record<string, string | number> = {}) =>
      json({ type: `urn:vqathinker:error:${code}`, title: code, status, detail: code, code, params }, status);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return void problem(401, 'train/token');
    const [, , area = '', rawId = '', what = ''] = url.pathname.split('/');
    const id = decodeURIComponent(rawId);
    if (area === 'recipes') return void json(listed);
    if (area === 'checkpoints') {
      if (method === 'POST') {
        const checkpoint = checkpoints.find((point) => point.id === id);
        if (!checkpoint) return void problem(404, 'train/checkpoint-id', { id });
        const made = `pkg-${checkpoint.step}`;
        checkpoints = checkpoints.map((point) =>
          point.id === id ? { ...point, package: { id: made, state: 'making', done: 0.1 } } : point,
        );
        return void json(
          checkpoints.find((point) => point.id === id),
          202,
        );
      }
      json(checkpoints);
      // The next look finds it further on.
      checkpoints = checkpoints.map((point) => {
        if (point.package?.state !== 'making') return point;
        const done = Math.min(1, point.package.done + 0.45);
        return { ...point, package: { ...point.package, done, state: done === 1 ? 'ready' : 'making' } };
      });
      return;
    }
    if (area === 'validate' || (area === 'runs' && method === 'POST' && rawId === '')) {
      let body = '';
      request.on('data', (piece: Buffer) => {
        body += piece.toString();
      });
      request.on('end', () => {
        const { recipe } = JSON.parse(body) as { recipe: string };
        const card = listed.find(({ name }) => name === recipe);
        if (area === 'validate') return void json(reportOf(card, stub.report));
        const run: Run = {
          ...recordedRuns()[1]!.run,
          id: `20261121-0730-${recipe}-beef`,
          recipe,
          state: 'queued',
        };
        runs = [{ run, metrics: [], log: logOf(0) }, ...runs];
        json(run, 201);
      });
      return;
    }
    if (area !== 'runs') return void problem(404, 'train/route');
    if (rawId === '') return void json(runs.map(({ run }) => run));
    const entry = one(id);
    if (!entry) return void problem(404, 'train/run', { id });
    switch (what) {
      case '':
        return void json(entry.run);
      case 'metrics':
        return void json(entry.metrics);
      case 'log':
        return void json(entry.log);
      case 'completions': {
        const step = Number(url.searchParams.get('step'));
        return void json(entry.run.stage?.objective === 'grpo' ? completionsOf(step) : []);
      }
      case 'recipe':
        return void json(
          listed.find(({ name }) => name === entry.run.recipe)?.resolved ?? listed[0]!.resolved,
        );
      case 'frames': {
        const png = thumbnail(Number(url.searchParams.get('index')));
        return void response.writeHead(200, { 'Content-Type': 'image/png' }).end(png);
      }
      case 'events': {
        const since = String(request.headers['last-event-id'] ?? '');
        resumedFrom.push(since);
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        response.write(`retry: 300\n${sse({ type: 'run', run: entry.run })}`);
        if (since !== '')
          for (const { id: number, text } of events) if (number > Number(since)) response.write(text);
        if (id === OPEN_RUN) open.add(response);
        response.on('close', () => open.delete(response));
        return;
      }
      case 'pause':
        return void json(setRun({ state: 'paused', savedStep: entry.run.step }, id));
      case 'resume':
        return void json(setRun({ state: 'running', reason: null }, id));
      case 'stop':
        return void json(setRun({ state: 'stopped', savedStep: entry.run.step }, id));
      case 'save':
        return void json(setRun({ savedStep: entry.run.step }, id));
      default:
        return void problem(404, 'train/route');
    }
  }

  const server: Server = createServer((request, response) => {
    if (away) request.socket.destroy();
    else if (request.url?.startsWith('/api/')) api(request, response);
    else page(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;

  return Object.assign(stub, {
    address: `http://127.0.0.1:${port}`,
    asked,
    resumedFrom,
    say,
    setRun: (change: Partial<Run>) => void setRun(change),
    advance(steps = 1) {
      for (let n = 0; n < steps; n += 1) {
        const { run, metrics } = one(OPEN_RUN)!;
        const record = all[run.step]!;
        const time = metrics.at(-1)!.time + 3.1;
        metrics.push({ ...record, time });
        say({ type: 'progress', phase: 'rollout', done: 32, of: 32 });
        say({ type: 'completions', step: record.step, videos: 32 });
        say({ type: 'metrics', record: { ...record, time } });
        setRun({ step: record.step, latest: { ...run.latest, ...record.values } });
      }
    },
    lose() {
      away = true;
      for (const response of open) response.destroy();
    },
    back() {
      away = false;
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  });
}

function reportOf(card: RecipeCard | undefined, change: Partial<ValidationReport>): ValidationReport {
  return {
    ok: true,
    errors: [],
    warnings: [],
    recipe: card?.resolved ?? null,
    recipeSha256: '3f9a51c27be04d10a6c5f4d97c9e8b21f0d8e3a6b7c4d5e6f708192a3b4c5d6e',
    sources: [
      {
        name: 'train',
        role: 'train',
        videos: 2400,
        missing: [],
        unreadable: ['clips/harbour-117.mp4'],
        duplicates: [],
        leftOut: [],
        labels: [1.02, 4.97],
        seconds: 19_200,
      },
      {
        name: 'held-out',
        role: 'heldOut',
        videos: 512,
        missing: [],
        unreadable: [],
        duplicates: [],
        leftOut: [],
        labels: [1.1, 4.93],
        seconds: 4096,
      },
    ],
    engine: { device: 'cuda', torch: '2.13.0', gpus: 1, memoryBytes: 141e9 },
    ...change,
  };
}
