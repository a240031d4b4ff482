/**
 * The Batch page's store: a queue of videos, one assessed at a time, each row stored as soon as it is answered. An error
 * of a video costs its row; a pause or a closed page costs the video in progress and nothing else.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, isAbort } from '../../../../core/errors.ts';
import type { BatchFile, BatchModel, BatchRow, BatchSettings } from '../../../../core/files/batch.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { CurrentRun } from '../../../assessment/run/run-handle.ts';
import type { TableFile } from './score-files.ts';
import { BatchSources } from './sources.ts';
import {
  answeredRow,
  type BatchAnswer,
  type BatchEvent,
  type BatchState,
  type BatchVideo,
  EMPTY,
  failedRow,
  reduceBatch,
  waitingRow,
} from './state.ts';
import type { BatchHead, BatchStorage, StoredBatch } from './storage.ts';

export type { BatchCheck, TableCheck } from './score-files.ts';
export type { BatchAnswer, BatchPhase, BatchState, BatchVideo } from './state.ts';

export interface BatchEngine {
  /** Resolves when the model is loaded. @returns the model and the settings of its answers */
  ready(): Promise<{ readonly model: BatchModel; readonly settings: BatchSettings }>;
  assess(file: File, signal: AbortSignal): Promise<BatchAnswer>;
}

export interface BatchDependencies {
  readonly engine: BatchEngine;
  readonly storage: BatchStorage;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Errors that do not belong to one video: the queue stops, the row waits for its next turn. */
const STOPS_QUEUE = /^(model\/|run\/(worker|device|memory)$)/;

const sameModel = (a: BatchModel, b: BatchModel) =>
  a.manifestSha256 === b.manifestSha256 && a.dtype === b.dtype && a.target === b.target;

export class BatchStore {
  readonly store = createStore<BatchState>(() => EMPTY);
  readonly #engine: BatchEngine;
  readonly #storage: BatchStorage;
  readonly #now: () => number;
  readonly #sources = new BatchSources();
  readonly #current = new CurrentRun();
  /** Thumbnails that are being stored, by path of their row. */
  readonly #unsavedThumbnails = new Map<string, Blob>();
  /** Resolves when the queue does not run. */
  #finished: Promise<void> = Promise.resolve();
  /** Resolves when an earlier visit's batch is restored. */
  #restored: Promise<boolean> = Promise.resolve(false);
  /** Writes of all rows in progress. */
  #writes = 0;

  constructor({ engine, storage, now = () => Date.now() }: BatchDependencies) {
    this.#engine = engine;
    this.#storage = storage;
    this.#now = now;
  }

  /**
   * Adds videos and score tables; both may come in portions and in any order. Nothing runs yet.
   *
   * @param handle of the folder `name`, stored for the visit after a reload
   */
  add = async (
    videos: readonly BatchVideo[],
    tables: readonly TableFile[],
    name = '',
    handle?: FileSystemDirectoryHandle,
  ): Promise<void> => {
    // While an earlier visit's rows are being read, new ones wait: they are added to them, not put in their place.
    await this.#restored;
    const isNew = this.#state.phase === 'empty';
    this.#sources.add(videos, name, handle);
    const present = this.#sources.paths();
    const retained = this.#sources.retained();
    const createdAt = new Date(this.#now()).toISOString();
    this.#dispatch({ kind: 'added', videos, tables, present, retained, name: name || 'Batch', createdAt });
    await this.#saveAll(() => this.#storage[isNew ? 'begin' : 'extend'](this.#stored()));
  };

  /** Takes another column of a table for the MOS. @param column index in the file */
  chooseColumn = async (table: string, column: number): Promise<void> => {
    this.#dispatch({ kind: 'columnChosen', table, column });
    await this.#saveAll(() => this.#storage.extend(this.#stored()));
  };

  /** Runs the waiting rows whose file can be read, in their order. Resolves when nothing runs any more. */
  start = (): Promise<void> => {
    if (this.#current.isRunning()) return this.#finished;
    const run = this.#current.begin();
    this.#dispatch({ kind: 'began' });
    this.#finished = this.#run(run.signal).finally(async () => {
      run.end();
      this.#dispatch({ kind: 'ended' });
      await this.#save(() => this.#storage.writeHead(this.#head()));
    });
    return this.#finished;
  };

  /** Stops within one token; the video in progress waits for its next turn. */
  pause = async (): Promise<void> => {
    this.#current.abort(new DOMException('paused', 'AbortError'));
    await this.#finished;
  };

  /** Runs rows again that failed, had no readable answer or were skipped. */
  retry = (paths: readonly string[]): Promise<void> => this.#change(paths, waitingRow);

  skip = (paths: readonly string[]): Promise<void> =>
    this.#change(paths, (row) => (row.state === 'done' ? row : { ...waitingRow(row), state: 'skipped' }));

  /** Drops all answers and keeps the videos, so that another model can answer. */
  restart = async (): Promise<void> => {
    await this.pause();
    this.#dispatch({ kind: 'restarted' });
    const { rows } = this.#state;
    await this.#save(() => this.#storage.writeRows(rows));
    await this.#save(() => this.#storage.writeHead(this.#head()));
  };

  /**
   * Restores an earlier visit's batch. Its files can be read only where the browser still permits it without a question.
   *
   * @returns true when it was running
   */
  restore = (): Promise<boolean> => {
    this.#restored = this.#restore();
    return this.#restored;
  };

