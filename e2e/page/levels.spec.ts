/** Level scores of VQA² on the page. Oracle: the scores and probabilities that the official scripts printed. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { hasVqa2, makeVqa2Package, recorded, recordedClip } from '../model/vqa2-package.ts';
import { violations } from './axe.ts';
import {
  choose,
  codeOf,
  dropFromDisk,
  expect,
  exportJson,
  modelReady,
  ROOT,
  reaches,
  test,
} from './fixture.ts';

test.skip(!hasVqa2, 'no recorded results of VQA²');

let folder = '';
let clipA: string | null = null;
test.beforeAll(() => {
  folder = makeVqa2Package('scorer');
  clipA = recordedClip('clipA');
});

/** Opens the page with a package in place of the bundled one. */
async function openPackage(page: Page, address: string, from: string): Promise<void> {
  await page.goto(address);
  await modelReady(page);
  await dropFromDisk(page, [from]);
  await expect(page.getByRole('button', { name: 'Model: Tiny levels' })).toBeVisible({ timeout: 60_000 });
}

const openScorer = (page: Page, address: string) => openPackage(page, address, folder);

const probabilities = (page: Page) => page.locator('.levels-bars__value').allTextContents();

test('a recorded clip gets the scores of the official scripts, by protocol; nothing is generated', async ({
  page,
  site,
}) => {
  test.skip(clipA === null, 'no ffmpeg with VP9');
  await openScorer(page, site.address);
  await expect(page.locator('.assess-finder__lead')).toContainText('0 to 100');
  await choose(page, clipA!);
  await reaches(page, 'done');
  const { protocols } = recorded();
  const { score, sequence, probabilities: five } = protocols.ugc_nov!;
  await expect(page.locator('.levels-score .ui-numeral')).toHaveText((100 * score).toFixed(1));
  expect(await probabilities(page)).toEqual(Object.values(five).map((p) => `${(100 * p).toFixed(1)} %`));
  await expect(page.locator('.levels-asked')).toContainText('7 frames, one a second; motion in 8 frames');
  await expect(page.locator('.assess-trace__text')).toHaveCount(0);
  await expect(page.locator('.assess-time__list')).not.toContainText('Generate');
  await expect(page).toHaveTitle(/20\.9/);

  const { text, name } = await exportJson(page);
  const result = JSON.parse(text);
  expect(result.levels).toMatchObject({ protocol: 'ugc-2024', role: 'scorer', weights: 'paper' });
  expect(result.levels.value).toBeCloseTo(score, 4);
  // Without the two tokens that close the scripts' answer.
  expect(result.levels.tokens).toBe(sequence - 2);
  expect(result.levels.prompt).toMatch(
    /<image>\. How would you rate the quality of this video\?<\|im_end\|>/,
  );
  expect(result.timings.generate).toBeUndefined();

  await page.getByLabel('Protocol').selectOption('streaming-2024');
  await expect(page.locator('.levels-score .ui-numeral')).toHaveText(
    (100 * protocols.stream_nov!.score).toFixed(1),
  );
  // A result is stored when the file's hash is there.
  const stored = page.getByRole('button', { name: 'Export', exact: true });
  await expect(stored).toBeVisible();
  await page.getByLabel('Protocol').selectOption('ugc-2025');
  await expect(page.locator('.levels-side')).toContainText(
    `scale from 0.2 to 1 the score is ${protocols.ugc_head!.score.toFixed(3)}`,
  );
  await expect(page.locator('.levels-side')).toContainText('Not the protocol that the package names');
  await expect(stored).toBeVisible();

  // Recent holds all three, of 100; the saved file reopens without the model.
  // Escape does nothing for a second after the end of a run.
  await expect(async () => {
    await page.keyboard.press('Escape');
    await reaches(page, 'empty', 1000);
  }).toPass();
  await expect(page.locator('.assess-recent__score')).toHaveText(['50.6', '85.3', '20.9']);
  await page.goto('about:blank');
  await page.goto(site.address);
  await modelReady(page);
  await page.locator('.assess-recent__open').last().click();
  await reaches(page, 'reopened');
  await expect(page.locator('.levels-score .ui-numeral')).toHaveText('20.9');
  expect(await probabilities(page)).toEqual(Object.values(five).map((p) => `${(100 * p).toFixed(1)} %`));
  expect(name).toBe('clipA.json');
});

test('by keys, in Chinese and in the dark, on a phone: no rule of accessibility is broken', async ({
  page,
  site,
}) => {
  test.skip(clipA === null, 'no ffmpeg with VP9');
  await openScorer(page, site.address);
  expect(await violations(page)).toEqual([]);
  await choose(page, clipA!);
  await reaches(page, 'done');
  // Asked for by key: the focus is on the score's heading.
  await expect(page.locator('.levels-score').locator('xpath=ancestor::section').locator('h2')).toBeFocused();
  await page.locator('.levels-prompt summary').press('Enter');
  await expect(page.locator('.levels-prompt__text')).toContainText('The quality of the video is');
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.locator('.levels-bars')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await violations(page)).toEqual([]);
});

