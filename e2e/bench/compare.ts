/**
 * Playing a shuffled minute of 1080p beside the original: positions a second, memory, and how soon full-resolution frames
 * are there. PSNR and SSIM of two encodes: pairs a second, and how long the page's thread is busy.
 */
import type { Page } from '@playwright/test';
import { median } from './browser.ts';
import { type BenchMetric, clip1080 } from './media.ts';

const SECONDS = 10;
const PAUSES = 9;
/** Time after a pause at which the full-resolution frame should be there, ms. */
const SHARP = 300;

async function open(page: Page, address: string, path: string | readonly string[]): Promise<void> {
  // Another hash alone would keep the video that is open.
  await page.goto('about:blank');
  await page.goto(`${address}/#/compare?over=video`);
  await page.locator('.compare-empty').waitFor();
  const chooser = page.locator('body > input[type=file]');
  while ((await chooser.count()) === 0) {
    await page.keyboard.press('o');
    await page.waitForTimeout(100);
  }
  await chooser.setInputFiles(typeof path === 'string' ? path : [...path]);
  await page.locator('.compare-page').waitFor();
}

/** Places a second that the clock shows while it plays; each is a new picture on both sides. */
function playedPositions(page: Page, seconds: number): Promise<number> {
  return page.evaluate(async (ms) => {
    const text = document.querySelector('.compare-transport__position');
    let shown = 0;
    let last = text?.textContent;
    const watch = new MutationObserver(() => {
      if (text?.textContent !== last) shown++;
      last = text?.textContent;
    });
    watch.observe(text as Node, { characterData: true, childList: true, subtree: true });
    const begun = performance.now();
    await new Promise((done) => setTimeout(done, ms));
    watch.disconnect();
    return (shown * 1000) / (performance.now() - begun);
  }, seconds * 1000);
}

interface Pause {
  /** From the pause to the full-resolution frame of both sides. */
  readonly ms: number;
  /** Packets that were decoded for them. */
  readonly decoded: number;
}

async function pauseToTrue(page: Page): Promise<Pause> {
  await page.evaluate(() => performance.clearMeasures('compare:full-resolution'));
  await page.keyboard.press('k');
  await page.waitForFunction(() => performance.getEntriesByName('compare:full-resolution').length > 0, null, {
    polling: 20,
  });
  const pause = await page.evaluate(() => {
    const [entry] = performance.getEntriesByName('compare:full-resolution') as PerformanceMeasure[];
    return { ms: entry?.duration ?? Number.NaN, decoded: entry?.detail.decoded as number };
  });
  await page.keyboard.press('k');
  await page.waitForTimeout(700);
  return pause;
}

const spread = (values: readonly number[]) =>
  `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;

/** PSNR and SSIM of two encodes of 10 s, after their proxy frames are there. */
async function benchMetrics(page: Page, address: string): Promise<BenchMetric[]> {
  await open(page, address, [clip1080(60, 10, '8M'), clip1080(60, 10, '2M')]);
  const filled = () => /in memory/.test(document.querySelector('.compare-store')?.textContent ?? '');
  await page.waitForFunction(filled, null, { timeout: 300_000 });
  const rates: number[] = [];
  const tasks: number[] = [];
  for (let run = 0; run < 3; run++) {
    // The offset and back: the values of the last run go.
    await page.keyboard.press('>');
    await page.keyboard.press('<');
    const { seconds, longest } = await page.evaluate(async () => {
      let longest = 0;
      const watch = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
      });
      watch.observe({ entryTypes: ['longtask'] });
      const begun = performance.now();
      document.querySelector<HTMLButtonElement>('.compare-metrics__invitation button')?.click();
      const done = () =>
        document.querySelector('.compare-plot__details') &&
        !document.querySelector('.compare-metrics__progress progress');
      while (!done()) await new Promise((next) => setTimeout(next, 20));
      watch.disconnect();
      return { seconds: (performance.now() - begun) / 1000, longest };
    });
    rates.push(300 / seconds);
    tasks.push(longest);
  }
  const what = 'PSNR and SSIM, two encodes of 10 s of 1080p';
  return [
    { what: `${what}: pairs of frames a second`, value: spread(rates), bar: '≥ 60' },
    { what: `${what}: longest task of the page’s thread`, value: `${spread(tasks)} ms`, bar: '≤ 50 ms' },
  ];
}

export async function benchCompare(page: Page, address: string): Promise<BenchMetric[]> {
  const rows: BenchMetric[] = [];
  for (const gop of [60, 250]) {
    const begun = performance.now();
    await open(page, address.replace(/\/$/, ''), clip1080(gop));
    const store = page.locator('.compare-store');
    await page.waitForFunction(
      () => /in memory/.test(document.querySelector('.compare-store')?.textContent ?? ''),
      null,
      { timeout: 600_000 },
    );
    const filled = (performance.now() - begun) / 1000;
    await page.locator('.compare-transport__time').click();
    await page.keyboard.press('k');
    const rate = await playedPositions(page, SECONDS);
    const waits: Pause[] = [];
    for (let i = 0; i < PAUSES; i++) waits.push(await pauseToTrue(page));
    const what = `60 s of 1080p, shuffled, a key frame every ${gop}`;
    rows.push(
      { what: `${what}: positions a second while playing`, value: rate.toFixed(1), bar: '≥ 24' },
      {
        what: `${what}: proxy frames in memory`,
        value: (await store.textContent())?.match(/[\d,]+ frames in memory.*$/)?.[0] ?? '',
        bar: '≤ 600 MB',
      },
      { what: `${what}: until all are in memory`, value: `${filled.toFixed(0)} s`, bar: '' },
      {
        what: `${what}: full-resolution frame after a pause`,
        value: `${spread(waits.map(({ ms }) => ms))} ms`,
        bar: `≤ ${SHARP} ms`,
      },
      {
        what: `${what}: packets decoded for them`,
        value: spread(waits.map(({ decoded }) => decoded)),
        bar: '',
      },
    );
  }
  rows.push(...(await benchMetrics(page, address.replace(/\/$/, ''))));
  return rows;
}
