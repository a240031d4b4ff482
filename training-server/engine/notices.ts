/** Listeners of the engine's notifications, by name. */
import type { Notice, NoticeOf } from './protocol.ts';

export class NoticeListeners {
  readonly #listeners = new Map<Notice, Set<(value: never) => void>>();

  /** @returns a function that removes the listener */
  on<N extends Notice>(notice: N, listener: (value: NoticeOf<N>) => void): () => void {
    const set = this.#listeners.get(notice) ?? new Set();
    this.#listeners.set(notice, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  emit<N extends Notice>(notice: N, value: NoticeOf<N>): void {
    for (const listener of this.#listeners.get(notice) ?? [])
      (listener as (value: NoticeOf<N>) => void)(value);
  }
}
