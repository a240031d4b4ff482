/**
 * The Batch page as data: a queue of videos, one assessed at a time, each row kept the moment it is known. A row that
 * fails costs that row; pausing or losing the page costs the video that was running and nothing else.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import type { BatchFile, BatchModel, BatchRow, BatchSettings } from '../../../../core/files/batch.ts';
import { type RatedVideo, type RowFault, readScoreTable } from '../../../../core/files/human-scores.ts';
import { matchScores } from '../../../../core/files/video-match.ts';
import { filesBelow, mayRead } from '../../../assessment/model/folder-handles.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import type { BatchHead, BatchStorage, Folders } from './storage.ts';

/**
 * `checked`: rows are there and nothing has run; `access`: rows are there from an earlier visit and the browser does not
 * yet let the page read their files.
 */
export type BatchPhase = 'empty' | 'checked' | 'running' | 'paused' | 'access' | 'done';

export interface BatchVideo {
  readonly path: string;
  readonly file: File;
}

/** What was found before anything runs. */
export interface BatchCheck {
  readonly tables: readonly string[];
  readonly withoutVideo: readonly string[];
  readonly ambiguous: readonly string[];
  readonly withoutScore: number;
  readonly faults: readonly (RowFault & { readonly table: string })[];
}

export interface BatchState {
  readonly phase: BatchPhase;
  readonly name: string;
  readonly createdAt: string;
  readonly model: BatchModel | null;
  readonly settings: BatchSettings | null;
  readonly rows: readonly BatchRow[];
  readonly check: BatchCheck | null;
  /** Paths of rows whose file is at hand. */
  readonly present: ReadonlySet<string>;
  /** Folders of an earlier visit whose files the browser gives when the person allows it, by name. */
  readonly locked: readonly string[];
  /** Running mean of seconds a video, null before the first. */
  readonly pace: number | null;
  /** A fault of the whole queue (model, storage); a fault of one video stands in its row. */
  readonly error: CodedErrorData | null;
  /** False: the browser keeps nothing, or refused to, and closing the page loses the rows. */
  readonly persistent: boolean;
  /** The rows are on their way to where they outlive the page: closing it now loses them. */
  readonly saving: boolean;
}

/** What an engine makes of one file. */
export interface BatchAnswer {
  readonly score: number | null;
  readonly reason?: string;
  readonly expected?: number;
  readonly text: string;
  readonly tokens: number;
  readonly named: readonly string[];
  readonly sha256?: string;
  readonly thumbnail: Blob | null;
}

export interface BatchEngine {
  /** Ready to answer; which model and settings that will be. */
  ready(): Promise<{ readonly model: BatchModel; readonly settings: BatchSettings }>;
  assess(file: File, signal: AbortSignal): Promise<BatchAnswer>;
}

export interface BatchDependencies {
  readonly engine: BatchEngine;
  readonly storage: BatchStorage;
  readonly now?: () => number;
}

const EMPTY: BatchState = {
  phase: 'empty',
  name: '',
  createdAt: '',
  model: null,
  settings: null,
  rows: [],
  check: null,
  present: new Set(),
  locked: [],
  pace: null,
  error: null,
  persistent: true,
  saving: false,
};

/** Weight of the newest video in the running mean of the pace. */
const NEWEST = 0.2;

/** These do not belong to one video: the queue stops, the row waits for its next turn. */
const OF_THE_QUEUE = /^(model\/|run\/(worker|device|memory)$)/;

const blank = ({ path, file }: BatchVideo): BatchRow => ({
  path,
  bytes: file.size,
  modified: file.lastModified,
  state: 'waiting',
  score: null,
  named: [],
});

/** A row as it was before anything ran. */
function fresh(row: BatchRow): BatchRow {
  const { path, bytes, modified, mos, written, dataset } = row;
  return {
    path,
    bytes,
    modified,
    state: 'waiting',
    score: null,
    named: [],
    ...(mos === undefined ? {} : { mos }),
    ...(written === undefined ? {} : { written }),
    ...(dataset === undefined ? {} : { dataset }),
  };
}

const sameModel = (a: BatchModel, b: BatchModel) =>
  a.manifestSha256 === b.manifestSha256 && a.dtype === b.dtype && a.target === b.target;

