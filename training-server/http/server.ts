/**
 * The HTTP server. Access is checked before routing. `/api/` requires the token; every other path serves the built page,
 * which is public.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { ISOLATION_HEADERS } from '../../scripts/headers.mjs';
import { staticHandler } from '../../scripts/serve.mjs';
import { type Access, checkHost, checkOrigin, checkToken, corsHeaders, PREFLIGHT_HEADERS } from './access.ts';
import { admitConnections } from './admission.ts';
import { readJson } from './body.ts';
import { openApiOf } from './openapi.ts';
import { sendProblem } from './problem.ts';
import { matchPath, partsOf, queryOf, type Route, readPart, route } from './route.ts';
import { frameRoutes } from './routes/frames.ts';
import { modelRoutes } from './routes/models.ts';
import { runRoutes } from './routes/runs.ts';
import type { Services } from './services.ts';

export interface ServerOptions {
  readonly access: Access;
  /** Folder of the built page; null serves the API only. */
  readonly page: string | null;
  readonly version: string;
  /** Called with unexpected errors, which clients do not see. */
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<ServerLimits>;
  /** Validates every response against its schema; for tests. */
  readonly checked?: boolean;
}

export interface ServerLimits {
  /** Milliseconds until the headers of a request, and the whole of it, must have arrived. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Milliseconds without any byte in either direction; events have a comment every 15 s. */
  readonly silenceMs: number;
  readonly connections: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  silenceMs: 120_000,
  connections: 256,
};

/** All routes; `/api/openapi.json` describes them and itself. */
export function routesOf(services: Services, version: string): Route[] {
  const routes = [...runRoutes(services), ...frameRoutes(services), ...modelRoutes(services)];
  const description = route({
    method: 'GET',
    path: '/api/openapi.json',
    tag: 'about',
    summary: 'This description',
    sends: z.record(z.string(), z.unknown()),
    handle: async () => ({ json: document }),
  });
  const all = [...routes, description];
  const document = openApiOf(all, version);
  return all;
}

export function createTrainingServer(services: Services, options: ServerOptions): Server {
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const routes = routesOf(services, options.version);
  const page = options.page === null ? null : staticHandler({ root: options.page });
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(1000, limits.headersMs),
      maxHeaderSize: 16 << 10,
      keepAliveTimeout: 5000,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    (request, response) => {
      void serve(request, response, { routes, page, options });
    },
  );
  admitConnections(server, limits.connections);
  server.setTimeout(limits.silenceMs);
  // CONNECT is a request to a proxy, which this server is not.
  server.on('connect', (_, socket) => socket.destroy());
  return server;
}

interface Serving {
  readonly routes: readonly Route[];
  readonly page: RequestListener | null;
  readonly options: ServerOptions;
}

async function serve(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { access, onFault } = serving.options;
  let headers: Record<string, string> = { ...ISOLATION_HEADERS, 'X-Content-Type-Options': 'nosniff' };
  try {
    checkHost(access, request);
    const target = request.url ?? '';
    if (!target.startsWith('/'))
      throw new CodedError('train/request', { field: 'target', problem: 'is no path' });
    const [path = '/', search = ''] = target.split('?', 2);
    if (!path.startsWith('/api/')) {
      if (serving.page === null) throw new CodedError('train/route', { path: path.slice(0, 200) });
      serving.page(request, response);
      return;
    }
    const origin = checkOrigin(access, request);
    headers = { ...headers, ...corsHeaders(origin) };
    if (request.method === 'OPTIONS' && origin !== undefined) {
      response.writeHead(204, { ...headers, ...PREFLIGHT_HEADERS }).end();
      return;
    }
    checkToken(access, request);
    await answer(request, response, path, search, headers, serving);
  } catch (error) {
    if (response.destroyed) return;
    if (!(error instanceof CodedError)) onFault(error);
    // The rest of an unread body must not be parsed as the next request.
    if (!request.complete) headers = { ...headers, Connection: 'close' };
    sendProblem(response, error, headers);
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: string,
  headers: Record<string, string>,
  { routes, options }: Serving,
): Promise<void> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const parts = partsOf(path);
  const here = routes.flatMap((route) => {
    const variables = parts && matchPath(route.path, parts);
    return variables ? [{ route, variables }] : [];
  });
  if (here.length === 0) throw new CodedError('train/route', { path: path.slice(0, 200) });
  const chosen = here.find(({ route }) => route.method === method);
  if (chosen === undefined) {
    response.setHeader('Allow', here.map(({ route }) => route.method).join(', '));
    throw new CodedError('train/method', { method: String(request.method).slice(0, 20) });
  }
  const { route, variables } = chosen;
  const params = readPart(route.params, variables, 'path');
  const query = readPart(route.query, queryOf(new URLSearchParams(search)), 'query');
  const body = route.body === null ? undefined : readPart(route.body, await readJson(request), '');
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const result = await route.handle({ params, query, body, request, response, headers, signal: gone.signal });
  if (result === null) return;
  if (options.checked && typeof route.sends !== 'string') route.sends.parse(result.json);
  const text = JSON.stringify(result.json);
  response.writeHead(result.status ?? route.status, {
    ...headers,
    ...result.headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
