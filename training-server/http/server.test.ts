import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { checkpointSchema, type Run, runSchema } from '../../core/training/run.ts';
import { type Harness, RECIPE, refusal, routesOf, startHarness } from './harness.ts';
import { openApiPath } from './openapi.ts';

const shared = process.env.VQA_SHARED ?? join(import.meta.dirname, '..', '..', '..', 'shared');
const golden = join(shared, 'golden', 'tiny');

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ events: { keepAliveMs: 40 } });
});
afterAll(() => h.close());

const json = async (response: Response): Promise<unknown> => response.json();
const started = async (): Promise<Run> => {
  const response = await h.post('/api/runs', { recipe: RECIPE });
  expect(response.status).toBe(201);
  return runSchema.parse(await response.json());
};
const record = (step: number) => ({ step, stage: 0, time: step, values: { reward: step / 10, kl: null } });
const completion = {
  step: 3,
  stage: 0,
  mos: 3,
  frames: 10,
  indices: [0, null],
  perturbation: { mode: 'reverse', indices: [1, 0] },
  completions: [
    {
      text: '<think>a</think><answer>3.00</answer>',
      tokens: 9,
      score: 3,
      format: 1,
      rank: 1,
      regression: 1,
      temporalRank: 0.3,
      temporalRegression: 0,
      reward: 3.3,
      advantage: 0.5,
    },
  ],
  perturbedCompletions: [],
};

describe('the description', () => {
  type Operation = {
    parameters: { name: string; in: string }[];
    responses: Record<string, { content: Record<string, { schema: object }> }>;
  };
  type Document = {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object> };
  };
  let document: Document;
  beforeAll(async () => {
    document = (await json(await h.ask('/api/openapi.json'))) as Document;
  });

  it('has every route with its parameters, and no other', () => {
    const routes = routesOf(h.services, '0.0.0');
    const wanted = routes.map(({ method, path }) => `${method} ${openApiPath(path)}`).sort();
    const result = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(result.sort()).toEqual(wanted);
    for (const [path, operations] of Object.entries(document.paths))
      for (const { parameters } of Object.values(operations)) {
        const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        expect(inPath.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
      }
  });

  it('names the routes that the page and the contract know', () => {
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/runs',
        '/api/runs/{id}',
        ...['pause', 'resume', 'stop', 'save', 'events', 'metrics', 'completions', 'log', 'frames'].map(
          (name) => `/api/runs/{id}/${name}`,
        ),
        '/api/checkpoints',
        '/api/checkpoints/{id}/package',
        '/api/packages/{id}/manifest.json',
        '/api/packages/{id}/files/{path}',
        '/api/recipes',
        '/api/validate',
      ]),
    );
  });

  it('refers only to what it holds, and each name is used once', () => {
    const text = JSON.stringify(document);
    const references = new Set(
      [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name),
    );
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
    const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  /** The schema of the document itself, not the one it was made of. */
  const reader = (name: string) => {
    const text = JSON.stringify({ $ref: `#/$defs/${name}`, $defs: document.components.schemas });
    return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
  };

  it('describes the answers that are sent', async () => {
    const run = await started();
    h.runs.emit(run.id, { type: 'metrics', record: record(3) });
    h.runs.addGroup(run.id, { ...completion, video: h.at('root', 'videos', 'a.mp4') });
    const lists: [string, string][] = [
      ['Run', '/api/runs'],
      ['MetricRecord', `/api/runs/${run.id}/metrics`],
      ['GroupRecord', `/api/runs/${run.id}/completions?step=3`],
      ['LogLine', `/api/runs/${run.id}/log`],
      ['RecipeCard', '/api/recipes'],
    ];
    for (const [name, path] of lists) {
      const values = (await json(await h.ask(path))) as unknown[];
      expect(values.length, path).toBeGreaterThan(0);
      for (const value of values) expect(reader(name).safeParse(value).error, path).toBeUndefined();
    }
    expect(
      reader('ValidationReport').safeParse(await json(await h.post('/api/validate', { recipe: RECIPE })))
        .success,
    ).toBe(true);
    expect(reader('Problem').safeParse(await json(await h.ask('/api/runs/none'))).success).toBe(true);
    expect(reader('Run').safeParse({ ...run, extra: 1 }).success).toBe(false);
  });
});

