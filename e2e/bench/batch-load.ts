/**
 * A queue of videos through the Batch page, as the benchmark and the slow test run it: real clips with the model that
 * ships, or a thousand files whose answers come at once, so that all that is measured is what the page itself holds.
 */
import { linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';
import { MEASURE_NOW, type MemoryMetric, measureMemory } from './memory.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const INSTANT = '/instant-worker.js';

/** Clips of the shared media that every Chromium decodes, from 176 × 144 to 1280 × 720. */
export const REAL_CLIPS = [
  'bikes.mp4',
  'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4',
  'bbb_642x642_768kbps_30fps_vp9.webm',
  'bbb_960x540_60fps_vp8.webm',
  'bottle-detection.mp4',
  'bt709_full_range.mp4',
  'car-detection.mp4',
  'carphone_pristine.mp4',
  'nasa_13013.mp4',
  'sample_12_5fps_720p_1s.mp4',
  'sample_portrait.mp4',
  'silent-black-10s.mp4',
  'walk.mkv',
] as const;

/** So many names for the given files, one after another: each is another video to the page. */
export function manyNames(paths: readonly string[], count: number, folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, i) => {
    const from = paths[i % paths.length]!;
    const name = join(folder, `${String(i).padStart(4, '0')}${extname(from)}`);
    linkSync(from, name);
    return name;
  });
}

export interface BatchRun {
  /** Rows with a score. */
  readonly done: number;
  readonly seconds: number;
  readonly memory: MemoryMetric;
}

export interface BatchPage {
  /** Adds files, runs them to the end, and measures when the page is still. */
  run(paths: readonly string[]): Promise<BatchRun>;
  close(): Promise<void>;
}

let instant: Promise<string> | undefined;

/** The stand-in for the model worker as one script. */
function instantWorker(scratch: string): Promise<string> {
  instant ??= build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    build: {
      outDir: join(scratch, 'instant'),
      copyPublicDir: false,
      lib: { entry: join(ROOT, 'e2e/model/instant-worker.ts'), formats: ['es'], fileName: 'worker' },
    },
  }).then(() => readFileSync(join(scratch, 'instant', 'worker.js'), 'utf8'));
  return instant;
}

async function answerAtOnce(page: Page, scratch: string): Promise<void> {
  const body = await instantWorker(scratch);
  await page.route(`**${INSTANT}`, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      headers: {
        'Cross-Origin-Embedder-Policy': 'require-corp',
        'Cross-Origin-Resource-Policy': 'same-origin',
      },
      body,
    }),
  );
  await page.addInitScript((script) => {
    const Real = Worker;
    window.Worker = class extends Real {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(options?.name === 'model' ? script : url, options);
      }
    };
  }, INSTANT);
}

/**
 * A browser of its own with the Batch page of a served build.
 *
 * @param model `instant`: answers come at once
 */
export async function openBatch(
  address: string,
  scratch: string,
  model: 'shipped' | 'instant',
): Promise<BatchPage> {
  const executablePath = findChromium();
  const browser: Browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--disable-quic', '--no-first-run', '--disable-background-networking', MEASURE_NOW],
    chromiumSandbox: false,
  });
  const page = await browser.newPage();
  if (model === 'instant') await answerAtOnce(page, scratch);
  await page.goto(`${address.replace(/\/$/, '')}/#/batch`);
  await page.locator('.app-chip__dot').waitFor({ timeout: 60_000 });
  return {
    async run(paths) {
      const chooser = page.locator('body > input[type=file]');
      await page.evaluate(() => document.querySelector('body > input[type=file]')?.remove());
      while ((await chooser.count()) === 0) {
        await page.keyboard.press('o');
        await page.waitForTimeout(200);
      }
      await chooser.setInputFiles([...paths]);
      const start = page.getByRole('button', { name: /^(Start|Resume)/ });
      await start.waitFor({ timeout: 60_000 });
      const begun = performance.now();
      await start.click();
      await page.locator('.batch-page--running').waitFor({ state: 'attached' });
      await page.locator('.batch-page--done').waitFor({ state: 'attached', timeout: 3_600_000 });
      const seconds = (performance.now() - begun) / 1000;
      const chips = await page.locator('.batch-chip').allInnerTexts();
      const counted = (name: RegExp) =>
        Number(/[\d,]+/.exec(chips.find((text) => name.test(text)) ?? '')?.[0].replace(',', '') ?? 0);
      const done = counted(/^All/) - counted(/^No score/) - counted(/^Failed/) - counted(/^Skipped/);
      await page.waitForTimeout(1500);
      return { done, seconds, memory: await measureMemory(browser, page) };
    },
    close: () => browser.close(),
  };
}
