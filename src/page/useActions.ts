/** Components offer actions while they are mounted; keys and buttons run the newest enabled offer. */
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { type ActionId, actions, type Offers, offeredIds } from './actions.ts';
import { belongsToFocus, chordOf, type Focus, keyReader } from './keys.ts';

/** Offers actions while the component is mounted. Layout effects, so that no button is painted disabled first. */
export function useActions(offers: Offers): void {
  const latest = useRef(offers);
  const ids = offeredIds(offers).join();
  useLayoutEffect(() => {
    latest.current = offers;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the registry must be refreshed when the set of ids changes
  useLayoutEffect(() => actions.add(latest), [ids]);
}

/** The actions that do something now. */
export const useOfferedActions = (): ReadonlySet<ActionId> =>
  useSyncExternalStore(actions.subscribe, actions.offered);

function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof Element)) return 'other';
  if (target.matches('input:is([type=radio], [type=checkbox], [type=range])')) return 'choice';
  if (target.closest('input, textarea, select, [contenteditable]:not([contenteditable="false"])'))
    return 'field';
  return target.closest('button, a[href], summary, [role="button"]') ? 'button' : 'other';
}

/** Listens for keys on the document; one call in the shell. */
export function useKeyListener(singleKeys: boolean): void {
  useEffect(() => {
    const read = keyReader((action) => actions.offered().has(action));
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      // A modal dialog closes itself on Escape, and no action behind it may run.
      if (document.querySelector('dialog:modal')) return;
      const chord = chordOf(event);
      if (chord === null || belongsToFocus(chord, focusOf(event.target))) return;
      const action = read(event, singleKeys);
      if (action !== null && actions.run(action, event)) event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [singleKeys]);
}
