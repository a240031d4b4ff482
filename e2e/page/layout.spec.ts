/** The layout stands still: shifts that a person did not cause, summed by the browser over a run and over the empty page. */
import type { Page } from '@playwright/test';
import { choose, clip, expect, hasModel, openPage, reaches, SAMPLE, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

/** Sum of the layout shifts of one run that no input of the last half second explains. */
const LIMIT = 0.02;

interface Shift {
  readonly value: number;
  /** Moved elements with their top edges before and after. */
  readonly sources: readonly string[];
}

/** Records every shift from now on. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: Shift[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node: Node | null; previousRect: DOMRect; currentRect: DOMRect }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        const sources = entry.sources.map(({ node, previousRect, currentRect }) => {
          const name = node instanceof Element ? node.className || node.tagName : (node?.nodeName ?? '?');
          return `${name}: ${previousRect.top} to ${currentRect.top}`;
        });
        shifts.push({ value: entry.value, sources });
      }
    }).observe({ type: 'layout-shift' });
  });
}

const shiftsOf = (page: Page): Promise<Shift[]> =>
  page.evaluate(() => (window as unknown as { shifts: Shift[] }).shifts);

async function expectStill(page: Page): Promise<void> {
  // The browser reports a shift after the frame that made it.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
  const shifts = await shiftsOf(page);
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  expect(sum, JSON.stringify(shifts, null, 1)).toBeLessThanOrEqual(LIMIT);
}

/** Escape right after the end of a run is taken for a late stop, and closes nothing. */
const closeResult = (page: Page): Promise<void> =>
  expect(async () => {
    await page.keyboard.press('Escape');
    await reaches(page, 'empty', 1000);
  }).toPass();

const portrait = clip('sample_portrait.mp4') ?? SAMPLE;
const corrupted = clip('corrupted.mp4') ?? SAMPLE;

for (const [width, height, kind, file] of [
  [1440, 900, 'a portrait clip', portrait],
  [1440, 900, 'a clip with notices', corrupted],
  [1920, 1080, 'the sample', SAMPLE],
  [768, 1024, 'a clip with notices', corrupted],
  [390, 844, 'the sample', SAMPLE],
  [390, 844, 'a portrait clip', portrait],
] as const)
  test(`${width} × ${height}: nothing moves during a run of ${kind}`, async ({ page, site }) => {
    await page.setViewportSize({ width, height });
    await openPage(page, site.address);
    await watchShifts(page);
    await choose(page, file);
    await reaches(page, 'done');
    await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
    await expectStill(page);
  });

test('eight answers move nothing', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const button = page.getByRole('button', { name: 'Assess 8 times' });
  await watchShifts(page);
  await button.click();
  await expect(page.locator('.assess-trace__answers')).toContainText('of 8');
  await reaches(page, 'done');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  await expectStill(page);
});

test('results of before have the height that is left, and scroll in it', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await closeResult(page);
  await expect(page.locator('.assess-recent__row')).toHaveCount(1);
  // The stored result nine times more.
  await page.evaluate(async () => {
    const request = indexedDB.open('vqathinker');
    await new Promise((done) => (request.onsuccess = done));
    const store = request.result.transaction('results', 'readwrite').objectStore('results');
    const all = store.getAll();
    await new Promise((done) => (all.onsuccess = done));
    for (let n = 0; n < 9; n++) store.put({ ...all.result[0], id: `copy ${n}` });
    await new Promise((done) => (store.transaction.oncomplete = done));
    request.result.close();
  });
  await page.reload();
  await expect(page.locator('.assess-recent__row')).toHaveCount(10);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(900);
  await page.locator('.assess-recent__open').last().focus();
  await expect(page.locator('.assess-recent__row').last()).toBeInViewport({ ratio: 0.9 });
});

test('a result that Escape has closed comes back with its video', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await closeResult(page);
  await page.keyboard.press('Control+z');
  await reaches(page, 'done');
  await expect(page.locator('.assess-view video')).toHaveCount(1);
  await closeResult(page);
  await page.getByRole('button', { name: 'Undo' }).click();
  await reaches(page, 'done');
});

test('forced colours mark the open page alone', async ({ page, site }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.goto(site.address);
  const borders = await page
    .locator('.app-header .app-place')
    .evaluateAll((links) => links.map((link) => getComputedStyle(link).borderBottomWidth));
  expect(borders).toEqual(['3px', '0px', '0px', '0px', '0px']);
});
