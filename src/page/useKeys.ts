/** Who answers to which key: components offer actions while they are mounted, the newest first. */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type Action, belongsToFocus, chordOf, type Focus, keyReader } from './keys.ts';

/** Returns `false` to leave the key to the next one that offers it (and to the browser). */
export type KeyHandler = (event: KeyboardEvent) => unknown;
export type KeyHandlers = Partial<Record<Action, KeyHandler>>;

const offers: { current: KeyHandlers }[] = [];
const listeners = new Set<() => void>();
let offered: ReadonlySet<Action> = new Set();

function changed(): void {
  const names = offers.flatMap(({ current }) => Object.keys(current) as Action[]);
  offered = new Set(names);
  for (const listener of listeners) listener();
}

/** Offers actions while the component is mounted. The set of names must not change between renders. */
export function useKeys(handlers: KeyHandlers): void {
  const latest = useRef(handlers);
  const names = Object.keys(handlers).sort().join();
  useEffect(() => {
    latest.current = handlers;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new set of names is a new offer
  useEffect(() => {
    offers.unshift(latest);
    changed();
    return () => {
      offers.splice(offers.indexOf(latest), 1);
      changed();
    };
  }, [names]);
}

/** The actions that do something now: what the help dialog lists. */
export function useOfferedActions(): ReadonlySet<Action> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offered,
  );
}

function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof Element)) return 'other';
  if (target.matches('input:is([type=radio], [type=checkbox], [type=range])')) return 'choice';
  if (target.closest('input, textarea, select, [contenteditable]:not([contenteditable="false"])'))
    return 'field';
  return target.closest('button, a[href], summary, [role="button"]') ? 'button' : 'other';
}

/** Listens on the document; one call in the shell. */
export function useKeyListener(singleKeys: boolean): void {
  useEffect(() => {
    const read = keyReader((action) => offered.has(action));
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      // A modal dialog has its own Escape, and nothing behind it may act.
      if (document.querySelector('dialog:modal')) return;
      const chord = chordOf(event);
      if (chord === null || belongsToFocus(chord, focusOf(event.target))) return;
      const action = read(event, singleKeys);
      if (action === null) return;
      for (const { current } of [...offers]) {
        const handler = current[action];
        if (handler && handler(event) !== false) {
          event.preventDefault();
          return;
        }
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [singleKeys]);
}
