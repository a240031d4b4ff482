/**
 * Results of this device, newest first, in IndexedDB: the result file and thumbnails of its frames. No video is stored.
 * Where the browser stores nothing (private window), the list lives as long as the page.
 */
import { openDatabase, resultOf } from '../indexed-db.ts';
import { type RecentEntry, readEntry } from './earlier-entries.ts';

const DATABASE = 'vqathinker';
const STORE = 'results';
const MAX_ENTRIES = 50;

const open = () =>
  openDatabase(DATABASE, (database) => {
    database.createObjectStore(STORE, { keyPath: 'id' }).createIndex('createdAt', 'result.createdAt');
  });

export interface RecentResults {
  list(): Promise<RecentEntry[]>;
  /** Writes an entry, in place of the one with the same id. */
  add(entry: RecentEntry): Promise<void>;
  /** Resolves with the entry, for Undo. */
  remove(id: string): Promise<RecentEntry | null>;
}

const newestFirst = (entries: RecentEntry[]) =>
  entries.sort((a, b) => b.result.createdAt.localeCompare(a.result.createdAt));

export function createRecentResults(): RecentResults {
  const memory = new Map<string, RecentEntry>();
  let database: Promise<IDBDatabase | null> | undefined;
  const db = () => {
    database ??= open().catch(() => null);
    return database;
  };
  const store = async (mode: IDBTransactionMode) => (await db())?.transaction(STORE, mode).objectStore(STORE);

  return {
    async list() {
      const all = await store('readonly');
      return newestFirst(
        all
          ? (await resultOf(all.getAll() as IDBRequest<RecentEntry[]>)).map(readEntry)
          : [...memory.values()],
      );
    },
    async add(entry) {
      const all = await store('readwrite');
      if (!all) {
        memory.set(entry.id, entry);
        return;
      }
      await resultOf(all.put(entry));
      for (const old of newestFirst(await resultOf(all.getAll() as IDBRequest<RecentEntry[]>)).slice(
        MAX_ENTRIES,
      )) {
        all.delete(old.id);
      }
    },
    async remove(id) {
      const all = await store('readwrite');
      if (!all) {
        const entry = memory.get(id) ?? null;
        memory.delete(id);
        return entry;
      }
      const entry = await resultOf(all.get(id) as IDBRequest<RecentEntry | undefined>);
      await resultOf(all.delete(id));
      return entry ? readEntry(entry) : null;
    },
  };
}
