/**
 * The Training page as data: the server, its runs, and what is known of each. The list is polled, which also tells
 * whether the server is there; the run that is open is followed event by event.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData } from '../../../../core/errors.ts';
import type {
  Checkpoint,
  GroupRecord,
  LogLine,
  MetricRecord,
  RecipeCard,
  Run,
  RunEvent,
} from '../../../../core/training/run.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { type ResumeOptions, type RunAction, readEvent, type TrainingApi, trainingApi } from './api.ts';
import { type Credentials, forgetCredentials, keepCredentials, serverLink } from './link.ts';
import { type GrowingTable, metricTable } from './metrics.ts';
import { backoff, followEvents, type Stream } from './stream.ts';

/** Data of one run beside its line in the list. */
export interface RunData {
  readonly table: GrowingTable;
  /** Rises with every change of the table, which itself grows in place. */
  readonly version: number;
  /** The history has been read once. */
  readonly loaded: boolean;
  readonly log: readonly LogLine[];
  /** Steps whose answers are there, ascending. */
  readonly answered: readonly number[];
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
  /** Set while the server does not answer; the runs and charts stay. */
  readonly lost: { readonly lastContactAt: number; readonly nextAt: number } | null;
  readonly runs: readonly Run[];
  readonly selected: string | null;
  readonly compared: readonly string[];
  readonly data: ReadonlyMap<string, RunData>;
  readonly completions: ReadonlyMap<string, Completions>;
  readonly details: ReadonlyMap<string, RunDetail>;
  readonly recipes: readonly RecipeCard[] | null;
  readonly checkpoints: readonly Checkpoint[] | null;
  /** The action that the server was asked for and has not answered yet. */
  readonly acting: { readonly run: string; readonly action: RunAction } | null;
  readonly actionError: CodedErrorData | null;
}

const EMPTY: TrainingState = {
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

const POLL_MS = 4000;
/** Time between two looks at the history of a run that is not open, in ms. */
const SKETCH_MS = 30_000;
/** Milliseconds between two drawings of what streams in. */
const DRAW_MS = 120;
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
  answered: [],
  progress: null,
});

const lineKey = ({ time, source, text }: LogLine): string => `${time} ${source} ${text}`;

/** Lines of both, each once, in the order of time. */
export function mergeLog(current: readonly LogLine[], more: readonly LogLine[]): readonly LogLine[] {
  const existing = new Set(current.map(lineKey));
  const fresh = more.filter((line) => !existing.has(lineKey(line)));
  if (fresh.length === 0) return current;
  const inOrder = current.length === 0 || fresh.every((line) => line.time >= current.at(-1)!.time);
  const all = [...current, ...fresh];
  if (!inOrder) all.sort((a, b) => a.time - b.time);
  return all.slice(-LOG_LINES);
}

export interface TrainingDependencies {
  readonly fetch?: typeof globalThis.fetch;
  readonly now?: () => number;
}

