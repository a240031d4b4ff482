/**
 * `npm run bench [-- paint assess decode media compare batch packages]`: the figures of docs/performance.md, printed as one table.
 * Measurements, not tests: they need an otherwise idle machine, and ratios within one run say more than seconds.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import type { HarnessRun, harness as ModelHarness } from '../model/harness.ts';
import { benchBatch } from './batch.ts';
import { type Bench, median, openBench, renamed, root, scratch, scratchFile } from './browser.ts';
import { benchCompare } from './compare.ts';
import { benchMedia } from './media.ts';
import { nativeGreedyTokensPerSecond, nativeTokensPerSecond } from './native-decoder.ts';
import { benchPackages } from './packages.ts';

declare global {
  interface Window {
    harness: typeof ModelHarness;
  }
}

interface Row {
  readonly what: string;
  readonly value: string;
  readonly bar: string;
}

const RUNS = 5;
const PACKAGE = join(root, 'public', 'models', 'small');

/** Ten seconds of 720p with plenty of detail and motion. */
function clip720(): string {
  const recipe = ['-f', 'lavfi', '-i', 'mandelbrot=size=1280x720:rate=25:end_pts=400', '-t', '10'];
  const encode = ['-c:v', 'libx264', '-preset', 'medium', '-crf', '23', '-pix_fmt', 'yuv420p'];
  return scratchFile('720p-10s.mp4', [...recipe, ...encode], (path) => {
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...recipe, ...encode, path], { stdio: 'inherit' });
  });
}

const dropZone = (view: Page) => view.getByRole('button', { name: 'Choose a file' });

/** Gzipped JavaScript that the document itself loads before the drop zone works; workers come after it. */
async function firstPaint({ address, page }: Bench): Promise<Row> {
  const view = await page();
  await view.goto(address);
  await dropZone(view).waitFor();
  const scripts = await view.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => /\.m?js$/.test(path) && !/worker/.test(path)),
  );
  await view.context().close();
  const bytes = [...new Set(scripts)].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(scratch, 'dist', path)), { level: 9 }).length,
    0,
  );
  return {
    what: 'JavaScript before the drop zone works',
    value: `${(bytes / 1000).toFixed(0)} kB gzipped`,
    bar: '≤ 250 kB',
  };
}

const marks = (view: Page) =>
  view.evaluate(() => {
    const last = (name: string) =>
      performance.getEntriesByName(name, 'measure').at(-1)?.duration ?? Number.NaN;
    return { first: last('assess:first-token') / 1000, done: last('assess:done') / 1000 };
  });

