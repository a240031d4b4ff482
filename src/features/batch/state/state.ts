/** The state of the Batch page, and the changes that each event makes to it. Pure: no clock, worker or storage. */
import type { CodedErrorData } from '../../../../core/errors.ts';
import type { BatchFile, BatchModel, BatchRow, BatchSettings } from '../../../../core/files/batch.ts';
import { type Reducers, reducerOf } from '../../../assessment/reduce.ts';
import { type BatchCheck, type ReadTable, readTables, type TableFile, withScores } from './score-files.ts';
import type { BatchHead } from './storage.ts';

/**
 * `checked`: rows are there and nothing has run; `access`: rows are there from an earlier visit and the browser does not
 * yet let the page read their files.
 */
export type BatchPhase = 'empty' | 'checked' | 'running' | 'paused' | 'access' | 'done';

export interface BatchVideo {
  readonly path: string;
  readonly file: File;
}

export interface BatchState {
  readonly phase: BatchPhase;
  readonly name: string;
  readonly createdAt: string;
  readonly model: BatchModel | null;
  readonly settings: BatchSettings | null;
  readonly rows: readonly BatchRow[];
  /** Score tables of this batch; they are matched again whenever videos or tables are added. */
  readonly tables: readonly ReadTable[];
  /** Result of the check of videos and tables; null without a table. */
  readonly check: BatchCheck | null;
  /** Paths of rows whose file can be read. */
  readonly present: ReadonlySet<string>;
  /** Paths of rows whose file a later visit can read: their folder's handle is stored. */
  readonly retained: ReadonlySet<string>;
  /** Names of an earlier visit's folders that the browser opens only after a permission. */
  readonly locked: readonly string[];
  /** Running mean of seconds a video, null before the first. */
  readonly pace: number | null;
  /** An error of the whole queue (model, storage); an error of one video is in its row. */
  readonly error: CodedErrorData | null;
  /** False: the browser stores nothing, or refused to, and closing the page loses the rows. */
  readonly persistent: boolean;
  /** Rows are being stored: closing the page now loses them. */
  readonly saving: boolean;
}

/** An engine's answer about one file. */
export interface BatchAnswer {
  readonly score: number | null;
  readonly reason?: string;
  readonly expected?: number;
  readonly text: string;
  readonly tokens: number;
  readonly named: readonly string[];
  readonly sha256?: string;
  readonly thumbnail: Blob | null;
}

export const EMPTY: BatchState = {
  phase: 'empty',
  name: '',
  createdAt: '',
  model: null,
  settings: null,
  rows: [],
  tables: [],
  check: null,
  present: new Set(),
  retained: new Set(),
  locked: [],
  pace: null,
  error: null,
  persistent: true,
  saving: false,
};

/** Weight of the newest video in the running mean of the pace. */
const NEWEST = 0.2;

export type BatchEvent =
  /** Videos and tables were added; `present` includes the new videos, `name` and `createdAt` are a new batch's. */
  | {
      readonly kind: 'added';
      readonly videos: readonly BatchVideo[];
      readonly tables: readonly TableFile[];
      readonly present: ReadonlySet<string>;
      readonly retained: ReadonlySet<string>;
      readonly name: string;
      readonly createdAt: string;
    }
  /** A person chose the column of the MOS. */
  | { readonly kind: 'columnChosen'; readonly table: string; readonly column: number }
  | { readonly kind: 'began' }
  | { readonly kind: 'ready'; readonly model: BatchModel; readonly settings: BatchSettings }
  | { readonly kind: 'failed'; readonly error: CodedErrorData }
  /** The queue has stopped: it is done, paused, or lacks files. */
  | { readonly kind: 'ended' }
  /** Rows in place of those with the same path. */
  | { readonly kind: 'replaced'; readonly rows: readonly BatchRow[] }
  | { readonly kind: 'timed'; readonly seconds: number }
  /** All answers are dropped; videos and scores stay. */
  | { readonly kind: 'restarted' }
  | {
      readonly kind: 'restored';
      readonly head: BatchHead;
      readonly rows: readonly BatchRow[];
      readonly tables: readonly TableFile[];
    }
  | {
      readonly kind: 'reached';
      readonly present: ReadonlySet<string>;
      readonly retained: ReadonlySet<string>;
      readonly locked: readonly string[];
    }
  /** A batch file in place of the present batch. */
  | { readonly kind: 'opened'; readonly file: BatchFile }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'undone'; readonly state: BatchState }
  | { readonly kind: 'notStored' }
  | { readonly kind: 'saving'; readonly saving: boolean };

const blankRow = ({ path, file }: BatchVideo): BatchRow => ({
  path,
  bytes: file.size,
  modified: file.lastModified,
  state: 'waiting',
  score: null,
  named: [],
});

