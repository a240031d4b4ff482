/**
 * Who may ask: the address that the server was called by (DNS rebinding), the site that asks (CSRF), and the token. The
 * token travels in the Authorization header alone; there are no cookies, so that a browser never adds it by itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { CodedError } from '../../core/errors.ts';

export interface Access {
  readonly token: string;
  /** Values of Host that mean this server, `127.0.0.1:7077`. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of pages that may ask, its own included. */
  readonly origins: ReadonlySet<string>;
}

/** Names of the loopback interface with a port. */
export function loopbackHosts(port: number): string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
}

const inHost = (address: string) => (address.includes(':') ? `[${address}]` : address);

/**
 * Values of Host by which a server that listens on `host` may be called. Numbers cannot be rebound, so that an address of
 * all interfaces is known by each of theirs; names only by those that were given.
 */
export function hostsOf(host: string, names: readonly string[], port: number): string[] {
  const everywhere = host === '0.0.0.0' || host === '::';
  const addresses = everywhere
    ? Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
    : [host];
  const local = addresses.map((address) => `${inHost(address).toLowerCase()}:${port}`);
  const given = names.flatMap((name) => (/:\d+$/.test(name) ? [name] : [name, `${name}:${port}`]));
  return [...local, ...given, ...(everywhere || isLoopback(host) ? loopbackHosts(port) : [])];
}

/** Address of the server as one types it. */
export const addressOf = (host: string, port: number): string => `http://${inHost(host)}:${port}`;

export const isLoopback = (host: string): boolean => /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Takes the same time wherever the two differ, and whatever their lengths. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** @throws `train/host` {host} */
export function checkHost({ hosts }: Access, request: IncomingMessage): void {
  const host = request.headers.host ?? '';
  if (!hosts.has(host.toLowerCase())) throw new CodedError('train/host', { host: host.slice(0, 120) });
}

/**
 * The origin that asks, when it may; undefined where no page asks (curl).
 * @throws `train/origin` {origin}
 */
export function checkOrigin({ origins }: Access, request: IncomingMessage): string | undefined {
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (!origins.has(origin)) throw new CodedError('train/origin', { origin: origin.slice(0, 120) });
    return origin;
  }
  // Browsers leave Origin out of some requests (images, navigations) but say where they come from.
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site')
    throw new CodedError('train/origin', { origin: String(site) });
  return undefined;
}

/** @throws `train/token` */
export function checkToken({ token }: Access, request: IncomingMessage): void {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined || !sameSecret(given, token)) throw new CodedError('train/token');
}

/** CORS headers for a page of another, allowed origin. */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  return origin === undefined
    ? {}
    : {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers':
          'Content-Range, Content-Length, Accept-Ranges, ETag, Location, Retry-After',
        Vary: 'Origin',
      };
}

export const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID, Range, If-Range',
  'Access-Control-Max-Age': '600',
};
