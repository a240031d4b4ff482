/** One connection to a training server: the polled list of runs, and the event stream of the open run. */
import type { MetricRecord, RunEvent } from '../../../../core/training/run.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { readEvent, type TrainingApi } from './api.ts';
import { serverLink } from './link.ts';
import { isActive, type TrainingEvent, type TrainingState } from './state.ts';
import { backoff, followEvents, type Stream } from './stream.ts';

const POLL_MS = 4000;
/** Least milliseconds between two requests for the history of a run that is not open. */
const SKETCH_MS = 30_000;
/** Milliseconds between two drawings of streamed events. */
const DRAW_MS = 120;

export interface ConnectionDependencies {
  readonly get: () => TrainingState;
  readonly dispatch: (event: TrainingEvent) => void;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly now: () => number;
}

/** After `close` nothing of the connection changes the state any more, whatever is still in flight. */
export class Connection {
  readonly api: TrainingApi;
  private readonly deps: ConnectionDependencies;
  private closed = false;
  private stream: Stream | null = null;
  private poll: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private lastContactAt = 0;
  private readonly unread = new Map<string, RunEvent[]>();
  private unreadTimer: ReturnType<typeof setTimeout> | undefined;
  /** Records that arrive while the history is requested: it may or may not contain them. */
  private sinceRequest: MetricRecord[] | null = null;
  private sketching = false;
  private readonly sketchedAt = new Map<string, number>();

  constructor(api: TrainingApi, deps: ConnectionDependencies) {
    this.api = api;
    this.deps = deps;
  }

  get isCurrent(): boolean {
    return !this.closed;
  }

  close(): void {
    this.closed = true;
    this.stream?.stop();
    clearTimeout(this.poll);
    clearTimeout(this.unreadTimer);
  }

  /** Applies an event unless the connection was closed meanwhile. */
  dispatch(event: TrainingEvent): void {
    if (!this.closed) this.deps.dispatch(event);
  }

  reportError(error: unknown): void {
    this.dispatch({ kind: 'actionError', error: toErrorData(error) });
  }

  /** Requests the list of runs now, and again after a wait. */
  async refresh(): Promise<void> {
    clearTimeout(this.poll);
    const wait = await this.requestRuns();
    if (this.closed) return;
    clearTimeout(this.poll);
    this.poll = setTimeout(() => void this.refresh(), wait);
  }

  /** @returns milliseconds until the next request */
  private async requestRuns(): Promise<number> {
    const { get, now } = this.deps;
    try {
      const runs = await this.api.runs();
      if (this.closed) return 0;
      // Requested once; later changes arrive as events or are requested where they are shown.
      if (get().checkpoints === null) void this.loadCheckpoints();
      this.dispatch({ kind: 'runs', runs });
      this.markContact();
      const { selected } = get();
      if (selected === null || !runs.some(({ id }) => id === selected)) {
        const first = runs.find(isActive) ?? runs[0];
        if (first) this.select(first.id);
        else if (selected !== null) this.dispatch({ kind: 'selected', run: null });
      }
      void this.loadSketches();
      return POLL_MS;
    } catch (error) {
      if (this.closed) return 0;
      const data = toErrorData(error);
      if (get().phase !== 'connected' || data.code === 'train/token') {
        this.dispatch({ kind: 'away', error: data });
        this.close();
        serverLink.setState({ state: 'none' });
        return 0;
      }
      const wait = backoff(this.failures, 0.5);
      this.failures += 1;
      this.dispatch({ kind: 'lost', lastContactAt: this.lastContactAt, nextAt: now() + wait });
      serverLink.setState({ state: 'lost' });
      return wait;
    }
  }

  private markContact(): void {
    this.lastContactAt = this.deps.now();
    this.failures = 0;
    if (this.deps.get().lost) {
      this.dispatch({ kind: 'contact' });
      // The stream may still be in a long wait although the server is back.
      this.stream?.retry();
    }
    serverLink.setState({ state: 'live' });
  }

  select(id: string): void {
    if (this.deps.get().selected === id && this.stream) return;
    this.dispatch({ kind: 'selected', run: id });
    this.follow(id);
  }

  private follow(run: string): void {
    this.stream?.stop();
    const { api } = this;
    const { fetch, get, now } = this.deps;
    const current = () => !this.closed && get().selected === run;
    this.stream = followEvents({
      url: api.eventsUrl(run),
      headers: api.headers,
      ...(fetch ? { fetch } : {}),
      now,
      refusal: async (response) =>
        response.status >= 500 || response.status === 429 ? null : api.refusal(response),
      onEvent: (event) => {
        if (!current()) return;
        this.markContact();
        this.onEvent(run, event.data);
      },
      onState: (state) => {
        if (!current()) return;
        if (state.kind === 'live') {
          this.markContact();
          void this.loadHistory(run);
        } else if (state.kind === 'waiting') {
          // The next request for the list shows whether the server is gone or only this connection broke.
          void this.refresh();
        } else if (state.kind === 'refused')
          this.dispatch({ kind: 'actionError', error: state.error.toData() });
      },
    });
  }

  private onEvent(run: string, data: string): void {
    let event: RunEvent;
    try {
      event = readEvent(data);
    } catch (error) {
      // An unreadable event must not end the stream; it is reported.
      this.reportError(error);
      return;
    }
    if (event.type === 'run') {
      this.dispatch({ kind: 'run', run: event.run });
      return;
    }
    if (event.type === 'metrics') this.sinceRequest?.push(event.record);
    const waiting = this.unread.get(run);
    if (waiting) waiting.push(event);
    else this.unread.set(run, [event]);
    this.unreadTimer ??= setTimeout(() => this.drawUnread(), DRAW_MS);
  }

  /** Applies the events since the last drawing, all at once. */
  private drawUnread(): void {
    this.unreadTimer = undefined;
    for (const [run, events] of this.unread) {
      this.dispatch({ kind: 'batch', run, events });
      if (events.some(({ type }) => type === 'checkpoint')) void this.loadCheckpoints();
    }
    this.unread.clear();
  }

  /** Reads the records before the first event, and after every break those that fell into it. */
  private async loadHistory(run: string): Promise<void> {
    const since: MetricRecord[] = [];
    this.sinceRequest = since;
    try {
      const [records, lines] = await Promise.all([this.api.metrics(run), this.api.log(run)]);
      if (this.deps.get().selected === run) this.dispatch({ kind: 'history', run, records, since, lines });
    } catch (error) {
      this.reportError(error);
    } finally {
      if (this.sinceRequest === since) this.sinceRequest = null;
    }
  }

  /** History of the other runs, one after the other, for the sparklines of the list and for compared runs. */
  private async loadSketches(): Promise<void> {
    if (this.sketching) return;
    this.sketching = true;
    const { get, now } = this.deps;
    for (const { id, step } of get().runs) {
      if (this.closed || get().lost) break;
      const data = get().data.get(id);
      const behind = (data?.table.steps.at(-1) ?? -1) < step;
      const old = now() - (this.sketchedAt.get(id) ?? Number.NEGATIVE_INFINITY) > SKETCH_MS;
      if (id === get().selected || step === 0 || (data?.loaded && !behind) || !old) continue;
      this.sketchedAt.set(id, now());
      const records = await this.api.metrics(id).catch(() => null);
      if (records) this.dispatch({ kind: 'history', run: id, records, since: [], lines: [] });
    }
    this.sketching = false;
  }

  async loadCheckpoints(): Promise<void> {
    try {
      this.dispatch({ kind: 'checkpoints', checkpoints: await this.api.checkpoints() });
    } catch (error) {
      this.reportError(error);
    }
  }
}
