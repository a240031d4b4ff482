/** Order, stop and texts of a benchmark, with fake measurements. */
import { expect, it } from 'vitest';
import type { AdapterRates, PackageSpeeds } from '../../../../core/stats/benchmark.ts';
import { THIN } from '../../../../core/text/format.ts';
import { benchmarkEn } from '../messages/benchmark.en.ts';
import { Benchmark } from './benchmark.ts';
import { captionOf, tableText, textRows } from './rows.ts';

const rates: AdapterRates = {
  adapter: 'A card',
  copy: { value: 412e9 },
  upload: { value: 8e9 },
  float32: { value: 940e9 },
  float16: { why: 'no-f16' },
};

const speeds: PackageSpeeds = {
  name: 'A model',
  backend: 'webgpu',
  dtype: 'q4',
  promptTokens: 512,
  answerTokens: 64,
  load: { value: 4 },
  prefill: { value: 94 },
  decode: { value: 8.24 },
  outside: { value: 0.034 },
  firstWord: { why: 'failed', detail: 'device lost' },
  work: { loadBytes: 4e9, prefillOperations: 1e9, stepBytes: 4e9, firstWordOperations: null },
};

function setUp() {
  const steps: string[] = [];
  const benchmark = new Benchmark({
    measureAdapter: async () => rates,
    load: async () => {},
    measurePackage: async (onStage, signal) => {
      onStage('decode');
      signal.throwIfAborted();
      return speeds;
    },
  });
  benchmark.store.subscribe(({ step }, before) => {
    if (step !== before.step) steps.push(String(step));
  });
  return { benchmark, steps };
}

it('measures the adapter before the package is loaded', async () => {
  const { benchmark, steps } = setUp();
  await benchmark.start();
  expect(steps).toEqual(['adapter', 'load', 'prefill', 'decode', 'null']);
  expect(benchmark.store.getState()).toMatchObject({ rates, speeds, stopped: false, error: null });
});

it('keeps what was measured before a stop, and begins anew', async () => {
  const { benchmark } = setUp();
  const stopAtLoad = benchmark.store.subscribe(({ step }) => {
    if (step === 'load') benchmark.stop();
  });
  await benchmark.start();
  expect(benchmark.store.getState()).toMatchObject({ step: null, rates, speeds: null, stopped: true });
  stopAtLoad();
  await benchmark.start();
  expect(benchmark.store.getState()).toMatchObject({ speeds, stopped: false });
});

it('shows an error of the load', async () => {
  const benchmark = new Benchmark({
    measureAdapter: async () => rates,
    load: () => Promise.reject(new Error('gone')),
    measurePackage: async () => speeds,
  });
  await benchmark.start();
  expect(benchmark.store.getState()).toMatchObject({ step: null, rates, error: { code: 'app/unexpected' } });
});

it('writes values with their units and ceilings, and reasons in place of numbers', () => {
  const rows = textRows(rates, speeds, benchmarkEn);
  const row = (name: string) => rows.find((one) => one.name === name);
  expect(row('copy')).toMatchObject({ measured: `412${THIN}GB/s`, ceiling: '', share: '' });
  expect(row('float32')).toMatchObject({ measured: `940${THIN}GFLOP/s` });
  expect(row('float16')).toMatchObject({
    measurable: false,
    measured: 'not measured: this adapter has no 16-bit arithmetic',
  });
  expect(row('load')).toMatchObject({
    measured: `4.00${THIN}s`,
    ceiling: `≥ 0.50${THIN}s`,
    share: `13${THIN}%`,
  });
  expect(row('prefill')).toMatchObject({
    measured: '94 tokens/s',
    ceiling: '≤ 940 tokens/s',
    share: `10${THIN}%`,
  });
  expect(row('decode')).toMatchObject({ measured: '8.24 tokens/s', ceiling: '≤ 103 tokens/s' });
  expect(row('outside')).toMatchObject({ measured: `3.4${THIN}%`, ceiling: '' });
  expect(row('firstWord')?.measured).toBe('not measured: it failed (device lost)');
});

it('is copied as a Markdown table under the names of model and adapter', () => {
  const caption = captionOf(rates, speeds, () => '4-bit', benchmarkEn);
  expect(caption).toBe('A model, 4-bit, 512 tokens read and 64 generated on A card');
  const beside = captionOf(rates, { ...speeds, backend: 'wasm' }, () => '8-bit', benchmarkEn);
  expect(beside).toBe('A model, 8-bit, 512 tokens read and 64 generated on the processor; rates of A card');
  const lines = tableText(caption, textRows(rates, speeds, benchmarkEn), benchmarkEn).split('\n');
  expect(lines.slice(2, 5)).toEqual([
    '| metric | measured | ceiling | share |',
    '| --- | --- | --- | --- |',
    `| Memory, copy (read and written) | 412${THIN}GB/s |  |  |`,
  ]);
});
