import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../core/errors.ts';
import type { BatchModel } from '../../../../core/files/batch.ts';
import { type BatchStorage, createMemoryStorage } from './storage.ts';
import { type BatchAnswer, type BatchEngine, type BatchVideo, createBatchStore } from './store.ts';

const model: BatchModel = {
  name: 'stub',
  manifestSha256: 'a'.repeat(64),
  dtype: 'q8',
  target: 'wasm',
  backend: 'wasm',
  adapter: '',
  range: [1, 5],
};
const settings = { profile: 'small', sampling: 'greedy', maxTokens: 16 } as const;
const answer = (score: number | null): BatchAnswer => ({
  score,
  text: `<answer>${score}</answer>`,
  tokens: 3,
  named: [],
  thumbnail: null,
  ...(score === null ? { reason: 'not-a-number' } : {}),
});
const videos = (n: number): BatchVideo[] =>
  Array.from({ length: n }, (_, i) => ({
    path: `set/${i}.mp4`,
    file: new File([`${i}`], `${i}.mp4`, { lastModified: 1 }),
  }));
const table = (n: number) => ({
  name: 'scores.csv',
  text: ['path,mos', ...Array.from({ length: n }, (_, i) => `${i}.mp4,${i}.50`)].join('\n'),
});

function engine(assess: BatchEngine['assess'], now = model): BatchEngine {
  return { ready: async () => ({ model: now, settings }), assess };
}
const numbered = engine(async (file) => answer(1 + (Number.parseInt(file.name, 10) % 5)));

