/** Texts of the benchmark, in English. */
import type { RowName, Unmeasured } from '../../../../core/stats/benchmark.ts';
import { bytes, count, THIN } from '../../../../core/text/format.ts';
import type { BenchmarkStep } from '../benchmark/benchmark.ts';

/** `940 G`, `1.16 T`: a number with its decimal prefix, three digits. */
function prefixed(n: number): string {
  const [value, prefix] = n >= 1e12 ? [n / 1e12, 'T'] : [n / 1e9, 'G'];
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)}${THIN}${prefix}`;
}

export const benchmarkEn = {
  title: 'Benchmark this machine',
  lead: (name: string): string =>
    `Measures the graphics adapter with small programs, then **${name}** on noise: about a minute, longer for large models. The model is loaded anew and is in use afterwards. Nothing leaves this device.`,
  start: 'Start',
  again: 'Measure again',
  stop: 'Stop',
  stopped: 'Stopped. What was measured before is kept.',
  copy: 'Copy as a table',
  copied: 'Copied',
  steps: {
    adapter: 'Measuring the graphics adapter',
    load: 'Loading the model',
    prefill: 'Reading a prompt',
    decode: 'Generating tokens',
    firstWord: 'From frames to the first word',
  } satisfies Record<BenchmarkStep, string>,
  caption: (model: string, adapter: string): string =>
    adapter === '' ? model : model === '' ? adapter : `${model} on ${adapter}`,
  /** A model on the processor beside an adapter that it does not use. */
  captionBeside: (model: string, adapter: string): string => `${model} on the processor; rates of ${adapter}`,
  model: (name: string, dtype: string, promptTokens: number, answerTokens: number): string =>
    `${name}, ${dtype}, ${count(promptTokens)} tokens read and ${count(answerTokens)} generated`,
  head: { name: 'metric', measured: 'measured', ceiling: 'ceiling', share: 'share' },
  rows: {
    copy: 'Memory, copy (read and written)',
    upload: 'Upload to the adapter',
    float32: 'Matrix product, 32-bit',
    float16: 'Matrix product, 16-bit',
    load: 'Load',
    prefill: 'Prefill',
    decode: 'Decode',
    outside: 'Share of a token outside kernels',
    firstWord: 'Frames to first word',
  } satisfies Record<RowName, string>,
  bytesPerSecond: (n: number): string => `${bytes(n)}/s`,
  operations: (n: number): string => `${prefixed(n)}FLOP/s`,
  tokens: (n: number): string => `${n < 10 ? n.toFixed(2) : count(n)} tokens/s`,
  seconds: (n: number): string =>
    n < 0.1 ? `${(1000 * n).toFixed(n < 0.01 ? 2 : 1)}${THIN}ms` : `${n.toFixed(n < 10 ? 2 : 1)}${THIN}s`,
  percent: (n: number): string => `${(100 * n).toFixed(n < 0.1 ? 1 : 0)}${THIN}%`,
  atMost: (value: string): string => `≤ ${value}`,
  atLeast: (value: string): string => `≥ ${value}`,
  why: {
    'no-adapter': 'not measured: this browser has no graphics adapter with WebGPU',
    'no-f16': 'not measured: this adapter has no 16-bit arithmetic',
    'no-timestamps': 'not measured: this adapter gives no time stamps',
    'no-memory': 'not measured: the adapter has too little free memory',
    wrong: 'not measured: the adapter gave a wrong result',
    'too-long': 'not measured: it would take more than two minutes',
    processor: 'not measured: the model runs on the processor',
    failed: 'not measured: it failed',
  } satisfies Record<Unmeasured, string>,
  because: (why: string, detail: string): string => `${why} (${detail})`,
  note: 'A ceiling follows from the adapter’s own rates above it: loading from the upload, prefill and the first word from the matrix product (the motion encoder is not counted), decoding from the copy, since each token reads all weights of the language decoder. Kernels may pass the plain matrix product that is measured here.',
  noteProcessor: 'The model runs on the processor, so the adapter’s rates set no ceiling.',
};

export type BenchmarkMessages = typeof benchmarkEn;