export function createTrainingStore({ fetch, now = Date.now }: TrainingDependencies = {}) {
  const store = createStore<TrainingState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<TrainingState>) => store.setState(change);
  let api: TrainingApi | null = null;
  let stream: Stream | null = null;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let lastContactAt = 0;
  /** Counts connections, so that an answer to an earlier one changes nothing. */
  let epoch = 0;
  const unread = new Map<string, RunEvent[]>();
  let unreadTimer: ReturnType<typeof setTimeout> | undefined;

  function setData(run: string, change: (data: RunData) => Partial<RunData>): void {
    const before = get().data.get(run) ?? noData();
    set({ data: new Map(get().data).set(run, { ...before, ...change(before) }) });
  }

  function setRun(run: Run): void {
    const { runs } = get();
    const isListed = runs.some(({ id }) => id === run.id);
    set({ runs: isListed ? runs.map((old) => (old.id === run.id ? run : old)) : [run, ...runs] });
  }

  function markContact(): void {
    lastContactAt = now();
    failures = 0;
    if (get().lost) {
      set({ lost: null });
      // The stream may sit out a long wait while the server has long been back.
      stream?.retry();
    }
    serverLink.setState({ state: 'live' });
  }

  /** Draws what has come in since the last drawing, all at once. */
  function drawUnread(): void {
    unreadTimer = undefined;
    for (const [run, events] of unread) {
      const records = events.flatMap((event) => (event.type === 'metrics' ? [event.record] : []));
      const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
      const steps = events.flatMap((event) => (event.type === 'completions' ? [event.step] : []));
      const progress = events.findLast((event) => event.type === 'progress');
      setData(run, (data) => {
        data.table.add(records);
        return {
          version: data.version + (records.length > 0 ? 1 : 0),
          log: lines.length > 0 ? mergeLog(data.log, lines) : data.log,
          answered:
            steps.length > 0
              ? [...new Set([...data.answered, ...steps])].sort((a, b) => a - b)
              : data.answered,
          progress: progress ?? data.progress,
        };
      });
      if (events.some(({ type }) => type === 'checkpoint')) void loadCheckpoints();
    }
    unread.clear();
  }

  function onEvent(run: string, data: string): void {
    let event: RunEvent;
    try {
      event = readEvent(data);
    } catch (error) {
      // One event that this page cannot read must not end the stream; it is said once.
      set({ actionError: toErrorData(error) });
      return;
    }
    if (event.type === 'run') {
      setRun(event.run);
      if (event.run.state !== 'running') setData(run, () => ({ progress: null }));
      return;
    }
    if (event.type === 'metrics') meanwhile?.push(event.record);
    const waiting = unread.get(run);
    if (waiting) waiting.push(event);
    else unread.set(run, [event]);
    unreadTimer ??= setTimeout(drawUnread, DRAW_MS);
  }

  /** Records that came while the history was asked for: it may or may not hold them. */
  let meanwhile: MetricRecord[] | null = null;

  /** Reads what was before the first event, and after every break what fell into it. */
  async function loadHistory(run: string): Promise<void> {
    const [session, at] = [api, epoch];
    if (!session) return;
    const fresh: MetricRecord[] = [];
    meanwhile = fresh;
    try {
      const [records, lines] = await Promise.all([session.metrics(run), session.log(run)]);
      if (epoch !== at || get().selected !== run) return;
      setData(run, (data) => {
        data.table.replace(records);
        data.table.add(fresh);
        return { version: data.version + 1, loaded: true, log: mergeLog(data.log, lines) };
      });
    } catch (error) {
      if (epoch === at) set({ actionError: toErrorData(error) });
    } finally {
      if (meanwhile === fresh) meanwhile = null;
    }
  }

  function follow(run: string): void {
    stream?.stop();
    const [session, at] = [api, epoch];
    if (!session) return;
    const current = () => epoch === at && get().selected === run;
    stream = followEvents({
      url: session.eventsUrl(run),
      headers: session.headers,
      ...(fetch ? { fetch } : {}),
      now,
      refusal: async (response) =>
        response.status >= 500 || response.status === 429 ? null : session.refusal(response),
      onEvent: (event) => {
        if (!current()) return;
        markContact();
        onEvent(run, event.data);
      },
      onState: (state) => {
        if (!current()) return;
        if (state.kind === 'live') {
          markContact();
          void loadHistory(run);
        } else if (state.kind === 'waiting') {
          // The next request for the list shows whether the server is gone or only this connection broke.
          void refresh();
        } else if (state.kind === 'refused') set({ actionError: state.error.toData() });
      },
    });
  }

  async function refresh(): Promise<void> {
    clearTimeout(poll);
    const [session, at] = [api, epoch];
    if (!session) return;
    let wait = POLL_MS;
    try {
      const runs = await session.runs();
      if (epoch !== at) return;
      // Once: what has become of them is told by events and asked for where it is shown.
      if (get().checkpoints === null) void loadCheckpoints();
      set({ runs, phase: 'connected', error: null });
      markContact();
      const { selected } = get();
      if (selected === null || !runs.some(({ id }) => id === selected)) {
        const first = runs.find(isActive) ?? runs[0];
        if (first) select(first.id);
        else if (selected !== null) set({ selected: null });
      }
      void loadSketches();
    } catch (error) {
      if (epoch !== at) return;
      const data = toErrorData(error);
      if (get().phase !== 'connected' || data.code === 'train/token') {
        disconnect();
        set({ error: data });
        return;
      }
      wait = backoff(failures, 0.5);
      failures += 1;
      set({ lost: { lastContactAt, nextAt: now() + wait } });
      serverLink.setState({ state: 'lost' });
    }
    clearTimeout(poll);
    poll = setTimeout(() => void refresh(), wait);
  }

  let sketching = false;
  const sketchedAt = new Map<string, number>();
  /** History of the other runs, one after the other: the small curves of the list and runs laid side by side. */
  async function loadSketches(): Promise<void> {
    if (sketching) return;
    sketching = true;
    const [session, at] = [api, epoch];
    for (const { id, step } of get().runs) {
      if (epoch !== at || !session || get().lost) break;
      const data = get().data.get(id);
      const behind = (data?.table.steps.at(-1) ?? -1) < step;
      const old = now() - (sketchedAt.get(id) ?? Number.NEGATIVE_INFINITY) > SKETCH_MS;
      if (id === get().selected || step === 0 || (data?.loaded && !behind) || !old) continue;
      sketchedAt.set(id, now());
      const records = await session.metrics(id).catch(() => null);
      if (epoch !== at) break;
      if (records)
        setData(id, (before) => {
          before.table.replace(records);
          return { version: before.version + 1, loaded: true };
        });
    }
    sketching = false;
  }

  function select(id: string): void {
    if (get().selected === id && stream) return;
    set({ selected: id, compared: get().compared.filter((other) => other !== id), actionError: null });
    follow(id);
  }

  async function loadCheckpoints(): Promise<void> {
    const at = epoch;
    const checkpoints = await api?.checkpoints().catch((error: unknown) => {
      if (epoch === at) set({ actionError: toErrorData(error) });
    });
    if (checkpoints && epoch === at) set({ checkpoints });
  }

  /** Lets go of the server; what it said is forgotten. */
  function disconnect(): void {
    epoch += 1;
    stream?.stop();
    stream = null;
    api = null;
    clearTimeout(poll);
    clearTimeout(unreadTimer);
    unreadTimer = undefined;
    unread.clear();
    sketching = false;
    sketchedAt.clear();
    store.setState(EMPTY);
    serverLink.setState({ state: 'none' });
  }

  function connect({ address, token }: Pick<Credentials, 'address' | 'token'>): Promise<void> {
    disconnect();
    api = trainingApi({ address, token, ...(fetch ? { fetch } : {}) });
    set({ phase: 'connecting' });
    serverLink.setState({ address, state: 'connecting' });
    return refresh();
  }

  return {
    store,
    connect,
    /** Connects, and keeps address and token as was asked once the server has taken them. */
    async enter(credentials: Credentials): Promise<void> {
      await connect(credentials);
      if (get().phase === 'connected') keepCredentials(credentials);
    },
    leave(forget: boolean): void {
      disconnect();
      if (forget) forgetCredentials();
    },
    disconnect,
    /** Asks now instead of after the wait. */
    retry: () => void refresh(),
    refresh,
    select,
    loadCheckpoints,
    /** The connection, for what is asked once and completions nowhere (a recipe's report, a picture). */
    api: () => api,
    toggleCompared(id: string): void {
      const { compared, selected } = get();
      if (id === selected) return;
      set({ compared: compared.includes(id) ? compared.filter((other) => other !== id) : [...compared, id] });
    },
    async act(run: string, action: RunAction, options: ResumeOptions = {}): Promise<void> {
      if (!api || get().acting) return;
      set({ acting: { run, action }, actionError: null });
      try {
        setRun(await api.act(run, action, options));
      } catch (error) {
        set({ actionError: toErrorData(error) });
      } finally {
        set({ acting: null });
      }
    },
    async loadCompletions(run: string, step: number): Promise<void> {
      const key = completionsKey(run, step);
      const cached = get().completions.get(key);
      if (!api || cached?.kind === 'ready' || cached?.kind === 'loading') return;
      const put = (value: Completions) => {
        const completions = new Map(get().completions);
        completions.delete(key);
        completions.set(key, value);
        // The oldest are asked for again when they are wanted.
        for (const old of [...completions.keys()].slice(0, -CACHED_STEPS)) completions.delete(old);
        set({ completions: completions });
      };
      put({ kind: 'loading' });
      const at = epoch;
      try {
        const records = await api.completions(run, step);
        if (epoch === at) put({ kind: 'ready', records });
      } catch (error) {
        if (epoch === at) put({ kind: 'error', error: toErrorData(error) });
      }
    },
    async loadDetail(run: string): Promise<void> {
      if (!api || get().details.has(run)) return;
      const at = epoch;
      try {
        const resolved = await api.recipe(run);
        if (epoch === at) set({ details: new Map(get().details).set(run, { resolved }) });
      } catch (error) {
        if (epoch === at) set({ actionError: toErrorData(error) });
      }
    },
    async loadRecipes(): Promise<void> {
      const at = epoch;
      try {
        const recipes = await api?.recipes();
        if (recipes && epoch === at) set({ recipes });
      } catch (error) {
        if (epoch === at) set({ actionError: toErrorData(error) });
      }
    },
    /** Starts a run and opens it. */
    async start(recipe: unknown): Promise<void> {
      if (!api) throw new CodedError('train/unreachable', { address: '' });
      const run = await api.start(recipe);
      setRun(run);
      select(run.id);
    },
    /** Makes the package of a checkpoint on the server; its progress comes with the next looks at the list. */
    async makePackage(id: string): Promise<void> {
      if (!api) return;
      const made = await api.makePackage(id);
      const others = (get().checkpoints ?? []).filter((checkpoint) => checkpoint.id !== id);
      set({ checkpoints: [made, ...others] });
    },
    clearError: () => set({ actionError: null }),
  };
}

export type TrainingStore = ReturnType<typeof createTrainingStore>;
