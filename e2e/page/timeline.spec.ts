/** The quality timeline of a real long clip: it fills, pauses, resumes, seeks to its frames, and exports files. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { violations } from './axe.ts';
import { choose, clip, drop, expect, hasModel, openPage, reaches, SAMPLE, test } from './fixture.ts';

const long = clip('long_1080p_av1.mp4');

test.skip(!hasModel, 'no bundled model');

async function exported(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Export the timeline' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

test('a clip of under 15 seconds is offered no quality timeline', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(page.getByRole('button', { name: 'Quality timeline' })).toHaveCount(0);
});

for (const [colorScheme, locale] of [
  ['light', 'en-US'],
  ['dark', 'zh-CN'],
] as const)
  test.describe(`${colorScheme}, ${locale}`, () => {
    test.use({ colorScheme, locale });
    test('six minutes: axe finds nothing while it runs and at its end', async ({ page, site }) => {
      test.skip(long === null, 'no shared media');
      await openPage(page, site.address);
      await choose(page, long as string);
      await reaches(page, 'done', 180_000);
      await page.getByRole('button', { name: /Quality timeline|质量时间线/ }).click();
      await page.locator('.timeline__select').selectOption('60');
      await expect(page.locator('.timeline-plot__band').first()).toBeAttached({ timeout: 120_000 });
      expect(await violations(page), 'running').toEqual([]);
      await expect(page.locator('.timeline-plot__band')).toHaveCount(6, { timeout: 200_000 });
      await page.locator('.timeline-table summary').click();
      expect(await violations(page), 'done').toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await violations(page), 'narrow').toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    });
  });

test('pause, go on, move by key, go to the worst, take it away', async ({ page, site }) => {
  test.skip(long === null, 'no shared media');
  await openPage(page, site.address);
  await choose(page, long as string);
  await reaches(page, 'done', 180_000);
  await page.getByRole('button', { name: 'Quality timeline' }).click();
  await expect(page.getByRole('heading', { name: 'Quality timeline' })).toBeFocused();
  await page.getByLabel('Segment length').selectOption('60');
  const bands = page.locator('.timeline-plot__band');
  await expect(bands.first()).toBeAttached({ timeout: 120_000 });

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible();
  const paused = await bands.count();
  expect(paused).toBeLessThan(6);
  await page.waitForTimeout(1500);
  expect(await bands.count()).toBe(paused);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(bands).toHaveCount(6, { timeout: 200_000 });
  await expect(page.locator('.timeline__facts')).toHaveText(/^(All 6|6 of 6) segments/);

  const cursor = page.getByRole('slider', { name: 'Segment' });
  await cursor.focus();
  await page.keyboard.press('End');
  await expect(cursor).toHaveAttribute('aria-valuenow', '6');
  await expect(cursor).toHaveAttribute('aria-valuetext', /^Segment 6, 5:00–6:03: \d\.\d\d, /);
  await page.keyboard.press('ArrowLeft');
  await expect(cursor).toHaveAttribute('aria-valuenow', '5');
  await expect(page.getByRole('slider', { name: 'Timeline' })).toHaveAttribute('aria-valuetext', /^4:00\.0/);
  await page.locator('.timeline-worst__moment').first().click();
  await expect(page.locator('.timeline-worst__moment').first()).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.timeline .assess-trace__text')).not.toBeEmpty();

  const saved = await exported(page, 'Segments as JSON');
  const json = JSON.parse(saved) as {
    result: { file: { sha256: string } };
    segments: {
      from: number;
      frames: number;
      result: { score: number | null; sampled: { index: number }[] };
    }[];
  };
  expect(json.result.file.sha256).toMatch(/^1fcfc1f1/);
  expect(json.segments.reduce((sum, { frames }) => sum + frames, 0)).toBe(21766);
  for (const { from, frames, result } of json.segments)
    for (const { index } of result.sampled) {
      expect(index).toBeGreaterThanOrEqual(from);
      expect(index).toBeLessThan(from + frames);
    }
  const csv = (await exported(page, 'Segments as CSV')).trim().split('\r\n');
  expect(csv).toHaveLength(7);
  expect(csv.slice(1).map((line) => Number(line.split(',')[4]))).toEqual(
    json.segments.map(({ result }) => result.score),
  );

  // It is there again after a visit to another page.
  await page.getByRole('link', { name: 'Models' }).first().click();
  await page.getByRole('link', { name: 'Assess' }).first().click();
  await expect(bands).toHaveCount(6);
  await page.getByRole('button', { name: 'Close the quality timeline' }).click();
  await expect(page.getByRole('button', { name: 'Quality timeline' })).toBeVisible();

  // It comes back with its result after a reload, and from its file on a page without the clip.
  const facts = /^(All 6|6 of 6) segments/;
  const shown = async () => {
    await reaches(page, 'reopened');
    await expect(page.locator('.timeline__facts')).toHaveText(facts);
    await expect(bands).toHaveCount(6);
    await cursor.focus();
    await page.keyboard.press('End');
    await expect(cursor).toHaveAttribute('aria-valuetext', /^Segment 6, 5:00–6:03: \d\.\d\d, /);
    expect(await violations(page)).toEqual([]);
  };
  await page.reload();
  await page
    .getByRole('button', { name: /long_1080p_av1\.mp4/ })
    .first()
    .click();
  await shown();
  await expect(page.locator('.timeline-worst__picture img').first()).toBeVisible();
  expect(JSON.parse(await exported(page, 'Segments as JSON')).segments).toEqual(json.segments);

  await page.evaluate(() => indexedDB.deleteDatabase('vqathinker'));
  await page.goto('about:blank');
  await openPage(page, site.address);
  await drop(page, [{ name: 'curve.json', type: 'application/json', content: Buffer.from(saved) }]);
  await shown();
  // The clip itself gives the player back, and another length is cut from it.
  await choose(page, long as string);
  await expect(page.getByRole('slider', { name: 'Timeline' })).toBeVisible({ timeout: 60_000 });
  await expect(bands).toHaveCount(6);
  await page.getByLabel('Segment length').selectOption('45');
  await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible();
});
