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
      const stored = all ? (await resultOf(all.getAll() as IDBRequest<RecentEntry[]>)).map(readEntry) : [];
      return newestFirst([...stored.filter(({ id }) => !memory.has(id)), ...memory.values()]);
    },
    async add(entry) {
      const all = await store('readwrite');
      if (!all) {
        memory.set(entry.id, entry);
        return;
      }
      try {
        await resultOf(all.put(entry));
      } catch {
        // WebKit stores no Blob in a private window.
        memory.set(entry.id, entry);
        return;
      }
      memory.delete(entry.id);
      for (const old of newestFirst(await resultOf(all.getAll() as IDBRequest<RecentEntry[]>)).slice(
        MAX_ENTRIES,
      )) {
        all.delete(old.id);
      }
    },
    async remove(id) {
      const all = await store('readwrite');
      const held = memory.get(id) ?? null;
      memory.delete(id);
      if (!all || held) return held;
      const entry = await resultOf(all.get(id) as IDBRequest<RecentEntry | undefined>);
      await resultOf(all.delete(id));
      return entry ? readEntry(entry) : null;
    },
  };
}