/** A row as it was before anything ran. */
export function waitingRow(row: BatchRow): BatchRow {
  const { path, bytes, modified, mos, written, dataset } = row;
  return {
    path,
    bytes,
    modified,
    state: 'waiting',
    score: null,
    named: [],
    ...(mos === undefined ? {} : { mos }),
    ...(written === undefined ? {} : { written }),
    ...(dataset === undefined ? {} : { dataset }),
  };
}

export function answeredRow(row: BatchRow, answer: BatchAnswer, seconds: number): BatchRow {
  const { score, reason, expected, text, tokens, named, sha256 } = answer;
  return {
    ...waitingRow(row),
    state: score === null ? 'no-score' : 'done',
    score,
    text,
    tokens,
    named: [...named],
    seconds,
    ...(reason === undefined ? {} : { reason }),
    ...(expected === undefined ? {} : { expected }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

export const failedRow = (row: BatchRow, error: CodedErrorData): BatchRow => ({
  ...waitingRow(row),
  state: 'failed',
  error: { ...error, params: { ...error.params } },
});

/** Phase of a batch that does not run. */
function settledPhase(rows: readonly BatchRow[], present: ReadonlySet<string>): BatchPhase {
  if (rows.every(({ state }) => state !== 'waiting' && state !== 'running')) return 'done';
  if (rows.some(({ state, path }) => state === 'waiting' && !present.has(path))) return 'access';
  return rows.some(({ state }) => state !== 'waiting') ? 'paused' : 'checked';
}

/** Old rows and those of new videos; the same path with another size is another video. */
function withVideos(rows: readonly BatchRow[], videos: readonly BatchVideo[]): BatchRow[] {
  const byPath = new Map(rows.map((row) => [row.path, row]));
  for (const video of videos) {
    if (byPath.get(video.path)?.bytes !== video.file.size) byPath.set(video.path, blankRow(video));
  }
  return [...byPath.values()];
}

const settled = ({ rows, present }: Pick<BatchState, 'rows' | 'present'>) => ({
  phase: settledPhase(rows, present),
});

const reducers: Reducers<BatchState, BatchEvent> = {
  added: (state, { videos, tables: files, present, retained, name, createdAt }) => {
    const tables = readTables(state.tables, files);
    const { rows, check } = withScores(withVideos(state.rows, videos), tables, state.check);
    const phase = rows.length === 0 && check === null ? 'empty' : settledPhase(rows, present);
    return {
      rows,
      tables,
      check,
      present,
      retained,
      error: null,
      ...(state.phase === 'empty' && { createdAt, name }),
      ...(state.phase !== 'running' && { phase }),
    };
  },
  columnChosen: (state, { table, column }) => {
    const chosen = state.tables
      .filter(({ file }) => file.name === table)
      .map(({ file }) => ({ ...file, column }));
    const tables = readTables(state.tables, chosen);
    return { tables, ...withScores(state.rows, tables, state.check) };
  },
  began: () => ({ phase: 'running', error: null }),
  ready: (_, { model, settings }) => ({ model, settings }),
  failed: (_, { error }) => ({ error }),
  ended: settled,
  replaced: (state, { rows: changed }) => {
    const byPath = new Map(changed.map((row) => [row.path, row]));
    const rows = state.rows.map((row) => byPath.get(row.path) ?? row);
    return { rows, ...(state.phase !== 'running' && settled({ ...state, rows })) };
  },
  timed: ({ pace }, { seconds }) => ({ pace: pace === null ? seconds : pace + NEWEST * (seconds - pace) }),
  restarted: (state) => {
    const rows = state.rows.map(waitingRow);
    return { model: null, settings: null, pace: null, error: null, rows, ...settled({ ...state, rows }) };
  },
  restored: (_, { head: { createdAt, name, model, settings }, rows, tables: files }) => {
    const tables = readTables([], files);
    const waiting = rows.map((row) => (row.state === 'running' ? waitingRow(row) : row));
    return { createdAt, name, model, settings, tables, ...withScores(waiting, tables, null) };
  },
  reached: (state, { present, retained, locked }) => ({
    present,
    retained,
    locked,
    ...settled({ ...state, present }),
  }),
  opened: (_, { file: { name, createdAt, model, settings, rows } }) => ({
    ...EMPTY,
    name,
    createdAt,
    model,
    settings,
    rows,
    ...settled({ rows, present: EMPTY.present }),
  }),
  cleared: () => EMPTY,
  undone: (_, { state }) => state,
  notStored: () => ({ persistent: false }),
  saving: (_, { saving }) => ({ saving }),
};

export const reduceBatch = reducerOf(reducers);
