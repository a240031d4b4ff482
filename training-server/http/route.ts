/** Routes with schemas of their requests and responses, which validate both and generate the OpenAPI document. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { fieldPath } from '../../core/schema.ts';

/** Response of a route: JSON by a schema, or bytes or events that its handler writes. */
export type Sends = z.ZodType | 'event-stream' | 'image/jpeg' | 'application/octet-stream';

export interface Asked<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of every response: isolation, and CORS for another allowed origin. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status?: number;
  readonly json: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/api/runs/:id`; a last part `*` takes the rest of the path. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  readonly sends: Sends;
  readonly status: number;
  /** Error codes in addition to those of every route. */
  readonly fails: readonly string[];
  /** Returns null where the handler has written the response. */
  handle(asked: Asked<unknown, unknown, unknown>): Promise<Answer | null>;
}

interface RouteOf<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly sends: Sends;
  readonly status?: number;
  readonly fails?: readonly string[];
  handle(asked: Asked<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answer | null>;
}

const nothing = z.strictObject({});

/** A route whose handler gets its parameters as parsed by their schemas. */
export function route<
  P extends z.ZodObject = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  B extends z.ZodType = z.ZodUndefined,
>(given: RouteOf<P, Q, B>): Route {
  return {
    params: nothing,
    query: nothing,
    status: 200,
    fails: [],
    ...given,
    body: given.body ?? null,
    // The server has parsed all three with these schemas.
    handle: (asked) => given.handle(asked as Asked<z.output<P>, z.output<Q>, z.output<B>>),
  };
}

/** Decoded parts of a path; null for a malformed escape or a zero byte. */
export function partsOf(path: string): string[] | null {
  try {
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    return parts.some((part) => part.includes('\0')) ? null : parts;
  } catch {
    return null;
  }
}

/** The variables of a pattern in a path's parts, or null where it does not match. */
export function matchPath(pattern: string, parts: readonly string[]): Record<string, string> | null {
  const wanted = pattern.split('/').slice(1);
  const open = wanted.at(-1) === '*';
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return null;
  const variables: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (open && index === wanted.length - 1) variables.path = parts.slice(index).join('/');
    else if (part.startsWith(':')) variables[part.slice(1)] = parts[index]!;
    else if (part !== parts[index]) return null;
  }
  return variables;
}

/** @throws `train/request` {field, problem} */
export function readPart<T>(schema: z.ZodType<T>, value: unknown, root: string, code = 'train/request'): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = fieldPath([...issue.path, ...extra], root).slice(0, 200);
  throw new CodedError(code, { field, problem: extra.length > 0 ? 'is not known' : issue.message });
}

/** Query parameters; a repeated one is an error. */
export function queryOf(search: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of search) {
    if (name in query)
      throw new CodedError('train/request', { field: name.slice(0, 80), problem: 'is there twice' });
    query[name] = value;
  }
  return { ...query };
}
