/**
 * The storage of a benchmark beyond the page: its head, its rows one by one, thumbnails, and handles of its folders where
 * the browser has them. IndexedDB; memory in a window that stores nothing. No video is copied.
 */

import type { BatchModel, BatchRow, BatchSettings } from '../../../../core/files/batch.ts';
import { currentBatchModel } from '../../../../core/files/earlier-formats.ts';
import { openDatabase, resultOf } from '../../../assessment/indexed-db.ts';
import type { TableFile } from './score-files.ts';

export interface BatchHead {
  readonly createdAt: string;
  readonly name: string;
  readonly model: BatchModel | null;
  readonly settings: BatchSettings | null;
  /** It was running when the head was written: after a reload it can go on. */
  readonly running: boolean;
}

/** Folders that the videos came from, by name. */
export type Folders = ReadonlyMap<string, FileSystemDirectoryHandle>;

/** Thumbnails of rows, by path. */
export type Thumbnails = ReadonlyMap<string, Blob>;

/** A whole batch, as `begin` and `extend` write it. */
export interface StoredBatch {
  readonly head: BatchHead;
  readonly rows: readonly BatchRow[];
  readonly folders: Folders;
  /** Score tables as they were added: later videos are matched with them. */
  readonly tables: readonly TableFile[];
}

export interface BatchStorage {
  /** Null when there is none. */
  read(): Promise<StoredBatch | null>;
  /** Puts a new benchmark in place of the old one. */
  begin(batch: StoredBatch, thumbnails?: Thumbnails): Promise<void>;
  /** Adds to the stored benchmark. Thumbnails of waiting rows are of other videos and are deleted. */
  extend(batch: StoredBatch): Promise<void>;
  writeHead(head: BatchHead): Promise<void>;
  writeRow(row: BatchRow, thumbnail?: Blob | null): Promise<void>;
  writeRows(rows: readonly BatchRow[]): Promise<void>;
  thumbnail(path: string): Promise<Blob | null>;
  thumbnails(): Promise<Thumbnails>;
  clear(): Promise<void>;
}

const DATABASE = 'vqathinker-batch';
const STORES = ['head', 'rows', 'pictures', 'handles'] as const;
type StoreName = (typeof STORES)[number];
/** Keys of the store `head`. */
const HEAD = 'head';
const TABLES = 'tables';

const open = () =>
  openDatabase(DATABASE, (database) => {
    for (const name of STORES) database.createObjectStore(name);
  });

/** A thumbnail as it is stored: WebKit stores no `Blob` in a private window, and its transaction then never ends. */
interface StoredThumbnail {
  readonly type: string;
  readonly bytes: ArrayBuffer;
}

/** To be called before the transaction, which ends by itself while bytes are read. */
const toStored = async (blob: Blob): Promise<StoredThumbnail> => ({
  type: blob.type,
  bytes: await blob.arrayBuffer(),
});

/** Earlier visits stored the `Blob` itself. */
const fromStored = (stored: StoredThumbnail | Blob): Blob =>
  stored instanceof Blob ? stored : new Blob([stored.bytes], { type: stored.type });

type At = (name: StoreName) => IDBObjectStore;

function put(at: At, { head, rows, folders, tables }: StoredBatch): void {
  at('head').put(head, HEAD);
  at('head').put(tables, TABLES);
  for (const row of rows) at('rows').put(row, row.path);
  for (const [name, handle] of folders) at('handles').put(handle, name);
}

