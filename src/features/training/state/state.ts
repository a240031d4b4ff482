/** State of the Training page, and its pure reducer: every change of the state is one typed event. */
import type { CodedErrorData } from '../../../../core/errors.ts';
import type {
  Checkpoint,
  GroupRecord,
  LogLine,
  MetricRecord,
  RecipeCard,
  Run,
  RunEvent,
} from '../../../../core/training/run.ts';
import type { RunAction } from './api.ts';
import { type GrowingTable, metricTable } from './metrics.ts';

/** Data of one run beside its line in the list. */
export interface RunData {
  readonly table: GrowingTable;
  /** Rises with every change of the table, which itself grows in place. */
  readonly version: number;
  /** The history has been read once. */
  readonly loaded: boolean;
  readonly log: readonly LogLine[];
  /** Steps whose completions are there, ascending. */
  readonly completionSteps: readonly number[];
  readonly progress: Extract<RunEvent, { type: 'progress' }> | null;
}

/** The resolved recipe of a run, as the server stores it. */
export interface RunDetail {
  readonly resolved: unknown;
}

export type Completions =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly records: readonly GroupRecord[] }
  | { readonly kind: 'error'; readonly error: CodedErrorData };

export interface TrainingState {
  readonly phase: 'away' | 'connecting' | 'connected';
  /** Why there is no connection, or why the last attempt failed. */
  readonly error: CodedErrorData | null;
  /** Set while the server does not answer; the runs and charts stay. Times in milliseconds since the epoch. */
  readonly lost: { readonly lastContactAt: number; readonly nextAt: number } | null;
  readonly runs: readonly Run[];
  readonly selected: string | null;
  readonly compared: readonly string[];
  readonly data: ReadonlyMap<string, RunData>;
  readonly completions: ReadonlyMap<string, Completions>;
  readonly details: ReadonlyMap<string, RunDetail>;
  readonly recipes: readonly RecipeCard[] | null;
  readonly checkpoints: readonly Checkpoint[] | null;
  /** The requested action that the server has not answered yet. */
  readonly acting: { readonly run: string; readonly action: RunAction } | null;
  readonly actionError: CodedErrorData | null;
}

export const EMPTY: TrainingState = {
  phase: 'away',
  error: null,
  lost: null,
  runs: [],
  selected: null,
  compared: [],
  data: new Map(),
  completions: new Map(),
  details: new Map(),
  recipes: null,
  checkpoints: null,
  acting: null,
  actionError: null,
};

const LOG_LINES = 5000;
const CACHED_STEPS = 24;

/** States in which a run still changes by itself. */
export const isActive = ({ state }: Run): boolean =>
  state === 'queued' || state === 'starting' || state === 'running';

export const completionsKey = (run: string, step: number): string => `${run} ${step}`;

const noData = (): RunData => ({
  table: metricTable(),
  version: 0,
  loaded: false,
  log: [],
  completionSteps: [],
  progress: null,
});

const lineKey = ({ time, source, text }: LogLine): string => `${time} ${source} ${text}`;

/** Lines of both, each once, in the order of time; the newest 5,000. */
export function mergeLog(current: readonly LogLine[], more: readonly LogLine[]): readonly LogLine[] {
  const existing = new Set(current.map(lineKey));
  const fresh = more.filter((line) => !existing.has(lineKey(line)));
  if (fresh.length === 0) return current;
  const inOrder = current.length === 0 || fresh.every((line) => line.time >= current.at(-1)!.time);
  const all = [...current, ...fresh];
  if (!inOrder) all.sort((a, b) => a.time - b.time);
  return all.slice(-LOG_LINES);
}

interface TrainingEvents {
  /** A connection begins. */
  connecting: object;
  /** The connection was ended, by the user or by a refusal. */
  away: { readonly error: CodedErrorData | null };
  /** The server answered any request. */
  contact: object;
  lost: { readonly lastContactAt: number; readonly nextAt: number };
  runs: { readonly runs: readonly Run[] };
  run: { readonly run: Run };
  selected: { readonly run: string | null };
  compared: { readonly run: string };
  /** Events of a run's stream since the last drawing, in order. */
  batch: { readonly run: string; readonly events: readonly RunEvent[] };
  /** The whole history, and what came in while it was requested. */
  history: {
    readonly run: string;
    readonly records: readonly MetricRecord[];
    readonly since: readonly MetricRecord[];
    readonly lines: readonly LogLine[];
  };
  acting: { readonly run: string; readonly action: RunAction };
  acted: object;
  actionError: { readonly error: CodedErrorData | null };
  completions: { readonly key: string; readonly value: Completions };
  detail: { readonly run: string; readonly resolved: unknown };
  recipes: { readonly recipes: readonly RecipeCard[] };
  checkpoints: { readonly checkpoints: readonly Checkpoint[] };
  package: { readonly checkpoint: Checkpoint };
}

