/**
 * The training server as the page asks it. Everything that comes back goes through the schemas of `core/training/run.ts`;
 * a refusal is the server's problem document (RFC 9457), whose code has words in both languages.
 */
import { z } from 'zod';
import { CodedError } from '../../../../core/errors.ts';
import { readAs } from '../../../../core/schema.ts';
import {
  checkpointSchema,
  groupRecordSchema,
  logLineSchema,
  metricRecordSchema,
  recipeCardSchema,
  runEventSchema,
  runSchema,
  validationReportSchema,
} from '../../../../core/training/run.ts';
import { shownAddress } from './link.ts';

/** Time after which a request that is not a stream counts as unanswered, in ms. */
const TIMEOUT_MS = 20_000;
/** The same where the server first opens every video of a data set. */
const CHECK_MS = 30 * 60_000;

const problemSchema = z.object({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  title: z.string().optional(),
  detail: z.string().optional(),
});

export type RunAction = 'pause' | 'resume' | 'stop' | 'save';

export interface ResumeOptions {
  /** Step of a kept checkpoint; left out = the last one. Later ones are removed. */
  readonly step?: number;
  /** Multiplies the learning rate of all that follows. */
  readonly lrFactor?: number;
}

export interface TrainingApiOptions {
  readonly address: string;
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
}

export function trainingApi({ address, token, fetch: given }: TrainingApiOptions) {
  const ask = given ?? globalThis.fetch.bind(globalThis);
  const headers = { Authorization: `Bearer ${token}` };
  const unreachable = (cause?: unknown) =>
    new CodedError('train/unreachable', { address: shownAddress(address) }, undefined, { cause });

  /** Error of a refused request. */
  async function refusal(response: Response): Promise<CodedError> {
    if (response.status === 401) return new CodedError('train/token');
    const problem = problemSchema.safeParse(await response.json().catch(() => null));
    if (problem.success) {
      const { code, params, detail, title } = problem.data;
      return new CodedError(code, params, detail ?? title);
    }
    return new CodedError('train/refused', { status: response.status });
  }

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await ask(`${address}${path}`, {
        cache: 'no-store',
        ...init,
        headers: { ...headers, ...(init.body ? { 'Content-Type': 'application/json' } : {}) },
        signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error;
      throw unreachable(error);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  async function get<T>(path: string, schema: z.ZodType<T>, init?: RequestInit): Promise<T> {
    const response = await request(path, init);
    const value: unknown = await response.json().catch(() => {
      // Another server answers there, with a page of its own.
      throw unreachable();
    });
    return readAs(schema, value, 'train/answer', path.replace(/^\/api\//, '').replace(/\?.*$/, ''));
  }

  const post = <T>(path: string, schema: z.ZodType<T>, body: unknown = {}, signal?: AbortSignal) =>
    get(path, schema, { method: 'POST', body: JSON.stringify(body), ...(signal ? { signal } : {}) });
  const patient = (signal?: AbortSignal) =>
    AbortSignal.any([AbortSignal.timeout(CHECK_MS), ...(signal ? [signal] : [])]);
  const of = (id: string) => `/api/runs/${encodeURIComponent(id)}`;

  return {
    address,
    headers,
    unreachable,
    refusal,
    eventsUrl: (id: string) => `${address}${of(id)}/events`,
    runs: () => get('/api/runs', z.array(runSchema)),
    metrics: (id: string) => get(`${of(id)}/metrics`, z.array(metricRecordSchema)),
    completions: (id: string, step: number) =>
      get(`${of(id)}/completions?step=${step}`, z.array(groupRecordSchema)),
    log: (id: string) => get(`${of(id)}/log`, z.array(logLineSchema)),
    act: (id: string, action: RunAction, options: ResumeOptions = {}) =>
      post(`${of(id)}/${action}`, runSchema, options),
    /** The resolved recipe; read where it is used, since older runs may hold older recipes. */
    recipe: (id: string) => get(`${of(id)}/recipe`, z.unknown()),
    checkpoints: () => get('/api/checkpoints', z.array(checkpointSchema)),
    makePackage: (id: string) => post(`/api/checkpoints/${encodeURIComponent(id)}/package`, checkpointSchema),
    manifestUrl: (id: string) => `${address}/api/packages/${encodeURIComponent(id)}/manifest.json`,
    recipes: () => get('/api/recipes', z.array(recipeCardSchema)),
    /** @param recipe its name, or a recipe as it stands */
    validate: (recipe: unknown, signal?: AbortSignal) =>
      post('/api/validate', validationReportSchema, { recipe }, patient(signal)),
    start: (recipe: unknown) => post('/api/runs', runSchema, { recipe }, patient()),
    /** A small picture of a source frame. */
    async frame(run: string, video: string, index: number): Promise<Blob> {
      const query = new URLSearchParams({ video, index: String(index) });
      return (await request(`${of(run)}/frames?${query}`, { cache: 'default' })).blob();
    },
  };
}

export type TrainingApi = ReturnType<typeof trainingApi>;

export const readEvent = (data: string) => readAs(runEventSchema, JSON.parse(data), 'train/answer', 'events');
