/** Rows of a benchmark as text: for the table on the page, for the clipboard, and for the terminal. */
import {
  type AdapterRates,
  type BenchmarkRow,
  benchmarkRows,
  type Measured,
  markdownTable,
  type PackageSpeeds,
  type RowName,
} from '../../../../core/stats/benchmark.ts';
import type { BenchmarkMessages } from '../messages/benchmark.en.ts';

export interface TextRow {
  readonly name: RowName;
  readonly label: string;
  /** Value with its unit, or why there is none. */
  readonly measured: string;
  readonly measurable: boolean;
  /** Empty without one. */
  readonly ceiling: string;
  readonly share: string;
}

type Unit = 'bytesPerSecond' | 'operations' | 'seconds' | 'tokens' | 'percent';

const units: Record<RowName, Unit> = {
  copy: 'bytesPerSecond',
  upload: 'bytesPerSecond',
  float32: 'operations',
  float16: 'operations',
  load: 'seconds',
  prefill: 'tokens',
  decode: 'tokens',
  outside: 'percent',
  firstWord: 'seconds',
};

function measuredText(measured: Measured, unit: Unit, t: BenchmarkMessages): string {
  if ('value' in measured) return t[unit](measured.value);
  const { why, detail } = measured;
  return detail === undefined ? t.why[why] : t.because(t.why[why], detail.slice(0, 200));
}

function textRow({ name, measured, ceiling, share }: BenchmarkRow, t: BenchmarkMessages): TextRow {
  const unit = units[name];
  const bound = unit === 'seconds' ? t.atLeast : t.atMost;
  return {
    name,
    label: t.rows[name],
    measured: measuredText(measured, unit, t),
    measurable: 'value' in measured,
    ceiling: ceiling === null ? '' : bound(t[unit](ceiling)),
    share: share === null ? '' : t.percent(share),
  };
}

export const textRows = (
  rates: AdapterRates,
  speeds: PackageSpeeds | null,
  t: BenchmarkMessages,
): TextRow[] => benchmarkRows(rates, speeds).map((row) => textRow(row, t));

/** Names of the model and the adapter that were measured. */
export function captionOf(
  { adapter }: AdapterRates,
  speeds: PackageSpeeds | null,
  dtype: (name: string) => string,
  t: BenchmarkMessages,
): string {
  const model = speeds
    ? t.model(speeds.name, dtype(speeds.dtype), speeds.promptTokens, speeds.answerTokens)
    : '';
  if (speeds?.backend === 'wasm' && adapter !== '') return t.captionBeside(model, adapter);
  return t.caption(model, adapter);
}

/** The table in Markdown, under its caption. */
export function tableText(caption: string, rows: readonly TextRow[], { head }: BenchmarkMessages): string {
  const table = markdownTable(
    [head.name, head.measured, head.ceiling, head.share],
    rows.map(({ label, measured, ceiling, share }) => [label, measured, ceiling, share]),
  );
  return `${caption}\n\n${table}\n`;
}
