/** Recent results as the page lists them: stored entries with the address of one thumbnail each, and an undo. */
import { createStore } from 'zustand/vanilla';
import type { Result } from '../../../core/files/result.ts';
import type { ShownFrame } from '../assess-store.ts';
import { jpegOf } from '../run/jpeg.ts';
import type { StoredTimeline } from '../timeline/store.ts';
import type { RecentEntry } from './earlier-entries.ts';
import type { RecentResults } from './recent.ts';

export interface RecentShown {
  readonly entry: RecentEntry;
  /** `blob:` address of the middle frame, or null. */
  readonly thumbnail: string | null;
}

export interface RecentState {
  readonly entries: readonly RecentShown[];
  /** The last deleted entry, while the delete can be undone. */
  readonly removed: RecentEntry | null;
  /** The result that was added last, so that the page can mark its row. */
  readonly latest: string | null;
}

/** Time in which a delete can be undone, in milliseconds. */
export const UNDO_MS = 10_000;

/** JPEG quality of the stored thumbnails. */
const QUALITY = 0.86;

function shown(entry: RecentEntry): RecentShown {
  const { thumbnails } = entry;
  const middle = thumbnails[thumbnails.length >> 1] ?? thumbnails.find((blob) => blob !== null);
  return { entry, thumbnail: middle ? URL.createObjectURL(middle) : null };
}

const idOf = ({ createdAt, file }: Result): string => `${createdAt}.${file.sha256.slice(0, 16)}`;

export function createRecentStore(results: RecentResults) {
  const store = createStore<RecentState>(() => ({ entries: [], removed: null, latest: null }));
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function refresh(): Promise<void> {
    const list = await results.list();
    const old = new Map(store.getState().entries.map((row) => [row.entry.id, row]));
    const entries = list.map((entry) => {
      const row = old.get(entry.id);
      return row ? { ...row, entry } : shown(entry);
    });
    const ids = new Set(list.map(({ id }) => id));
    for (const { entry, thumbnail } of old.values())
      if (!ids.has(entry.id) && thumbnail) URL.revokeObjectURL(thumbnail);
    store.setState({ entries });
  }

  return {
    store,
    refresh,
    /** Stores a finished result with its frames. */
    async add(result: Result, frames: readonly ShownFrame[]): Promise<void> {
      const thumbnails = await Promise.all(
        frames.map((frame) => jpegOf(frame.thumbnail, { quality: QUALITY })),
      );
      const id = idOf(result);
      await results.add({ id, result, thumbnails });
      store.setState({ latest: id });
      await refresh();
    },
    /** Stores the quality timeline of a clip with its result; without a stored result it is dropped. */
    async addTimeline(timeline: StoredTimeline): Promise<void> {
      const id = idOf(timeline.timeline.result);
      const row = store.getState().entries.find(({ entry }) => entry.id === id);
      if (!row) return;
      await results.add({ ...row.entry, timeline: timeline });
      await refresh();
    },
    async remove(id: string): Promise<void> {
      const removed = await results.remove(id);
      clearTimeout(timer);
      store.setState({ removed });
      timer = setTimeout(() => store.setState({ removed: null }), UNDO_MS);
      await refresh();
    },
    /** @returns false when there is nothing to bring back */
    undo(): boolean {
      const { removed } = store.getState();
      if (!removed) return false;
      clearTimeout(timer);
      store.setState({ removed: null });
      void results.add(removed).then(refresh);
      return true;
    },
  };
}

export type RecentStore = ReturnType<typeof createRecentStore>;
