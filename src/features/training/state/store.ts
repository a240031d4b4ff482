/** The Training page's store: the server, its runs, and the data of each. */
import { createStore } from 'zustand/vanilla';
import { CodedError } from '../../../../core/errors.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { type ResumeOptions, type RunAction, type TrainingApi, trainingApi } from './api.ts';
import { Connection } from './connection.ts';
import { type Credentials, forgetCredentials, serverLink, storeCredentials } from './link.ts';
import { completionsKey, EMPTY, reduceTraining, type TrainingEvent, type TrainingState } from './state.ts';

export interface TrainingDependencies {
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export class TrainingStore {
  readonly store = createStore<TrainingState>(() => EMPTY);
  private readonly fetch: typeof globalThis.fetch | undefined;
  private readonly now: () => number;
  private connection: Connection | null = null;

  constructor({ fetch, now = Date.now }: TrainingDependencies = {}) {
    this.fetch = fetch;
    this.now = now;
  }

  private readonly get = (): TrainingState => this.store.getState();
  private readonly dispatch = (event: TrainingEvent): void =>
    this.store.setState((state) => reduceTraining(state, event));

  private open(): Connection | null {
    return this.connection?.isCurrent ? this.connection : null;
  }

  connect({ address, token }: Pick<Credentials, 'address' | 'token'>): Promise<void> {
    this.disconnect();
    const { fetch, get, dispatch, now } = this;
    const api = trainingApi({ address, token, ...(fetch ? { fetch } : {}) });
    this.connection = new Connection(api, { get, dispatch, fetch, now });
    dispatch({ kind: 'connecting' });
    serverLink.setState({ address, state: 'connecting' });
    return this.connection.refresh();
  }

  /** Connects, and stores address and token once the server has accepted them. */
  async enter(credentials: Credentials): Promise<void> {
    await this.connect(credentials);
    if (this.get().phase === 'connected') storeCredentials(credentials);
  }

  /** Ends the connection and clears its data. */
  disconnect(): void {
    this.connection?.close();
    this.connection = null;
    this.dispatch({ kind: 'away', error: null });
    serverLink.setState({ state: 'none' });
  }

  leave(forget: boolean): void {
    this.disconnect();
    if (forget) forgetCredentials();
  }

  async refresh(): Promise<void> {
    await this.open()?.refresh();
  }

  /** Requests the list now instead of after the wait. */
  readonly retry = (): void => void this.refresh();

  select(id: string): void {
    this.open()?.select(id);
  }

  async loadCheckpoints(): Promise<void> {
    await this.open()?.loadCheckpoints();
  }

  /** The API of the connection, for one-time requests (a recipe's report, an image). */
  api(): TrainingApi | null {
    return this.open()?.api ?? null;
  }

  toggleCompared(run: string): void {
    this.dispatch({ kind: 'compared', run });
  }

  async act(run: string, action: RunAction, options: ResumeOptions = {}): Promise<void> {
    const connection = this.open();
    if (!connection || this.get().acting) return;
    connection.dispatch({ kind: 'acting', run, action });
    try {
      connection.dispatch({ kind: 'run', run: await connection.api.act(run, action, options) });
    } catch (error) {
      connection.reportError(error);
    } finally {
      connection.dispatch({ kind: 'acted' });
    }
  }

  async loadCompletions(run: string, step: number): Promise<void> {
    const key = completionsKey(run, step);
    const connection = this.open();
    const cached = this.get().completions.get(key);
    if (!connection || cached?.kind === 'ready' || cached?.kind === 'loading') return;
    connection.dispatch({ kind: 'completions', key, value: { kind: 'loading' } });
    try {
      const records = await connection.api.completions(run, step);
      connection.dispatch({ kind: 'completions', key, value: { kind: 'ready', records } });
    } catch (error) {
      connection.dispatch({ kind: 'completions', key, value: { kind: 'error', error: toErrorData(error) } });
    }
  }

  async loadDetail(run: string): Promise<void> {
    const connection = this.open();
    if (!connection || this.get().details.has(run)) return;
    try {
      connection.dispatch({ kind: 'detail', run, resolved: await connection.api.recipe(run) });
    } catch (error) {
      connection.reportError(error);
    }
  }

  async loadRecipes(): Promise<void> {
    const connection = this.open();
    try {
      if (connection) connection.dispatch({ kind: 'recipes', recipes: await connection.api.recipes() });
    } catch (error) {
      connection?.reportError(error);
    }
  }

  /**
   * Starts a run and opens it.
   * @throws CodedError `train/unreachable` without a connection; the server's error
   */
  async start(recipe: unknown): Promise<void> {
    const connection = this.open();
    if (!connection) throw new CodedError('train/unreachable', { address: '' });
    const run = await connection.api.start(recipe);
    connection.dispatch({ kind: 'run', run });
    connection.select(run.id);
  }

  /** Makes the package of a checkpoint on the server; its progress arrives with the next lists. */
  async makePackage(id: string): Promise<void> {
    const connection = this.open();
    if (!connection) return;
    connection.dispatch({ kind: 'package', checkpoint: await connection.api.makePackage(id) });
  }

  readonly clearError = (): void => this.dispatch({ kind: 'actionError', error: null });
}

export const createTrainingStore = (dependencies: TrainingDependencies = {}): TrainingStore =>
  new TrainingStore(dependencies);
