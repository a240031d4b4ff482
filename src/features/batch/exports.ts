/** Exported files of a batch; model, package and settings are in every format that can hold them. */

import { bandOf, bands } from '../../../core/answer/grades.ts';
import {
  type BatchFile,
  type BatchModel,
  type BatchSettings,
  batchFormat,
} from '../../../core/files/batch.ts';
import { officialCsv, scoreCsv } from '../../../core/files/csv.ts';
import type { BatchState } from './state/store.ts';

type Batch = Pick<BatchState, 'name' | 'createdAt' | 'model' | 'settings' | 'rows'>;

/** JSON with its keys in one order: equal settings give equal text. */
function canonical(model: BatchModel, settings: BatchSettings): string {
  const sorted = (value: object) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(model), sorted(settings)]);
}

/** SHA-256 over model and settings; null before there are any. */
export async function settingsHash(
  { model, settings }: Pick<Batch, 'model' | 'settings'>,
  hash: (text: Blob) => Promise<string>,
): Promise<string | null> {
  return model && settings ? hash(new Blob([canonical(model, settings)])) : null;
}

export function batchJson(batch: Batch, app: string, settingsSha256: string | null): string {
  const { name, createdAt, model, settings, rows } = batch;
  const file: BatchFile = {
    format: batchFormat,
    kind: 'batch',
    app,
    createdAt,
    name,
    model,
    settings,
    settingsSha256,
    rows: [...rows],
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** The three columns of the released script: rows with a score and a human score, the latter as its table wrote it. */
export function batchOfficialCsv({ rows }: Batch): string {
  return officialCsv(
    rows.flatMap(({ path, score, written, state }) =>
      state === 'done' && written !== undefined ? [{ filename: path, predicted: score, truth: written }] : [],
    ),
  );
}

/** All columns, a line for every row that is not waiting; an unreadable answer is `null`. */
export function batchFullCsv({ rows }: Batch): string {
  return scoreCsv(
    rows
      .filter(({ state }) => state !== 'waiting' && state !== 'running')
      .map((row) => ({
        file: row.path,
        score: row.score,
        band: row.score === null ? undefined : bands[bandOf(row.score).grade - 1]?.word,
        expected: row.expected,
        k: row.state === 'done' || row.state === 'no-score' ? 1 : 0,
        named: row.named,
        seconds: row.seconds,
        error: row.error?.code ?? row.reason ?? (row.state === 'skipped' ? 'skipped' : undefined),
      })),
  );
}
