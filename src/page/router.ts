/** Address of a page: `#/route?query`. A hash works on any host and under any base path. */
import { useSyncExternalStore } from 'react';

export interface Address {
  /** First part of the path, `''` at the root. */
  readonly route: string;
  readonly query: string;
}

/** @param hash as in `location.hash`, e.g. `#/compare?seed=7` */
export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#\/?/, '');
  const at = text.indexOf('?');
  const [path, query] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return { route: path.replace(/\/+$/, ''), query };
}

export function hashOf(route: string, query = ''): string {
  return query === '' ? `#/${route}` : `#/${route}?${query}`;
}

export function goTo(route: string): void {
  location.hash = hashOf(route);
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

let last = { hash: '', route: parseAddress('') };

function snapshot(): Address {
  if (location.hash !== last.hash) last = { hash: location.hash, route: parseAddress(location.hash) };
  return last.route;
}

export function useAddress(): Address {
  return useSyncExternalStore(subscribe, snapshot);
}