describe('queue', () => {
  test('a thousand videos with their scores, each answered once and kept', async () => {
    const storage = createMemoryStorage();
    const asked = new Map<string, number>();
    const batch = createBatchStore({
      storage,
      engine: engine(async (file) => {
        asked.set(file.name, (asked.get(file.name) ?? 0) + 1);
        return answer(3);
      }),
    });
    await batch.add(videos(1000), [table(1000)]);
    expect(batch.store.getState()).toMatchObject({
      phase: 'checked',
      check: { withoutScore: 0, withoutVideo: [] },
    });
    await batch.start();
    const { rows, phase } = batch.store.getState();
    expect(phase).toBe('done');
    expect(rows.every(({ state, score }) => state === 'done' && score === 3)).toBe(true);
    expect(rows[7]).toMatchObject({ mos: 7.5, written: '7.50' });
    expect([...asked.values()].every((n) => n === 1)).toBe(true);
    expect((await storage.read())?.rows).toEqual(rows);
  });

  test('scores without videos and videos without scores are told before anything runs', async () => {
    const batch = createBatchStore({ storage: createMemoryStorage(), engine: numbered });
    await batch.add(videos(3), [{ name: 't.csv', text: 'path,mos\n0.mp4,1\n1.mp4,n/a\n9.mp4,2' }]);
    expect(batch.store.getState().check).toMatchObject({
      withoutVideo: ['9.mp4'],
      withoutScore: 2,
      faults: [{ table: 't.csv', line: 3 }],
    });
  });

  test('a video that fails and an answer that cannot be read cost their rows; no score is made up', async () => {
    const batch = createBatchStore({
      storage: createMemoryStorage(),
      engine: engine(async (file) => {
        if (file.name === '1.mp4') throw new CodedError('media/codec', { codec: 'HEVC' });
        return answer(file.name === '2.mp4' ? null : 4);
      }),
    });
    await batch.add(videos(4), []);
    await batch.start();
    const { rows } = batch.store.getState();
    expect(rows.map(({ state, score }) => [state, score])).toEqual([
      ['done', 4],
      ['failed', null],
      ['no-score', null],
      ['done', 4],
    ]);
    expect(rows[1]?.error).toMatchObject({ code: 'media/codec', params: { codec: 'HEVC' } });
    await batch.retry(['set/1.mp4']);
    expect(batch.store.getState()).toMatchObject({ phase: 'paused' });
  });

  test('pause leaves the running video for its next turn; a new page goes on where the old one stopped', async () => {
    const storage = createMemoryStorage();
    let held: (() => void) | undefined;
    const first = createBatchStore({
      storage,
      engine: engine((file, signal) => {
        if (file.name !== '2.mp4') return Promise.resolve(answer(2));
        return new Promise((_, fail) => {
          signal.addEventListener('abort', () => fail(signal.reason));
          held?.();
        });
      }),
    });
    await first.add(videos(5), []);
    const reached = new Promise<void>((done) => {
      held = done;
    });
    const run = first.start();
    await reached;
    expect((await storage.read())?.head.running).toBe(true);
    await first.pause();
    await run;
    expect(first.store.getState().rows.map(({ state }) => state)).toEqual([
      'done',
      'done',
      'waiting',
      'waiting',
      'waiting',
    ]);

    const second = createBatchStore({ storage, engine: numbered });
    await second.restore();
    // Memory has no handles: the folder must be given again.
    expect(second.store.getState()).toMatchObject({ phase: 'access', model });
    await second.add(videos(5), []);
    expect(second.store.getState().phase).toBe('paused');
    await second.start();
    expect(second.store.getState().rows.map(({ score }) => score)).toEqual([2, 2, 3, 4, 5]);
  });

  test('only videos of a folder that the browser opens again are safe to leave', async () => {
    const batch = createBatchStore({ storage: createMemoryStorage(), engine: numbered });
    await batch.add(videos(1), []);
    expect(batch.store.getState().retained).toEqual(new Set());
    await batch.add(flat(2), [], 'set', folder([], { query: 'granted', request: 'granted' }));
    expect(batch.store.getState().retained).toEqual(new Set(['0.mp4', '1.mp4']));
    const undo = await batch.clear();
    await undo();
    expect(batch.store.getState().retained.size).toBe(2);
  });

  test('a table that comes while a video is assessed gives it its human score', async () => {
    const batch = createBatchStore({
      storage: createMemoryStorage(),
      engine: engine(async () => {
        await batch.add([], [table(1)]);
        return answer(3);
      }),
    });
    await batch.add(videos(1), []);
    await batch.start();
    expect(batch.store.getState().rows).toMatchObject([
      { state: 'done', score: 3, mos: 0.5, written: '0.50' },
    ]);
  });

  /** A folder as the browser gives it, which asks before it is read. */
  function folder(files: readonly File[], answer: { query: string; request: string }) {
    const entries = files.map((file) => [file.name, { kind: 'file', getFile: async () => file }] as const);
    return {
      kind: 'directory',
      name: 'set',
      queryPermission: async () => answer.query,
      requestPermission: async () => answer.request,
      async *entries() {
        yield* entries;
      },
    } as unknown as FileSystemDirectoryHandle;
  }
  const flat = (n: number): BatchVideo[] => videos(n).map(({ file }) => ({ path: file.name, file }));

  test('a kept folder: asked for when the browser asks, read where it does not; other bytes are another video', async () => {
    const storage = createMemoryStorage();
    const asked = { query: 'prompt', request: 'denied' };
    const given = flat(3);
    const changed = new File(['longer'], '2.mp4');
    const handle = folder([...given.slice(0, 2).map(({ file }) => file), changed], asked);
    await createBatchStore({ storage, engine: numbered }).add(given, [], 'set', handle);

    const second = createBatchStore({ storage, engine: numbered });
    await second.restore();
    expect(second.store.getState()).toMatchObject({ phase: 'access', locked: ['set'] });
    await second.giveAccess();
    expect(second.store.getState()).toMatchObject({ phase: 'access', locked: ['set'] });
    asked.request = 'granted';
    await second.giveAccess();
    // The third is not the video that was there: the person is asked for it, and no lock stands before the folder.
    expect(second.store.getState()).toMatchObject({ phase: 'access', locked: [] });
    expect([...second.store.getState().present]).toEqual(['0.mp4', '1.mp4']);

    asked.query = 'granted';
    await createBatchStore({ storage, engine: numbered }).add(given.slice(0, 2), [], 'set', handle);
    const third = createBatchStore({ storage, engine: numbered });
    await third.restore();
    expect(third.store.getState()).toMatchObject({ phase: 'checked', locked: [] });
  });

  test('what is no fault of a video stops the queue and loses nothing', async () => {
    const batch = createBatchStore({
      storage: createMemoryStorage(),
      engine: engine(async (file) => {
        if (file.name === '1.mp4') throw new CodedError('run/device');
        return answer(5);
      }),
    });
    await batch.add(videos(3), []);
    await batch.start();
    expect(batch.store.getState()).toMatchObject({ phase: 'paused', error: { code: 'run/device' } });
    expect(batch.store.getState().rows.map(({ state }) => state)).toEqual(['done', 'waiting', 'waiting']);
  });

  test('answers of two models are never mixed', async () => {
    const storage = createMemoryStorage();
    const first = createBatchStore({ storage, engine: numbered });
    await first.add(videos(2), []);
    await first.start();
    const other = { ...model, name: 'other', manifestSha256: 'b'.repeat(64) };
    const second = createBatchStore({ storage, engine: engine(async () => answer(1), other) });
    await second.restore();
    await second.add(videos(3), []);
    await second.start();
    expect(second.store.getState().error).toMatchObject({
      code: 'batch/model',
      params: { was: 'stub', now: 'other' },
    });
    await second.restart();
    await second.start();
    expect(second.store.getState().rows.map(({ score }) => score)).toEqual([1, 1, 1]);
  });

  test('a shelf that refuses: the queue runs on and the page says that nothing is kept', async () => {
    const full = async () => Promise.reject(new DOMException('', 'QuotaExceededError'));
    const storage: BatchStorage = {
      ...createMemoryStorage(),
      begin: full,
      writeRow: full,
      writeHead: full,
      writeRows: full,
    };
    const batch = createBatchStore({ storage, engine: numbered });
    await batch.add(videos(2), []);
    await batch.start();
    expect(batch.store.getState()).toMatchObject({ phase: 'done', persistent: false });
  });

  test('a thumbnail is there with the answer of its row, before it is stored', async () => {
    const storage = createMemoryStorage();
    const seen: (Blob | null)[] = [];
    const batch = createBatchStore({
      storage: {
        ...storage,
        writeRow: async (...all) => {
          seen.push(await batch.thumbnail(all[0].path));
          await storage.writeRow(...all);
        },
      },
      engine: engine(async () => ({ ...answer(3), thumbnail: new Blob(['x']) })),
    });
    await batch.add(videos(2), []);
    await batch.start();
    expect(seen).toEqual([expect.any(Blob), expect.any(Blob)]);
    expect(await batch.thumbnail('set/0.mp4')).toBeInstanceOf(Blob);
  });

  test('rows are on their way until the shelf has them', async () => {
    const storage = createMemoryStorage();
    let arrived = () => {};
    const slow = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const batch = createBatchStore({
      storage: { ...storage, begin: (...all) => slow.then(() => storage.begin(...all)) },
      engine: numbered,
    });
    const added = batch.add(videos(2), []);
    await Promise.resolve();
    expect(batch.store.getState()).toMatchObject({ phase: 'checked', saving: true });
    expect(await storage.read()).toBeNull();
    arrived();
    await added;
    expect(batch.store.getState()).toMatchObject({ persistent: true, saving: false });
    expect((await storage.read())?.rows).toHaveLength(2);
  });

  test('what comes while an earlier visit is being read is added to it', async () => {
    const storage = createMemoryStorage();
    const first = createBatchStore({ storage, engine: numbered });
    await first.add(videos(2), []);
    await first.start();
    const second = createBatchStore({ storage, engine: numbered });
    await Promise.all([second.restore(), second.add(videos(3), [])]);
    expect(second.store.getState().rows.map(({ state }) => state)).toEqual(['done', 'done', 'waiting']);
    expect((await storage.read())?.rows).toHaveLength(3);
  });

  test('small pictures outlive more videos and an undone clear; another video under the path has none', async () => {
    const storage = createMemoryStorage();
    const thumbnail = new Blob(['jpeg']);
    const batch = createBatchStore({
      storage,
      engine: engine(async () => ({ ...answer(3), thumbnail })),
    });
    await batch.add(videos(2), []);
    await batch.start();
    await batch.add([...videos(1), { path: 'set/1.mp4', file: new File(['another'], '1.mp4') }], []);
    expect(await batch.thumbnail('set/0.mp4')).toBe(thumbnail);
    expect(await batch.thumbnail('set/1.mp4')).toBeNull();
    const undo = await batch.clear();
    expect(await batch.thumbnail('set/0.mp4')).toBeNull();
    await undo();
    expect(await batch.thumbnail('set/0.mp4')).toBe(thumbnail);
  });

  test('a row skipped while it runs stays skipped; a cleared batch comes back', async () => {
    const batch = createBatchStore({
      storage: createMemoryStorage(),
      engine: engine(async () => {
        await batch.skip(['set/0.mp4']);
        return answer(3);
      }),
    });
    await batch.add(videos(1), []);
    await batch.start();
    expect(batch.store.getState().rows[0]).toMatchObject({ state: 'skipped', score: null });
    const undo = await batch.clear();
    expect(batch.store.getState().phase).toBe('empty');
    await undo();
    expect(batch.store.getState().rows).toHaveLength(1);
  });
});