export function createBatchStore({ engine, storage, now = () => Date.now() }: BatchDependencies) {
  const store = createStore<BatchState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<BatchState>) => store.setState(change);
  const files = new Map<string, File>();
  let folders: Folders = new Map();
  let controller: AbortController | null = null;
  let finished: Promise<void> = Promise.resolve();
  let restored: Promise<boolean> = Promise.resolve(false);
  let writers = 0;

  /** What the browser refuses to keep stays on the page, and the page says so. */
  async function keep(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch {
      set({ persistent: false });
    }
  }

  /** As `keep`, for all rows at once: until it is done the page does not say that it may be closed. */
  async function keepAll(work: () => Promise<void>): Promise<void> {
    writers += 1;
    set({ saving: true });
    await keep(work);
    writers -= 1;
    set({ saving: writers > 0 });
  }

  const head = (): BatchHead => {
    const { createdAt, name, model, settings, phase } = get();
    return { createdAt, name, model, settings, running: phase === 'running' };
  };

  function replace(row: BatchRow): void {
    set({ rows: get().rows.map((old) => (old.path === row.path ? row : old)) });
  }

  function present(): ReadonlySet<string> {
    return new Set(files.keys());
  }

  /**
   * Takes videos and score tables; both may come in portions and in any order. Nothing runs yet.
   *
   * @param handle of the folder `name`, kept for the visit after a reload
   */
  async function add(
    videos: readonly BatchVideo[],
    tables: readonly { readonly name: string; readonly text: string }[],
    name = '',
    handle?: FileSystemDirectoryHandle,
  ): Promise<void> {
    // What comes while an earlier visit's rows are still being read is added to them, not put in their place.
    await restored;
    const old = get();
    for (const video of videos) files.set(video.path, video.file);
    if (handle && videos.length > 0) folders = new Map(folders).set(name, handle);
    const rowOf = new Map(old.rows.map((row) => [row.path, row]));
    for (const video of videos) {
      const row = rowOf.get(video.path);
      // The same path with other bytes is another video.
      if (!row || row.bytes !== video.file.size) rowOf.set(video.path, blank(video));
    }
    let rows = [...rowOf.values()];
    let check = old.check;
    if (tables.length > 0 || check) {
      const read = tables.map((table) => ({ ...readScoreTable(table.text), table: table.name }));
      const rated = read.flatMap((table) => table.rows);
      const matched = match(rows, rated);
      rows = matched.rows;
      check = {
        tables: [...(check?.tables ?? []), ...tables.map((table) => table.name)],
        withoutVideo: tables.length > 0 ? matched.withoutVideo : (check?.withoutVideo ?? []),
        ambiguous: tables.length > 0 ? matched.ambiguous : (check?.ambiguous ?? []),
        withoutScore: rows.filter(({ mos }) => mos === undefined).length,
        faults: [
          ...(check?.faults ?? []),
          ...read.flatMap(({ faults, table }) => faults.map((fault) => ({ ...fault, table }))),
        ],
      };
    }
    const isNew = old.phase === 'empty';
    set({
      rows,
      check,
      present: present(),
      error: null,
      ...(isNew ? { createdAt: new Date(now()).toISOString(), name: name || 'Batch' } : {}),
      ...(old.phase === 'running'
        ? {}
        : { phase: rows.length === 0 && check === null ? 'empty' : settledPhase(rows) }),
    });
    await keepAll(() => (isNew ? storage.begin : storage.extend)(head(), rows, folders));
  }

  function match(rows: readonly BatchRow[], rated: readonly RatedVideo[]) {
    const { scoreOf, withoutVideo, ambiguous } = matchScores(
      rows.map(({ path }) => path),
      rated.map(({ path }) => path),
    );
    return {
      rows: rows.map((row, i) => {
        const at = scoreOf[i];
        if (at == null) return row;
        const { mos, written, dataset } = rated[at] as RatedVideo;
        return { ...row, mos, written, ...(dataset === undefined ? {} : { dataset }) };
      }),
      withoutVideo: withoutVideo.map((j) => (rated[j] as RatedVideo).path),
      ambiguous: ambiguous.map((j) => (rated[j] as RatedVideo).path),
    };
  }

  const settledPhase = (rows: readonly BatchRow[]): BatchPhase => {
    if (rows.every(({ state }) => state !== 'waiting' && state !== 'running')) return 'done';
    if (rows.some((row) => row.state === 'waiting' && !files.has(row.path))) return 'access';
    return rows.some(({ state }) => state !== 'waiting') ? 'paused' : 'checked';
  };

  /** Runs what waits and whose file is at hand, in the order of the rows. Resolves when nothing runs any more. */
  function start(): Promise<void> {
    if (controller) return finished;
    const started = new AbortController();
    controller = started;
    set({ phase: 'running', error: null });
    finished = run(started.signal).finally(async () => {
      controller = null;
      set({ phase: settledPhase(get().rows) });
      await keep(() => storage.writeHead(head()));
    });
    return finished;
  }

  async function run(signal: AbortSignal): Promise<void> {
    try {
      const { model, settings } = await engine.ready();
      const before = get().model;
      if (before && !sameModel(before, model)) {
        throw new CodedError('batch/model', { was: before.name, now: model.name });
      }
      set({ model, settings });
      await keep(() => storage.writeHead(head()));
      while (!signal.aborted) {
        const row = get().rows.find(({ state, path }) => state === 'waiting' && files.has(path));
        if (!row) return;
        await one(row, signal);
      }
    } catch (error) {
      if (!isAbort(error)) set({ error: toErrorData(error) });
    }
  }

  async function one(row: BatchRow, signal: AbortSignal): Promise<void> {
    replace({ ...row, state: 'running' });
    const from = now();
    let thumbnail: Blob | null = null;
    let next: BatchRow;
    try {
      const answer = await engine.assess(files.get(row.path) as File, signal);
      const { score, reason, expected, text, tokens, named, sha256 } = answer;
      const seconds = (now() - from) / 1000;
      thumbnail = answer.thumbnail;
      next = {
        ...fresh(row),
        state: score === null ? 'no-score' : 'done',
        score,
        text,
        tokens,
        named: [...named],
        seconds,
        ...(reason === undefined ? {} : { reason }),
        ...(expected === undefined ? {} : { expected }),
        ...(sha256 === undefined ? {} : { sha256 }),
      };
      const { pace } = get();
      set({ pace: pace === null ? seconds : pace + NEWEST * (seconds - pace) });
    } catch (error) {
      const data = toErrorData(error);
      if (isAbort(error) || signal.aborted || OF_THE_QUEUE.test(data.code)) {
        replace(fresh(row));
        throw error;
      }
      next = { ...fresh(row), state: 'failed', error: { ...data, params: { ...data.params } } };
    }
    // The person may have skipped it while it ran.
    if (get().rows.find(({ path }) => path === row.path)?.state !== 'running') return;
    replace(next);
    await keep(() => storage.writeRow(next, thumbnail));
  }

  /** Stops within one token; the video that ran waits for its next turn. */
  async function pause(): Promise<void> {
    controller?.abort(new DOMException('paused', 'AbortError'));
    await finished;
  }

  /** Changes rows by path; resolves when they are kept. */
  async function change(paths: readonly string[], to: (row: BatchRow) => BatchRow): Promise<void> {
    const chosen = new Set(paths);
    const changed: BatchRow[] = [];
    const rows = get().rows.map((row) => {
      if (!chosen.has(row.path)) return row;
      const next = to(row);
      changed.push(next);
      return next;
    });
    set({ rows, ...(controller ? {} : { phase: settledPhase(rows) }) });
    await keep(() => storage.writeRows(changed));
  }

  return {
    store,
    add,
    start,
    pause,
    /** Runs again: rows that failed, had no readable answer or were skipped. */
    retry: (paths: readonly string[]) => change(paths, fresh),
    skip: (paths: readonly string[]) =>
      change(paths, (row) => (row.state === 'done' ? row : { ...fresh(row), state: 'skipped' })),
    /** Forgets all answers and keeps the videos: the way to go on with another model. */
    async restart() {
      await pause();
      set({ model: null, settings: null, pace: null, error: null });
      await change(
        get().rows.map(({ path }) => path),
        fresh,
      );
      await keep(() => storage.writeHead(head()));
    },
    /** What an earlier visit left. Its files are at hand only where the browser still gives them without asking. */
    restore(): Promise<boolean> {
      restored = takeBack();
      return restored;
    },
    /** Asks the browser for the folders of an earlier visit; must be called from a click. What waits goes on. */
    async giveAccess(): Promise<void> {
      await reach('request');
      if (get().phase === 'paused' || get().phase === 'checked') await start();
    },
    /** The file of a row, where it is at hand. */
    file: (path: string): File | null => files.get(path) ?? null,
    thumbnail: (path: string) => storage.thumbnail(path).catch(() => null),
    /** @returns what puts it back, for Undo */
    async clear(): Promise<() => Promise<void>> {
      await pause();
      const old = get();
      const oldFiles = new Map(files);
      const oldFolders = folders;
      const thumbnails = await storage.thumbnails().catch(() => new Map());
      files.clear();
      folders = new Map();
      set({ ...EMPTY });
      await keep(() => storage.clear());
      return async () => {
        for (const [path, file] of oldFiles) files.set(path, file);
        folders = oldFolders;
        set(old);
        await keepAll(() => storage.begin(head(), old.rows, folders, thumbnails));
      };
    },
    /** Shows a benchmark file in place of what is there. */
    async open(file: BatchFile): Promise<void> {
      await pause();
      files.clear();
      folders = new Map();
      const { name, createdAt, model, settings, rows } = file;
      set({ ...EMPTY, name, createdAt, model, settings, rows, phase: settledPhase(rows) });
      await keepAll(() => storage.begin(head(), rows, folders));
    },
  };

  async function takeBack(): Promise<boolean> {
    const stored = await storage.read().catch(() => null);
    if (!stored || get().phase !== 'empty') return false;
    folders = stored.folders;
    const rows = stored.rows.map((row) => (row.state === 'running' ? fresh(row) : row));
    const { createdAt, name, model, settings } = stored.head;
    set({ createdAt, name, model, settings, rows });
    await reach('query');
    return stored.head.running;
  }

  /** Takes the files of rows from the kept folders; another size under the same path is another video. */
  async function reach(how: 'query' | 'request'): Promise<void> {
    const { rows } = get();
    const bytes = new Map(rows.map((row) => [row.path, row.bytes]));
    const locked: string[] = [];
    for (const [name, folder] of folders) {
      if (!(await mayRead(folder, how))) {
        locked.push(name);
        continue;
      }
      // A folder that was moved has no files any more: the person is asked for it.
      for (const { path, file } of await filesBelow(folder).catch(() => []))
        if (bytes.get(path) === file.size) files.set(path, file);
    }
    set({ locked, present: present(), phase: settledPhase(rows) });
  }
}

export type BatchStore = ReturnType<typeof createBatchStore>;
