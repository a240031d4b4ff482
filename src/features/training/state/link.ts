/**
 * Address and token of the training server. Separate from everything else of the Training page, because the header
 * shows it and must not load that page for it.
 */
import { createStore } from 'zustand/vanilla';
import { persist, readPersisted } from '../../../assessment/persisted.ts';

export interface ServerLink {
  /** Origin, `http://127.0.0.1:7077`; `''` while none is chosen. */
  readonly address: string;
  readonly state: 'none' | 'connecting' | 'live' | 'lost';
}

export const serverLink = createStore<ServerLink>(() => ({ address: '', state: 'none' }));

export interface Credentials {
  readonly address: string;
  readonly token: string;
  /** Asked to be stored on this device. */
  readonly remember: boolean;
}

const KEY = 'training.server';
export const USUAL_ADDRESS = 'http://127.0.0.1:7077';

/**
 * Origin of a typed address: a scheme is put before it where there is none. Null when it is no address, or one
 * with a path, a query or a name and password in it.
 */
export function parseAddress(text: string): string | null {
  const typed = text.trim();
  // Some browsers write spaces of a host as %20 instead of refusing them.
  if (/[\s%]/.test(typed)) return null;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `http://${typed}`);
  if (!url || typed === '' || !/^https?:$/.test(url.protocol) || url.hostname === '') return null;
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/') return null;
  return url.origin;
}

/** As it is shown: without `http://`. */
export const shownAddress = (address: string): string => address.replace(/^http:\/\//, '');

/** True where the server is on the machine that shows the page. */
export function isOnThisMachine(address: string): boolean {
  const host = URL.parse(address)?.hostname ?? '';
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

function parseStored(value: unknown): Credentials | null {
  const { address, token } = (value ?? {}) as Partial<Record<keyof Credentials, unknown>>;
  return typeof address === 'string' && typeof token === 'string' && parseAddress(address)
    ? { address, token, remember: true }
    : null;
}

/** The tab's own memory: it outlives a reload and nothing else. */
function tabCredentials(): Credentials | null {
  try {
    const stored = parseStored(JSON.parse(sessionStorage.getItem(`vqathinker.${KEY}`) ?? 'null'));
    return stored && { ...stored, remember: false };
  } catch {
    return null;
  }
}

/**
 * Address and token that are known already: from the address bar (`#/training?token=…`, as the server prints it), then
 * from this tab, then from this device if that was asked for.
 *
 * @param query of the route, without `?`
 * @param origin of the page; a token without `server=` is for the server that serves the page
 */
export function storedCredentials(query: string, origin: string): Credentials | null {
  const given = new URLSearchParams(query);
  const token = given.get('token');
  const server = given.get('server');
  const address = server === null ? origin : parseAddress(server);
  if (token && address) return { address, token, remember: false };
  return tabCredentials() ?? readPersisted(KEY, parseStored, null);
}

export function storeCredentials({ address, token, remember }: Credentials): void {
  try {
    sessionStorage.setItem(`vqathinker.${KEY}`, JSON.stringify({ address, token }));
  } catch {
    // Without it a reload asks again.
  }
  persist(KEY, remember ? { address, token } : null);
}

export function forgetCredentials(): void {
  try {
    sessionStorage.removeItem(`vqathinker.${KEY}`);
  } catch {
    // Nothing was stored.
  }
  persist(KEY, null);
}
