import { useSyncExternalStore } from 'react';

/** Columns of the grid of charts; the same widths as in `ChartsTab.css`. */
const queries = () =>
  [
    [matchMedia('(width >= 112.5em)'), 4],
    [matchMedia('(width >= 77.5em)'), 3],
    [matchMedia('(width >= 47.5em)'), 2],
  ] as const;

let made: ReturnType<typeof queries> | null = null;
const all = () => {
  made ??= queries();
  return made;
};

function subscribe(listener: () => void): () => void {
  for (const [query] of all()) query.addEventListener('change', listener);
  return () => {
    for (const [query] of all()) query.removeEventListener('change', listener);
  };
}

export function useWideColumns(): number {
  // On a phone six charts come first too, one under the other.
  return useSyncExternalStore(subscribe, () => all().find(([query]) => query.matches)?.[1] ?? 3);
}
