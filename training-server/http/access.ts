/**
 * Access checks: the Host header (against DNS rebinding), the Origin (against CSRF), and the token. The token is sent in the
 * Authorization header only; there are no cookies, which a browser would add by itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { CodedError } from '../../core/errors.ts';

export interface Access {
  readonly token: string;
  /** Allowed values of the Host header, e.g. `127.0.0.1:7077`. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of pages that may use the server, its own included. */
  readonly origins: ReadonlySet<string>;
}

/** Host headers of the loopback interface. */
export function loopbackHosts(port: number): string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
}

const inHost = (address: string) => (address.includes(':') ? `[${address}]` : address);

/**
 * Allowed Host headers of a server that listens on `host`. A numeric address cannot be rebound by DNS, so that 0.0.0.0 and ::
 * allow the address of every interface; of names only the given ones are allowed.
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

/** URL of the server. */
export const addressOf = (host: string, port: number): string => `http://${inHost(host)}:${port}`;

export const isLoopback = (host: string): boolean => /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Compares in constant time, also for texts of different lengths. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** @throws `train/host` {host} */
export function checkHost({ hosts }: Access, request: IncomingMessage): void {
  // Of several Host headers Node gives the first; a proxy may have looked at another.
  const [host = '', ...others] = request.headersDistinct.host ?? [];
  if (others.length > 0 || !hosts.has(host.toLowerCase()))
    throw new CodedError('train/host', { host: host.slice(0, 120) });
}

/**
 * The allowed origin of a request; undefined for a request without one (curl).
 * @throws `train/origin` {origin}
 */
export function checkOrigin({ origins }: Access, request: IncomingMessage): string | undefined {
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (!origins.has(origin)) throw new CodedError('train/origin', { origin: origin.slice(0, 120) });
    return origin;
  }
  // Browsers omit Origin in some requests (images, navigations) but send Sec-Fetch-Site.
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