export type TrainingEvent = {
  [K in keyof TrainingEvents]: { readonly kind: K } & TrainingEvents[K];
}[keyof TrainingEvents];

type Change = Partial<TrainingState>;

function withData(
  state: TrainingState,
  run: string,
  change: (data: RunData) => Partial<RunData>,
): Pick<TrainingState, 'data'> {
  const before = state.data.get(run) ?? noData();
  return { data: new Map(state.data).set(run, { ...before, ...change(before) }) };
}

/** Events of one run, applied at once so that a burst is drawn once. */
function withBatch(state: TrainingState, run: string, events: readonly RunEvent[]): Change {
  const records = events.flatMap((event) => (event.type === 'metrics' ? [event.record] : []));
  const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
  const steps = events.flatMap((event) => (event.type === 'completions' ? [event.step] : []));
  const progress = events.findLast((event) => event.type === 'progress');
  return withData(state, run, (data) => {
    data.table.add(records);
    return {
      version: data.version + (records.length > 0 ? 1 : 0),
      log: lines.length > 0 ? mergeLog(data.log, lines) : data.log,
      completionSteps:
        steps.length > 0
          ? [...new Set([...data.completionSteps, ...steps])].sort((a, b) => a - b)
          : data.completionSteps,
      progress: progress ?? data.progress,
    };
  });
}

function withRun(state: TrainingState, run: Run): Change {
  const isListed = state.runs.some(({ id }) => id === run.id);
  const runs = isListed ? state.runs.map((old) => (old.id === run.id ? run : old)) : [run, ...state.runs];
  const ended = run.state !== 'running' && state.data.has(run.id);
  return { runs, ...(ended && withData(state, run.id, () => ({ progress: null }))) };
}

/** The newest steps stay cached; older ones are requested again when they are shown. */
function withCompletions(state: TrainingState, key: string, value: Completions): Change {
  const completions = new Map(state.completions);
  completions.delete(key);
  completions.set(key, value);
  for (const old of [...completions.keys()].slice(0, -CACHED_STEPS)) completions.delete(old);
  return { completions };
}

const handlers: {
  [K in keyof TrainingEvents]: (state: TrainingState, event: TrainingEvents[K]) => Change;
} = {
  connecting: () => ({ ...EMPTY, phase: 'connecting' }),
  away: (_, { error }) => ({ ...EMPTY, error }),
  contact: ({ lost }) => (lost ? { lost: null } : {}),
  lost: (_, { lastContactAt, nextAt }) => ({ lost: { lastContactAt, nextAt } }),
  runs: (_, { runs }) => ({ runs, phase: 'connected', error: null }),
  run: (state, { run }) => withRun(state, run),
  selected: ({ compared }, { run }) => ({
    selected: run,
    compared: compared.filter((other) => other !== run),
    actionError: null,
  }),
  compared({ compared, selected }, { run }) {
    if (run === selected) return {};
    const others = compared.filter((other) => other !== run);
    return { compared: compared.includes(run) ? others : [...compared, run] };
  },
  batch: (state, { run, events }) => withBatch(state, run, events),
  history: (state, { run, records, since, lines }) =>
    withData(state, run, (data) => {
      data.table.replace(records);
      data.table.add(since);
      return { version: data.version + 1, loaded: true, log: mergeLog(data.log, lines) };
    }),
  acting: (_, { run, action }) => ({ acting: { run, action }, actionError: null }),
  acted: () => ({ acting: null }),
  actionError: (_, { error }) => ({ actionError: error }),
  completions: (state, { key, value }) => withCompletions(state, key, value),
  detail: ({ details }, { run, resolved }) => ({ details: new Map(details).set(run, { resolved }) }),
  recipes: (_, { recipes }) => ({ recipes }),
  checkpoints: (_, { checkpoints }) => ({ checkpoints }),
  package: ({ checkpoints }, { checkpoint }) => ({
    checkpoints: [checkpoint, ...(checkpoints ?? []).filter(({ id }) => id !== checkpoint.id)],
  }),
};

/** The state after an event. The tables of metrics grow in place; everything else is copied. */
export function reduceTraining(state: TrainingState, event: TrainingEvent): TrainingState {
  const handle = handlers[event.kind] as (state: TrainingState, event: TrainingEvent) => Change;
  return { ...state, ...handle(state, event) };
}