/** @throws DOMException `QuotaExceededError` from the writing calls */
export function createBatchStorage(): BatchStorage {
  let database: Promise<IDBDatabase> | undefined;
  const transaction = async (names: readonly StoreName[], mode: IDBTransactionMode) => {
    database ??= open();
    const all = (await database).transaction(names, mode);
    const done = new Promise<void>((resolve, reject) => {
      all.oncomplete = () => resolve();
      all.onerror = () => reject(all.error);
      all.onabort = () => reject(all.error);
    });
    return { at: (name: StoreName) => all.objectStore(name), done };
  };

  return {
    async read() {
      const { at } = await transaction(STORES, 'readonly');
      const head = resultOf(at('head').get(HEAD) as IDBRequest<BatchHead | undefined>);
      const tables = resultOf(at('head').get(TABLES) as IDBRequest<readonly TableFile[] | undefined>);
      const rows = resultOf(at('rows').getAll() as IDBRequest<BatchRow[]>);
      const names = resultOf(at('handles').getAllKeys());
      const handles = resultOf(at('handles').getAll() as IDBRequest<FileSystemDirectoryHandle[]>);
      const stored = await head;
      if (!stored) return null;
      const keys = await names;
      const values = await handles;
      return {
        head: { ...stored, model: currentBatchModel(stored.model) as BatchModel | null },
        rows: await rows,
        tables: (await tables) ?? [],
        folders: new Map(keys.map((key, i) => [String(key), values[i] as FileSystemDirectoryHandle])),
      };
    },
    async begin(batch, thumbnails = new Map()) {
      const encoded = await Promise.all(
        [...thumbnails].map(async ([path, blob]) => [path, await toStored(blob)] as const),
      );
      const { at, done } = await transaction(STORES, 'readwrite');
      for (const name of STORES) at(name).clear();
      put(at, batch);
      for (const [path, thumbnail] of encoded) at('pictures').put(thumbnail, path);
      await done;
    },
    async extend(batch) {
      const { at, done } = await transaction(STORES, 'readwrite');
      put(at, batch);
      for (const { path, state } of batch.rows) if (state === 'waiting') at('pictures').delete(path);
      await done;
    },
    async writeHead(head) {
      const { at, done } = await transaction(['head'], 'readwrite');
      at('head').put(head, HEAD);
      await done;
    },
    async writeRow(row, thumbnail) {
      const encoded = thumbnail && (await toStored(thumbnail));
      const { at, done } = await transaction(['rows', 'pictures'], 'readwrite');
      at('rows').put(row, row.path);
      if (encoded) at('pictures').put(encoded, row.path);
      await done;
    },
    async writeRows(rows) {
      const { at, done } = await transaction(['rows'], 'readwrite');
      for (const row of rows) at('rows').put(row, row.path);
      await done;
    },
    async thumbnail(path) {
      const { at } = await transaction(['pictures'], 'readonly');
      const stored = await resultOf(
        at('pictures').get(path) as IDBRequest<StoredThumbnail | Blob | undefined>,
      );
      return stored ? fromStored(stored) : null;
    },
    async thumbnails() {
      const { at } = await transaction(['pictures'], 'readonly');
      const [paths, stored] = await Promise.all([
        resultOf(at('pictures').getAllKeys()),
        resultOf(at('pictures').getAll() as IDBRequest<(StoredThumbnail | Blob)[]>),
      ]);
      return new Map(paths.map((path, i) => [String(path), fromStored(stored[i]!)]));
    },
    async clear() {
      const { at, done } = await transaction(STORES, 'readwrite');
      for (const name of STORES) at(name).clear();
      await done;
    },
  };
}

/** Lives as long as the page. */
export function createMemoryStorage(): BatchStorage {
  let head: BatchHead | null = null;
  let folders: Folders = new Map();
  let tables: readonly TableFile[] = [];
  const rows = new Map<string, BatchRow>();
  const thumbnails = new Map<string, Blob>();
  const clear = () => {
    head = null;
    folders = new Map();
    tables = [];
    rows.clear();
    thumbnails.clear();
  };
  const keep = (list: readonly BatchRow[]) => {
    for (const row of list) rows.set(row.path, row);
  };
  const extend = (batch: StoredBatch) => {
    head = batch.head;
    folders = new Map(batch.folders);
    tables = batch.tables;
    keep(batch.rows);
  };
  return {
    read: async () => head && { head, rows: [...rows.values()], folders: new Map(folders), tables },
    begin: async (batch, newThumbnails = new Map()) => {
      clear();
      extend(batch);
      for (const [path, thumbnail] of newThumbnails) thumbnails.set(path, thumbnail);
    },
    extend: async (batch) => {
      extend(batch);
      for (const { path, state } of batch.rows) if (state === 'waiting') thumbnails.delete(path);
    },
    writeHead: async (newHead) => {
      head = newHead;
    },
    writeRow: async (row, thumbnail) => {
      keep([row]);
      if (thumbnail) thumbnails.set(row.path, thumbnail);
    },
    writeRows: async (list) => keep(list),
    thumbnail: async (path) => thumbnails.get(path) ?? null,
    thumbnails: async () => new Map(thumbnails),
    clear: async () => clear(),
  };
}
