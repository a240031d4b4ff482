/**
 * Results of a benchmark of a machine with a package: each measurement beside the ceiling that the machine's own rates
 * set to it. A value that could not be measured is a reason, never a number. Ours.
 */

/** Reason why there is no value. */
export type Unmeasured =
  /** No adapter with WebGPU. */
  | 'no-adapter'
  /** No 16-bit arithmetic. */
  | 'no-f16'
  /** No timestamps of the adapter's own clock. */
  | 'no-timestamps'
  /** The buffers could not be allocated. */
  | 'no-memory'
  /** The adapter gave a wrong result. */
  | 'wrong'
  /** It would take longer than the benchmark waits. */
  | 'too-long'
  /** Runs on the processor. */
  | 'processor'
  | 'failed';

export type Measured = { readonly value: number } | { readonly why: Unmeasured; readonly detail?: string };

/** Rates of a graphics adapter, measured with small programs of our own. */
export interface AdapterRates {
  readonly adapter: string;
  /** Bytes a second that a copy from buffer to buffer reads and writes. */
  readonly copy: Measured;
  /** Bytes a second from the page to a buffer. */
  readonly upload: Measured;
  /** Operations a second of a matrix product. */
  readonly float32: Measured;
  readonly float16: Measured;
}

/** Work that a stage needs by the shape of the model; null where the package does not tell. */
export interface StageWork {
  /** Bytes of weights that are opened. */
  readonly loadBytes: number;
  /** Operations of one token of the prompt, the mean of those that were measured. */
  readonly prefillOperations: number | null;
  /** Bytes that one new token reads: weights of the language decoder, keys and values. */
  readonly stepBytes: number | null;
  /** Operations until the first word, those of the motion encoder left out. */
  readonly firstWordOperations: number | null;
}

export interface PackageSpeeds {
  readonly name: string;
  readonly backend: 'webgpu' | 'wasm';
  readonly dtype: string;
  /** Tokens of the prompt that were measured, and of the answer. */
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** Seconds. */
  readonly load: Measured;
  /** Tokens a second. */
  readonly prefill: Measured;
  readonly decode: Measured;
  /** Share of a token's time in which no kernel runs on the adapter. */
  readonly outside: Measured;
  /** Seconds from decoded frames to the first token. */
  readonly firstWord: Measured;
  readonly work: StageWork;
}

export const rowNames = [
  'copy',
  'upload',
  'float32',
  'float16',
  'load',
  'prefill',
  'decode',
  'outside',
  'firstWord',
] as const;
export type RowName = (typeof rowNames)[number];

export interface BenchmarkRow {
  readonly name: RowName;
  readonly measured: Measured;
  /** Best value that the measured rates allow, in the unit of the row; null where there is none. */
  readonly ceiling: number | null;
  /** Measured speed as a share of the ceiling's. */
  readonly share: number | null;
}

const numberOf = (measured: Measured): number | null => ('value' in measured ? measured.value : null);

/** Quotient of two numbers, null where one is unknown or there is nothing to divide by. */
const quotient = (a: number | null, b: number | null): number | null =>
  a === null || b === null || b <= 0 ? null : a / b;

type PackageRow = 'load' | 'prefill' | 'decode' | 'firstWord';

/** Ceilings of a package's speeds, from the rates of the adapter that it runs on. */
export function ceilingsOf(rates: AdapterRates, speeds: PackageSpeeds): Record<PackageRow, number | null> {
  const none = { load: null, prefill: null, decode: null, firstWord: null };
  if (speeds.backend !== 'webgpu') return none;
  const { work, dtype } = speeds;
  const arithmetic = numberOf(/16$/.test(dtype) ? rates.float16 : rates.float32);
  return {
    load: quotient(work.loadBytes, numberOf(rates.upload)),
    prefill: quotient(arithmetic, work.prefillOperations),
    decode: quotient(numberOf(rates.copy), work.stepBytes),
    firstWord: quotient(work.firstWordOperations, arithmetic),
  };
}

/** Rows of the table: the adapter's rates, then the package's speeds where it was measured. */
export function benchmarkRows(rates: AdapterRates, speeds: PackageSpeeds | null): BenchmarkRow[] {
  const rateRows = (['copy', 'upload', 'float32', 'float16'] as const).map((name) => ({
    name,
    measured: rates[name],
    ceiling: null,
    share: null,
  }));
  if (!speeds) return rateRows;
  const ceilings = ceilingsOf(rates, speeds);
  const perSecond = (name: 'prefill' | 'decode'): BenchmarkRow => {
    const ceiling = ceilings[name];
    return { name, measured: speeds[name], ceiling, share: quotient(numberOf(speeds[name]), ceiling) };
  };
  const seconds = (name: 'load' | 'firstWord'): BenchmarkRow => {
    const ceiling = ceilings[name];
    return { name, measured: speeds[name], ceiling, share: quotient(ceiling, numberOf(speeds[name])) };
  };
  return [
    ...rateRows,
    seconds('load'),
    perSecond('prefill'),
    perSecond('decode'),
    { name: 'outside', measured: speeds.outside, ceiling: null, share: null },
    seconds('firstWord'),
  ];
}

/** A Markdown table. A bar inside a cell is escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