  /** Asks the browser for the folders of an earlier visit, then runs on; must be called from a click. */
  giveAccess = async (): Promise<void> => {
    await this.#reach('request');
    if (this.#state.phase === 'paused' || this.#state.phase === 'checked') await this.start();
  };

  /** The file of a row; null where it cannot be read. */
  file = (path: string): File | null => this.#sources.file(path);

  thumbnail = async (path: string): Promise<Blob | null> =>
    this.#unsavedThumbnails.get(path) ?? (await this.#storage.thumbnail(path).catch(() => null));

  /** @returns puts it back, for Undo */
  clear = async (): Promise<() => Promise<void>> => {
    await this.pause();
    const state = this.#state;
    const thumbnails = await this.#storage.thumbnails().catch(() => new Map());
    const restoreSources = this.#sources.clear();
    this.#dispatch({ kind: 'cleared' });
    await this.#save(() => this.#storage.clear());
    return async () => {
      restoreSources();
      this.#dispatch({ kind: 'undone', state });
      await this.#saveAll(() => this.#storage.begin(this.#stored(), thumbnails));
    };
  };

  /** Shows a batch file in place of the present batch. */
  open = async (file: BatchFile): Promise<void> => {
    await this.pause();
    this.#sources.clear();
    this.#dispatch({ kind: 'opened', file });
    await this.#saveAll(() => this.#storage.begin(this.#stored()));
  };

  get #state(): BatchState {
    return this.store.getState();
  }

  #dispatch(event: BatchEvent): void {
    this.store.setState(reduceBatch(this.#state, event));
  }

  #head(): BatchHead {
    const { createdAt, name, model, settings, phase } = this.#state;
    return { createdAt, name, model, settings, running: phase === 'running' };
  }

  #stored(): StoredBatch {
    const { rows, tables } = this.#state;
    return {
      head: this.#head(),
      rows,
      folders: this.#sources.folders,
      tables: tables.map(({ file }) => file),
    };
  }

  /** Stores; where the browser refuses, the batch stays on the page, which shows a notice. */
  async #save(write: () => Promise<void>): Promise<void> {
    await write().catch(() => this.#dispatch({ kind: 'notStored' }));
  }

  /** Stores all rows; until it is done the page does not tell that it may be closed. */
  async #saveAll(write: () => Promise<void>): Promise<void> {
    this.#writes += 1;
    this.#dispatch({ kind: 'saving', saving: true });
    await this.#save(write);
    this.#writes -= 1;
    this.#dispatch({ kind: 'saving', saving: this.#writes > 0 });
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      const { model, settings } = await this.#engine.ready();
      const before = this.#state.model;
      if (before && !sameModel(before, model))
        throw new CodedError('batch/model', { was: before.name, now: model.name });
      this.#dispatch({ kind: 'ready', model, settings });
      await this.#save(() => this.#storage.writeHead(this.#head()));
      while (!signal.aborted) {
        const row = this.#state.rows.find(({ state, path }) => state === 'waiting' && this.file(path));
        if (!row) return;
        await this.#assess(row, this.file(row.path) as File, signal);
      }
    } catch (error) {
      if (!isAbort(error)) this.#dispatch({ kind: 'failed', error: toErrorData(error) });
    }
  }

  async #assess(row: BatchRow, file: File, signal: AbortSignal): Promise<void> {
    this.#dispatch({ kind: 'replaced', rows: [{ ...row, state: 'running' }] });
    const from = this.#now();
    let thumbnail: Blob | null = null;
    let next: BatchRow;
    try {
      const answer = await this.#engine.assess(file, signal);
      const seconds = (this.#now() - from) / 1000;
      thumbnail = answer.thumbnail;
      next = answeredRow(this.#row(row), answer, seconds);
      this.#dispatch({ kind: 'timed', seconds });
    } catch (error) {
      const data = toErrorData(error);
      if (isAbort(error) || signal.aborted || STOPS_QUEUE.test(data.code)) {
        this.#dispatch({ kind: 'replaced', rows: [waitingRow(this.#row(row))] });
        throw error;
      }
      next = failedRow(this.#row(row), data);
    }
    // The person may have skipped it meanwhile.
    if (this.#state.rows.find(({ path }) => path === row.path)?.state !== 'running') return;
    // The table asks for the thumbnail as soon as the row has its answer, before it is stored.
    if (thumbnail) this.#unsavedThumbnails.set(row.path, thumbnail);
    this.#dispatch({ kind: 'replaced', rows: [next] });
    await this.#save(() => this.#storage.writeRow(next, thumbnail));
    this.#unsavedThumbnails.delete(row.path);
  }

  /** The row as it is now: a table may have given it a human score while it ran. */
  #row(row: BatchRow): BatchRow {
    return this.#state.rows.find(({ path }) => path === row.path) ?? row;
  }

  /** Changes rows by path; resolves when they are stored. */
  async #change(paths: readonly string[], change: (row: BatchRow) => BatchRow): Promise<void> {
    const chosen = new Set(paths);
    const rows = this.#state.rows.filter(({ path }) => chosen.has(path)).map(change);
    this.#dispatch({ kind: 'replaced', rows });
    await this.#save(() => this.#storage.writeRows(rows));
  }

  async #restore(): Promise<boolean> {
    const stored = await this.#storage.read().catch(() => null);
    if (!stored || this.#state.phase !== 'empty') return false;
    this.#sources.restore(stored.folders);
    this.#dispatch({ kind: 'restored', head: stored.head, rows: stored.rows, tables: stored.tables });
    await this.#reach('query');
    return stored.head.running;
  }

  async #reach(how: 'query' | 'request'): Promise<void> {
    const locked = await this.#sources.reach(this.#state.rows, how);
    const [present, retained] = [this.#sources.paths(), this.#sources.retained()];
    this.#dispatch({ kind: 'reached', locked, present, retained });
  }
}

export const createBatchStore = (dependencies: BatchDependencies): BatchStore => new BatchStore(dependencies);