test('a clip past the positions of the motion network is refused in words', async ({ page, site }) => {
  const long = join(ROOT, '.scratch', 'e2e', 'long.mp4');
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=60:duration=40'];
  try {
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, '-pix_fmt', 'yuv420p', long]);
  } catch {
    test.skip(true, 'no ffmpeg');
  }
  await openScorer(page, site.address);
  await choose(page, long);
  await reaches(page, 'done');
  await page.getByLabel('Protocol').selectOption('ugc-2025');
  await reaches(page, 'error');
  expect(await codeOf(page)).toBe('run/dense');
  await expect(page.getByRole('alert')).toContainText(
    'motion of at most 2,000 frames, and this video has 2,400',
  );
  // Another protocol reads the same video.
  await page.getByLabel('Protocol').selectOption('streaming-2024');
  await reaches(page, 'done');
});

test('stalls are drawn, moved, resized and removed by mouse, touch and key, or read from a list; each has its cost', async ({
  browser,
  site,
}) => {
  test.skip(clipA === null, 'no ffmpeg with VP9');
  const context = await browser.newContext({ hasTouch: true, viewport: { width: 1440, height: 1400 } });
  const page = await context.newPage();
  await openPackage(page, site.address, makeVqa2Package('streaming'));
  await choose(page, clipA!);
  await reaches(page, 'done');
  const { stream_nov: alone } = recorded().protocols;
  await expect(page.locator('.levels-score .ui-numeral')).toHaveText((100 * alone!.score).toFixed(1));

  const track = page.getByRole('group', { name: 'Stalls on the length of the video' });
  const stalls = track.getByRole('slider');
  const spoken = (n: number) => stalls.nth(n).getAttribute('aria-valuetext');
  await track.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await track.boundingBox())!;
  const middle = y + height / 2;
  const at = (seconds: number) => x + (width * seconds) / (75 / 11.988);
  // Drawn by mouse from 2 s on, 1 s long.
  await page.mouse.move(at(2), middle);
  await page.mouse.down();
  await page.mouse.move(at(2.5), middle);
  await page.mouse.move(at(2.9), middle);
  await page.mouse.up();
  expect(await spoken(0)).toBe('at 2.0 seconds, 1.0 seconds long');
  // By touch, another at 5 s.
  const session = await context.newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', seconds?: number) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: seconds === undefined ? [] : [{ x: at(seconds), y: middle }],
    });
  await touch('touchStart', 5);
  await touch('touchMove', 5.2);
  await touch('touchMove', 5.4);
  await touch('touchEnd');
  await expect(stalls).toHaveCount(2);
  expect(await spoken(1)).toMatch(/^at 5\.0 seconds/);
  // By key.
  await stalls.nth(0).press('ArrowRight');
  await stalls.nth(0).press('Shift+ArrowUp');
  expect(await spoken(0)).toBe('at 2.1 seconds, 2.0 seconds long');
  await stalls.nth(1).press('Delete');
  await expect(stalls).toHaveCount(1);

  await page.getByText('As a list').click();
  const list = page.getByLabel(/^A line for each stall/);
  await list.fill('start,end\n0,1');
  await page.getByRole('button', { name: 'Take this list' }).click();
  await expect(page.getByRole('alert')).toContainText('Buffering before the first frame cannot be described');
  await list.fill('start,end\n1,2\n4,4.5');
  await page.getByRole('button', { name: 'Take this list' }).click();
  await expect(stalls).toHaveCount(2);
  expect(await spoken(1)).toBe('at 4.0 seconds, 0.5 seconds long');

  await page.getByRole('button', { name: 'What each stall costs' }).click();
  const rows = page.locator('.levels-stalls__list');
  await expect(rows).not.toContainText('–', { timeout: 60_000 });
  const cells = await rows.locator('td, tfoot th').allTextContents();
  expect(cells.filter((text) => /^−?\d+\.\d$/.test(text))).toHaveLength(7);
  const all = await rows.locator('tfoot tr').first().locator('td').first().textContent();
  expect(await violations(page)).toEqual([]);

  await page.getByRole('button', { name: 'Score with these stalls' }).click();
  await expect(page.locator('.levels-asked')).toContainText('stalls-summary');
  await expect(page.locator('.levels-score .ui-numeral')).toHaveText(all!);
  const { text } = await exportJson(page);
  const { levels } = JSON.parse(text);
  expect(levels.stalls).toEqual([
    { at: 1, duration: 1 },
    { at: 4, duration: 0.5 },
  ]);
  // 12 and 6 repeated frames of 93.
  expect(levels.prompt).toContain(
    'The total stalling duration of this video is 18 frames, accounting for 19.354839',
  );
  expect(levels.prompt).toContain('number of stalling events of the video is 2.');
  await context.close();
});