describe('runs', () => {
  it('are started, listed and steered', async () => {
    const run = await started();
    expect(((await json(await h.ask('/api/runs'))) as Run[])[0]!.id).toBe(run.id);
    const act = async (name: string) =>
      ((await json(await h.post(`/api/runs/${run.id}/${name}`))) as Run).state;
    expect([await act('save'), await act('pause'), await act('resume'), await act('stop')]).toEqual([
      'running',
      'paused',
      'running',
      'stopped',
    ]);
    expect(await refusal(await h.post(`/api/runs/${run.id}/pause`))).toEqual({
      status: 409,
      code: 'train/state',
      params: { id: run.id, state: 'stopped' },
    });
    expect(await json(await h.ask(`/api/runs/${run.id}/recipe`))).toMatchObject({
      name: 'tiny',
      mode: 'ours',
    });
  });

  it('an empty body is enough to steer; unknown fields are refused', async () => {
    const { id } = await started();
    const bare = await h.ask(`/api/runs/${id}/pause`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(bare.status).toBe(200);
    expect(await refusal(await h.post(`/api/runs/${id}/resume`, { from: 3 }))).toMatchObject({
      code: 'train/request',
    });
    expect((await h.post(`/api/runs/${id}/resume`, { step: 3, lrFactor: 0.5 })).status).toBe(200);
  });

  it('that are not there, and addresses that mean nothing', async () => {
    expect(await refusal(await h.ask('/api/runs/none'))).toEqual({
      status: 404,
      code: 'train/run',
      params: { id: 'none' },
    });
    expect(await refusal(await h.ask('/api/nothing'))).toMatchObject({ status: 404, code: 'train/route' });
    const wrong = await h.ask('/api/runs', { method: 'DELETE' });
    expect(wrong.headers.get('allow')).toBe('GET, POST');
    expect(await refusal(wrong)).toMatchObject({ status: 405, code: 'train/method' });
    expect(await refusal(await h.ask('/api/runs?x=1'))).toMatchObject({
      status: 400,
      params: { field: 'query.x' },
    });
    expect((await h.ask('/api/runs/none/completions?step=1&step=2')).status).toBe(400);
    expect((await h.ask('/api/runs/none/completions')).status).toBe(400);
  });

  it('metrics by range, completions by step', async () => {
    const { id } = await started();
    for (const step of [1, 2, 3, 4]) h.runs.emit(id, { type: 'metrics', record: record(step) });
    const steps = async (query: string) =>
      ((await json(await h.ask(`/api/runs/${id}/metrics${query}`))) as { step: number }[]).map(
        ({ step }) => step,
      );
    expect([await steps(''), await steps('?from=3'), await steps('?from=2&to=3')]).toEqual([
      [1, 2, 3, 4],
      [3, 4],
      [2, 3],
    ]);
    h.runs.addGroup(id, { ...completion, video: 'v' });
    expect(await json(await h.ask(`/api/runs/${id}/completions?step=3`))).toHaveLength(1);
    expect(await json(await h.ask(`/api/runs/${id}/completions?step=4`))).toEqual([]);
  });

  it('HEAD answers as GET, without the body', async () => {
    const response = await h.ask('/api/runs', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(2);
  });
});

describe('before a start', () => {
  it('the report says what there is', async () => {
    expect(await json(await h.post('/api/validate', { recipe: RECIPE }))).toMatchObject({
      ok: true,
      errors: [],
      recipe: { name: 'tiny', rules: { videosPerStep: 2 } },
      sources: [
        { name: 'clips', role: 'train', videos: 2, labels: [2, 3] },
        { name: 'held', role: 'heldOut', videos: 1, labels: [4, 4] },
      ],
      engine: { device: 'cpu', gpus: 0 },
    });
  });

  it('all faults at once, and none of them leaves anything behind', async () => {
    writeFileSync(h.at('root', 'wide.csv'), 'a.mp4,80\n');
    const recipe = {
      ...RECIPE,
      engine: { device: 'cuda' },
      model: { checkpoint: 'nowhere' },
      sources: { ...RECIPE.sources, clips: { ...RECIPE.sources.clips, file: 'wide.csv' } },
    };
    const before = h.runs.list().length;
    const report = (await json(await h.post('/api/validate', { recipe }))) as {
      ok: boolean;
      errors: { code: string }[];
    };
    expect([report.ok, report.errors.map(({ code }) => code)]).toEqual([
      false,
      ['train/gpu', 'train/missing-path', 'train/labels'],
    ]);
    const response = await h.post('/api/runs', { recipe });
    const problem = (await response.clone().json()) as {
      errors: unknown[];
      title: string;
      type: string;
      detail: string;
    };
    expect(await refusal(response)).toMatchObject({ status: 422, code: 'train/gpu' });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([problem.type, problem.errors.length]).toEqual(['urn:vqathinker:error:train/gpu', 3]);
    expect(h.runs.list()).toHaveLength(before);
  });

  it('a recipe that cannot be resolved names the field', async () => {
    const report = (await json(await h.post('/api/validate', { recipe: { ...RECIPE, seed: 'x' } }))) as {
      errors: object[];
      recipe: null;
    };
    expect(report).toMatchObject({
      ok: false,
      recipe: null,
      errors: [{ code: 'train/recipe', params: { field: 'seed' } }],
    });
  });

  it('no torch and no Python are said in words', async () => {
    for (const code of ['train/torch', 'train/python']) {
      const local = await startHarness({
        machine: async () => {
          throw new CodedError(code, { problem: 'No module named torch' });
        },
      });
      const response = await local.post('/api/runs', { recipe: RECIPE });
      expect(await refusal(response)).toMatchObject({ status: 503, code });
      await local.close();
    }
  });

  it('every recipe that ships resolves', async () => {
    const cards = (await json(await h.ask('/api/recipes'))) as {
      name: string;
      error: unknown;
      objectives: string[];
      ready: boolean;
    }[];
    expect(cards.filter(({ error }) => error !== null)).toEqual([]);
    expect(cards.map(({ name }) => name)).toContain('vqathinker-8b');
    // Its base model is no part of the repository.
    expect(cards.find(({ name }) => name === 'vqathinker-8b')?.ready).toBe(false);
  });
});

describe('events', () => {
  /** Reads a stream until it holds `count` events; comments are kept apart. */
  async function listen(id: string, headers: Record<string, string>, count: number, after = () => {}) {
    const stop = new AbortController();
    const response = await h.ask(`/api/runs/${id}/events`, { headers, signal: stop.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    after();
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (eventsOf(text).length >= count && text.includes(': alive')) break;
    }
    stop.abort();
    return { events: eventsOf(text), text };
  }

  /** Whole events with a name: number ('' without one) and name. */
  const eventsOf = (text: string) =>
    text
      .split('\n\n')
      .slice(0, -1)
      .filter((event) => /^event: /m.test(event))
      .map((event) => [/^id: (.*)$/m.exec(event)?.[1] ?? '', /^event: (.*)$/m.exec(event)![1]]);

  it('begin with the run as it is, go on with numbers, and stay awake', async () => {
    const { id } = await started();
    const { events, text } = await listen(id, {}, 3, () => {
      h.runs.emit(id, { type: 'metrics', record: record(1) });
      h.runs.emit(id, { type: 'checkpoint', step: 1, best: true });
    });
    expect(events).toEqual([
      ['', 'run'],
      ['2', 'metrics'],
      ['3', 'checkpoint'],
    ]);
    expect(text).toMatch(/^retry: 2000$/m);
    await expect.poll(() => h.events.clients).toBe(0);
  });

  it('HEAD does not stay', async () => {
    const { id } = await started();
    const response = await h.ask(`/api/runs/${id}/events`, { method: 'HEAD' });
    expect([response.status, h.events.clients]).toEqual([200, 0]);
    expect((await h.ask('/api/runs/none/events', { method: 'HEAD' })).status).toBe(404);
  });

  it('that were missed come first, once each', async () => {
    const { id } = await started();
    for (const step of [1, 2, 3]) h.runs.emit(id, { type: 'metrics', record: record(step) });
    const { events } = await listen(id, { 'Last-Event-ID': '2' }, 4, () =>
      h.runs.emit(id, { type: 'metrics', record: record(4) }),
    );
    expect(events.map(([number]) => number)).toEqual(['', '3', '4', '5']);
  });
});

describe('frames', () => {
  it('are pictures of the videos that were answered about', async () => {
    const { id } = await started();
    const video = h.at('root', 'videos', 'a.mp4');
    h.runs.addGroup(id, { ...completion, video });
    h.runs.addGroup(id, { ...completion, video: h.at('root', 'videos', 'b.mp4') });
    for (const name of ['a', 'b']) {
      const query = new URLSearchParams({ video: h.at('root', 'videos', `${name}.mp4`), index: '7' });
      const response = await h.ask(`/api/runs/${id}/frames?${query}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      expect(await response.text()).toMatch(new RegExp(`${name}\\.mp4#7$`));
    }
  });

  it('of a run that went back to a checkpoint: its record is shorter, then another', async () => {
    const { id } = await started();
    const at = (name: string) => h.at('root', 'videos', `${name}.mp4`);
    const status = async (name: string) =>
      (await h.ask(`/api/runs/${id}/frames?${new URLSearchParams({ video: at(name), index: '0' })}`)).status;
    const record = join(h.runs.folder(id), 'completions.jsonl');
    for (const name of ['a', 'b']) h.runs.addGroup(id, { ...completion, video: at(name) });
    expect([await status('a'), await status('b'), await status('c')]).toEqual([200, 200, 404]);
    writeFileSync(record, '');
    expect(await status('a')).toBe(404);
    h.runs.addGroup(id, { ...completion, video: at('a') });
    expect(await status('a')).toBe(200);
    // As long as before or longer, and no line begins where reading stopped.
    const longer = JSON.stringify({ ...completion, video: at('c'), mos: 3.123456789 });
    writeFileSync(record, `${longer}\n${longer}\n`);
    expect([await status('a'), await status('c')]).toEqual([404, 200]);
  });
});

describe('the page', () => {
  it('is served with isolation and policy, without a token', async () => {
    const response = await fetch(`${h.address}/`);
    expect(await response.text()).toContain('<title>page</title>');
    expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect((await fetch(`${h.address}/nothing.js`)).status).toBe(404);
  });
});

describe.skipIf(!existsSync(golden))('packages of a checkpoint', () => {
  const checkpoint = async (id: string) =>
    z
      .array(checkpointSchema)
      .parse(await json(await h.ask('/api/checkpoints')))
      .find((one) => one.id === id)!;
  const finished = async (id: string) => {
    await expect
      .poll(async () => (await checkpoint(id)).package?.state, { timeout: 60_000, interval: 200 })
      .not.toBe('making');
    return checkpoint(id);
  };

  it('are made in the background, listed with their progress, and served by ranges', async () => {
    const run = await started();
    const createdAt = '2026-01-01T00:00:00.000Z';
    h.runs.addCheckpoint(run.id, {
      run: run.id,
      step: 40,
      best: true,
      last: true,
      createdAt,
      bytes: 1000,
      metrics: { 'eval/srcc': 0.5 },
      model: golden,
    });
    const id = `${run.id}:40`;
    expect(await checkpoint(id)).toMatchObject({
      run: run.id,
      step: 40,
      package: null,
      metrics: { 'eval/srcc': 0.5 },
    });
    const begun = await h.post(`/api/checkpoints/${encodeURIComponent(id)}/package`, { variants: 'wasm:q8' });
    expect(begun.status).toBe(202);
    expect(checkpointSchema.parse(await json(begun)).package).toMatchObject({ state: 'making' });
    const { package: made } = await finished(id);
    expect(made).toMatchObject({ state: 'ready', done: 1 });
    const manifest = (await json(await h.ask(`/api/packages/${made!.id}/manifest.json`))) as {
      files: { path: string; bytes: number; sha256: string }[];
      name: string;
    };
    expect(manifest.name).toBe('tiny, step 40');
    expect(JSON.stringify(manifest)).not.toContain(h.at());
    const file = manifest.files.find(({ path }) => path.endsWith('.onnx'))!;
    const get = (headers: Record<string, string>) =>
      h.ask(`/api/packages/${made!.id}/files/${file.path}`, { headers });
    const whole = Buffer.from(await (await get({})).arrayBuffer());
    expect(whole).toHaveLength(file.bytes);
    const digest = await crypto.subtle.digest('SHA-256', whole);
    expect(Buffer.from(digest).toString('hex')).toBe(file.sha256);
    const part = await get({ Range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${file.bytes}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(10, 20));
    // A part of another version is not put behind what is there.
    expect((await get({ Range: 'bytes=10-19', 'If-Range': '"other"' })).status).toBe(200);
    expect((await get({ Range: 'bytes=10-19', 'If-Range': `"${file.sha256}"` })).status).toBe(206);
    const beyond = await get({ Range: `bytes=${file.bytes}-` });
    expect(beyond.headers.get('content-range')).toBe(`bytes */${file.bytes}`);
    expect(await refusal(beyond)).toMatchObject({ status: 416, code: 'train/range' });
    expect((await get({ 'If-None-Match': `"${file.sha256}"` })).status).toBe(304);
    // Asked again it is there already.
    expect(
      checkpointSchema.parse(await json(await h.post(`/api/checkpoints/${encodeURIComponent(id)}/package`)))
        .package?.state,
    ).toBe('ready');
  });

  it('that fail say so, leave nothing, and can be tried again', async () => {
    const run = await started();
    const broken = h.at('broken');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'config.json'), '{"model_type": "internvl_chat"}');
    h.runs.addCheckpoint(run.id, {
      run: run.id,
      step: 1,
      best: false,
      last: true,
      createdAt: new Date().toISOString(),
      bytes: 1,
      metrics: {},
      model: broken,
    });
    const id = `${run.id}:1`;
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await h.post(`/api/checkpoints/${encodeURIComponent(id)}/package`)).status).toBe(202);
      expect((await finished(id)).package).toMatchObject({ state: 'failed' });
    }
    const { package: failed } = await checkpoint(id);
    expect(failed?.error?.code).toMatch(/^convert\//);
    expect(errorMessage(CodedError.fromData(failed!.error!))).toMatch(/no weights in the folder/);
    const gone = await h.post(`/api/checkpoints/${encodeURIComponent('no:1')}/package`);
    expect(await refusal(gone)).toMatchObject({ status: 404, code: 'train/checkpoint-id' });
    const odd = await h.post(`/api/checkpoints/${encodeURIComponent(id)}/package`, { variants: 'webgpu:q3' });
    expect(await refusal(odd)).toMatchObject({ status: 400, code: 'train/request' });
  });

  it('in the making when the server leaves are gone; what a kill left is removed', async () => {
    const own = await startHarness();
    const request = {
      checkpoint: 'a:1',
      folder: golden,
      createdAt: new Date(0).toISOString(),
      name: 'a',
      variants: 'wasm:fp32',
      range: [1, 5],
    } as const;
    await own.packages.make(request);
    await expect.poll(() => existsSync(own.at('packages'))).toBe(true);
    await own.packages.close();
    expect(readdirSync(own.at('packages')).filter((name) => name.includes('partial'))).toEqual([]);
    await expect(own.packages.make(request)).rejects.toMatchObject({ code: 'train/closing' });
    // Named as the converter names them: whose process is gone, and whose lives.
    const dead = spawnSync(process.execPath, ['--version']).pid;
    for (const pid of [dead, process.pid])
      mkdirSync(own.at('packages', `a-1.partial-00ff00ff-${pid}`, 'onnx'), { recursive: true });
    await own.packages.tidy();
    expect(readdirSync(own.at('packages')).filter((name) => name.includes('partial'))).toEqual([
      `a-1.partial-00ff00ff-${process.pid}`,
    ]);
    await own.close();
  });

  it('folders below a root are offered too, by their path', async () => {
    cpSync(golden, h.at('root', 'models', 'tiny'), { recursive: true });
    expect(await checkpoint('models/tiny')).toMatchObject({ run: null, step: null, package: null });
    const begun = await h.post(`/api/checkpoints/${encodeURIComponent('models/tiny')}/package`, {
      variants: 'wasm:q8',
    });
    expect(begun.status).toBe(202);
    expect((await finished('models/tiny')).package?.state).toBe('ready');
    rmSync(h.at('root', 'models'), { recursive: true });
    expect(await checkpoint('models/tiny')).toBeUndefined();
  });
});
