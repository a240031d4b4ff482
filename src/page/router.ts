/** Where the reader is: `#/place?query`. A hash works on any host and under any base path. */
import { useSyncExternalStore } from 'react';

export interface Route {
  /** First part of the path, `''` at the root. */
  readonly place: string;
  readonly query: string;
}

/** @param hash as in `location.hash`, e.g. `#/compare?seed=7` */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { place: path.replace(/\/+$/, ''), query };
}

export function hashOf(place: string, query = ''): string {
  return query === '' ? `#/${place}` : `#/${place}?${query}`;
}

export function goTo(place: string): void {
  location.hash = hashOf(place);
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

let last = { hash: '', route: parseRoute('') };

function snapshot(): Route {
  if (location.hash !== last.hash) last = { hash: location.hash, route: parseRoute(location.hash) };
  return last.route;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, snapshot);
}