/** Warm runs of the bundled model on a 720p clip, through the page as a user has it. */
async function warmRuns({ address, page }: Bench): Promise<Row[]> {
  const view = await page();
  await view.addInitScript(() => {
    const times: number[] = [];
    Object.assign(window, { longTasks: times });
    new PerformanceObserver((list) =>
      times.push(...list.getEntries().map((entry) => entry.duration)),
    ).observe({
      entryTypes: ['longtask'],
    });
  });
  await view.goto(address);
  await dropZone(view).waitFor();
  // A person takes longer to choose a file than the model to load.
  await view.locator('.app-chip__dot').waitFor({ timeout: 60_000 });
  await view.waitForTimeout(3000);
  let fresh = Number.NaN;
  const [first, done, long]: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run <= RUNS; run++) {
    await view.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
    const chooser = view.locator('body > input[type=file]');
    while ((await chooser.count()) === 0) {
      await view.keyboard.press('o');
      await view.waitForTimeout(100);
    }
    await chooser.setInputFiles(renamed(clip720(), `clip-${run}.mp4`));
    await view.waitForFunction(
      (n) => performance.getEntriesByName('assess:done', 'measure').length > n,
      run,
      {
        timeout: 120_000,
      },
    );
    const times = await marks(view);
    const tasks = await view.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
    if (run === 0) {
      fresh = times.first;
      continue;
    }
    first.push(times.first);
    done.push(times.done);
    long.push(Math.max(0, ...tasks));
  }
  await view.context().close();
  const seconds = (values: number[]) =>
    `${median(values).toFixed(2)} s (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
  return [
    { what: 'First word, 10 s of 720p, first video of a page', value: `${fresh.toFixed(2)} s`, bar: '' },
    { what: 'First word, 10 s of 720p, warm', value: seconds(first), bar: '≤ 1.5 s' },
    { what: 'Finished', value: seconds(done), bar: '≤ 4 s' },
    {
      what: 'Longest task of the page’s thread while assessing',
      value: `${Math.max(...long).toFixed(0)} ms`,
      bar: '≤ 50 ms',
    },
  ];
}

/** Tokens a second in the browser by number of threads, on random pictures. */
async function browserTokens(
  { address, page }: Bench,
  size: number,
  frames: number,
  pairs: boolean,
): Promise<Map<number, number>> {
  const bytes = Uint8Array.from({ length: size ** 2 * 3 * frames }, (_, i) => (i * 97) % 251);
  writeFileSync(join(scratch, 'dist', 'frames.bin'), bytes);
  const speeds = new Map<number, number>();
  for (const threads of [1, 2]) {
    const view = await page();
    await view.goto(`${address}/e2e/model/harness.html`);
    await view.waitForFunction(() => document.title === 'ready');
    await view.evaluate(
      ([base, count]) => window.harness.load(base as string, { backend: 'wasm', threads: count as number }),
      ['/models/small/', threads] as const,
    );
    const run: HarnessRun = { frames: '/frames.bin', size, maxTokens: 96, pairs };
    const rates: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { answer } = await view.evaluate((options) => window.harness.assess(options), run);
      if (i > 0) rates.push((answer.tokens - 1) / answer.seconds.generate);
    }
    speeds.set(threads, median(rates));
    await view.context().close();
  }
  return speeds;
}

const best = (speeds: ReadonlyMap<number, number>) => [...speeds].reduce((a, b) => (b[1] > a[1] ? b : a));

async function decoderSpeed(bench: Bench): Promise<Row[]> {
  const manifest = JSON.parse(readFileSync(join(PACKAGE, 'manifest.json'), 'utf8'));
  const { profile, variants } = manifest;
  const wasm = variants.find((variant: { target: string }) => variant.target === 'wasm');
  const file = wasm.files.find((path: string) => /decoder_model_merged.*\.onnx$/.test(path));
  const prompt = profile.frames * profile.tokensPerFrame + 120;
  const greedyFile = wasm.files.find((path: string) => /decoder_greedy.*\.onnx$/.test(path));
  const native = await nativeTokensPerSecond(PACKAGE, file, prompt, 60);
  const greedy = await nativeGreedyTokensPerSecond(PACKAGE, greedyFile, prompt, 96);
  const pairs = profile.motion.frames === 'successors';
  const browser = await browserTokens(bench, profile.size, profile.frames * (pairs ? 2 : 1), pairs);
  const list = (speeds: ReadonlyMap<number, number>) =>
    [...speeds].map(([t, s]) => `${s.toFixed(0)} (${t} thr.)`).join(', ');
  const ratio = (baseline: ReadonlyMap<number, number>) => (best(browser)[1] / best(baseline)[1]).toFixed(2);
  return [
    { what: 'Decode, native onnxruntime, a step a run, tokens/s', value: list(native), bar: '' },
    { what: 'Decode, native onnxruntime, sixteen steps a run, tokens/s', value: list(greedy), bar: '' },
    { what: 'Decode, browser WASM, tokens/s', value: list(browser), bar: '' },
    { what: 'Browser / native, a step a run', value: ratio(native), bar: '≥ 0.3 (goal 0.5)' },
    { what: 'Browser / native, sixteen steps a run', value: ratio(greedy), bar: '≥ 0.3 (goal 0.5)' },
  ];
}

function print(rows: readonly Row[]): void {
  for (const { what, value, bar } of rows) console.log(`${what.padEnd(56)}  ${value.padEnd(30)}  ${bar}`);
}

const sections: Record<string, (bench: Bench) => Promise<readonly Row[]>> = {
  paint: async (bench) => [await firstPaint(bench)],
  assess: warmRuns,
  decode: decoderSpeed,
  media: async (bench) => benchMedia(await bench.page(), bench.address),
  compare: async (bench) => benchCompare(await bench.page(), bench.address),
  batch: async ({ address }) => benchBatch(address),
  packages: async (bench) => benchPackages(await bench.page(), bench.address),
};
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in sections));
if (unknown !== undefined) {
  console.error(`No section ${unknown}: ${Object.keys(sections).join(', ')}`);
  process.exit(2);
}

const bench = await openBench();
try {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.versions.node}\n`);
  for (const [name, measure] of Object.entries(sections))
    if (asked.length === 0 || asked.includes(name)) print(await measure(bench));
} finally {
  await bench.close();
}
