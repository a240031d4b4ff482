import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MetricRecord, Run, RunEvent } from '../../../../core/training/run.ts';
import { parseAddress } from './link.ts';
import { mergeLog } from './state.ts';
import { createTrainingStore } from './store.ts';

const run = (id: string, change: Partial<Run> = {}): Run => ({
  id,
  recipe: 'small-grpo',
  recipeSha256: 'x',
  state: 'running',
  reason: null,
  createdAt: '2026-11-21T07:00:00Z',
  updatedAt: '2026-11-21T07:00:00Z',
  stage: null,
  step: 3,
  steps: 10,
  savedStep: null,
  bestStep: null,
  latest: {},
  seconds: 9,
  ...change,
});
const metric = (step: number): MetricRecord => ({ step, stage: 0, time: step, values: { reward: step } });

/** A server of two runs; `down` refuses every connection. */
function server() {
  const lines = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
  const world = {
    down: false,
    token: 't',
    runs: [run('b', { state: 'finished' }), run('a')],
    history: [metric(1), metric(2), metric(3)],
    asked: [] as string[],
    say(id: string, event: RunEvent, n: number) {
      const text = `id: ${n}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
      lines.get(id)?.enqueue(new TextEncoder().encode(text));
    },
    cut(id: string) {
      lines.get(id)?.error(new TypeError('network'));
    },
    fetch: async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const url = new URL(String(input));
      const headers = init?.headers as Record<string, string>;
      world.asked.push(
        `${init?.method ?? 'GET'} ${url.pathname}${headers['Last-Event-ID'] ? ` from ${headers['Last-Event-ID']}` : ''}`,
      );
      if (world.down) throw new TypeError('Failed to fetch');
      const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
      if (headers.Authorization !== `Bearer ${world.token}`)
        return json({ code: 'train/token', params: {}, detail: 'no' }, 401);
      const [, , area, id, what] = url.pathname.split('/');
      if (area === 'checkpoints') return json([]);
      if (area !== 'runs') return json({ code: 'train/route', params: {} }, 404);
      if (!id) return json(world.runs);
      if (what === 'metrics') return json(world.history);
      if (what === 'log') return json([]);
      if (what === 'pause') return json(run(id, { state: 'paused' }));
      if (what === 'stop') return json({ code: 'train/state', params: { id, state: 'finished' } }, 409);
      if (what !== 'events') return json(world.runs.find((one) => one.id === id));
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => void lines.set(id, controller),
        }),
      );
    },
  };
  return world;
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const credentials = { address: 'http://127.0.0.1:7077', token: 't' };

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

async function connected() {
  const world = server();
  const training = createTrainingStore({ fetch: world.fetch });
  await training.connect(credentials);
  await settle();
  return { world, training, state: training.store.getState };
}

describe('connecting', () => {
  it('opens the run that works, with its history', async () => {
    const { training, state } = await connected();
    expect([state().phase, state().selected]).toEqual(['connected', 'a']);
    expect(state().data.get('a')?.table.steps).toEqual([1, 2, 3]);
    // The other one's curve is read too.
    expect(state().data.get('b')?.table.steps).toEqual([1, 2, 3]);
    training.disconnect();
  });
  it('says why it could not', async () => {
    const world = server();
    const training = createTrainingStore({ fetch: world.fetch });
    await training.connect({ ...credentials, token: 'wrong' });
    expect(training.store.getState()).toMatchObject({ phase: 'away', error: { code: 'train/token' } });
    world.down = true;
    await training.connect(credentials);
    expect(training.store.getState()).toMatchObject({
      phase: 'away',
      error: { code: 'train/unreachable', params: { address: '127.0.0.1:7077' } },
    });
  });
  it('does not take a page for a server', async () => {
    const fetch = async () => new Response('<!doctype html>');
    const training = createTrainingStore({ fetch });
    await training.connect(credentials);
    expect(training.store.getState().error?.code).toBe('train/unreachable');
  });
  it('refuses an answer that is not what a run looks like, and names the field', async () => {
    const fetch = async () => new Response(JSON.stringify([{ ...run('a'), step: 'three' }]));
    const training = createTrainingStore({ fetch });
    await training.connect(credentials);
    expect(training.store.getState().error).toMatchObject({
      code: 'train/answer',
      params: { field: 'runs[0].step' },
    });
  });
});

describe('following', () => {
  it('draws what streams in, and changes the line in the list', async () => {
    const { world, training, state } = await connected();
    world.say('a', { type: 'metrics', record: metric(4) }, 1);
    world.say('a', { type: 'completions', step: 4, videos: 2 }, 2);
    world.say('a', { type: 'run', run: run('a', { step: 4 }) }, 3);
    await settle(200);
    expect(state().data.get('a')).toMatchObject({ completionSteps: [4] });
    expect(state().data.get('a')?.table.steps).toEqual([1, 2, 3, 4]);
    expect(state().runs.find(({ id }) => id === 'a')?.step).toBe(4);
    training.disconnect();
  });
  it('an event it cannot read is said, and the ones after it are taken', async () => {
    const { world, training, state } = await connected();
    world.say('a', { type: 'metrics', record: { ...metric(4), step: 'x' } } as unknown as RunEvent, 1);
    world.say('a', { type: 'metrics', record: metric(4) }, 2);
    await settle(200);
    expect(state().actionError?.code).toBe('train/answer');
    expect(state().data.get('a')?.table.steps).toEqual([1, 2, 3, 4]);
    training.disconnect();
  });
  it('a lost server leaves everything where it is, and comes back by itself', async () => {
    const { world, training, state } = await connected();
    world.say('a', { type: 'metrics', record: metric(4) }, 7);
    await settle(200);
    world.down = true;
    world.cut('a');
    await settle(1);
    expect(state().lost).toMatchObject({ lastContactAt: expect.any(Number) });
    expect(state().data.get('a')?.table.steps).toEqual([1, 2, 3, 4]);
    await settle(10_000);
    expect(state().lost?.lastContactAt).toBeLessThan(Date.now() - 9000);
    world.down = false;
    world.history = [1, 2, 3, 4, 5, 6].map(metric);
    training.retry();
    await settle(20_000);
    expect(state().lost).toBeNull();
    expect(state().data.get('a')?.table.steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(world.asked.filter((line) => line.includes('/events')).at(-1)).toBe(
      'GET /api/runs/a/events from 7',
    );
    training.disconnect();
  });
});

describe('asking', () => {
  it('takes the run as the server answers', async () => {
    const { training, state } = await connected();
    await training.act('a', 'pause');
    expect(state().runs.find(({ id }) => id === 'a')?.state).toBe('paused');
    training.disconnect();
  });
  it('keeps the refusal and its numbers', async () => {
    const { training, state } = await connected();
    await training.act('b', 'stop');
    expect(state()).toMatchObject({
      acting: null,
      actionError: { code: 'train/state', params: { id: 'b', state: 'finished' } },
    });
    training.disconnect();
  });
});

describe('mergeLog', () => {
  const line = (time: number, text: string) => ({ time, source: 'driver', level: 'info', text }) as const;
  it('holds each line once, in the order of time', () => {
    const merged = mergeLog([line(1, 'a'), line(3, 'c')], [line(2, 'b'), line(3, 'c'), line(3, 'd')]);
    expect(merged.map(({ text }) => text).join('')).toBe('abcd');
  });
});

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:7077', 'http://127.0.0.1:7077'],
    [' gpu-box:80 ', 'http://gpu-box'],
    ['https://train.example', 'https://train.example'],
    ['http://[::1]:7077/', 'http://[::1]:7077'],
    ['', null],
    ['ftp://x', null],
    ['http://user:pass@x', null],
    ['http://x/path', null],
    ['http://x?token=1', null],
    ['not an address', null],
  ])('%s', (typed, origin) => expect(parseAddress(typed)).toBe(origin));
});
