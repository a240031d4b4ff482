/** Assessment of both sides with the bundled model: shared frames, verdict, rewards and formulas, accessibility. */
import type { Page } from '@playwright/test';
import { readResult } from '../../core/files/result.ts';
import { rewardView } from '../../src/features/compare/rewards-view.ts';
import { violations } from './axe.ts';
import { openCompare, sharp } from './compare-fixture.ts';
import {
  choose,
  clip,
  expect,
  exportJson,
  hasModel,
  openPage,
  reaches,
  SAMPLE,
  scoreOf,
  test,
} from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

async function assessBoth(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^(Assess (both|again)|评估两侧|重新评估)$/ }).click();
  await expect(page.getByRole('button', { name: /^(Assess again|重新评估)$/ })).toBeVisible({
    timeout: 200_000,
  });
}

test('permuted frames are encoded once; K answers give a mean, an interval and a verdict', async ({
  page,
  site,
}) => {
  const file = clip('bikes.mp4');
  test.skip(file === null, 'no shared media');
  await openCompare(page, site.address, 'k=4');
  await choose(page, file as string);
  await sharp(page);
  await assessBoth(page);
  const b = page.locator('.compare-timings tbody tr').nth(1);
  await expect(b).toContainText(/frames reused, 0\.00.s/);
  const scores = await page.locator('.compare-score__number').allInnerTexts();
  expect(scores).toHaveLength(2);
  for (const score of scores) expect(score).toMatch(/^[1-5]\.\d\d$/);
  await expect(page.locator('.compare-scores__verdict')).toHaveText(
    /The model prefers the (original|perturbed copy) in ([0-3] of|all) 4 pairs\.|No clear difference|No verdict/,
  );
  await expect(page.locator('.compare-ruler__answer')).toHaveCount(8);
  const difference = Number(
    (await page.locator('.compare-scores__difference strong').innerText()).replace('−', '-'),
  );
  expect(difference).toBeCloseTo(Number(scores[0]) - Number(scores[1]), 1);

  // The same seeds give the same answers; another perturbation leaves A as it is.
  const first = await page.locator('.compare-trace__text').first().innerText();
  await page.getByRole('radio', { name: /^Reverse/ }).check();
  await expect(page.locator('.compare-scores__verdict')).toHaveText(/The perturbation has changed/);
  await assessBoth(page);
  expect(await page.locator('.compare-trace__text').first().innerText()).toBe(first);
  await expect(b).toContainText(/frames reused, 0\.00.s/);
});

test('every reward is worked out with its numbers, in each mode', async ({ page, site }) => {
  await openCompare(page, site.address, 'k=4&mos=3.1');
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await sharp(page);
  await assessBoth(page);
  for (const mode of ['paper', 'official', 'ours'] as const) {
    await page.getByRole('radio', { name: mode }).check();
    // Each mode parses answers by its own rules.
    const written = await page.locator('.compare-rewards__choose').allInnerTexts();
    expect(written).toHaveLength(4);
    const texts = written.map((score) => `<think>x</think><answer>${score}</answer>`);
    // Format and regression rest on the answers alone.
    const { rows } = rewardView({
      mode,
      range: [1, 5],
      a: texts,
      b: null,
      perturbed: true,
      mosA: 3.1,
      mosB: null,
      opponent: null,
    });
    for (const [k, row] of rows.entries()) {
      const cells = await page
        .locator('.compare-rewards__table tbody tr')
        .nth(k)
        .locator('td')
        .allInnerTexts();
      expect([mode, k, Number(cells[2])]).toEqual([mode, k, Number(row.regression?.toFixed(3))]);
    }
    const formulas = page.locator('.compare-rewards__formulas');
    await expect(formulas).toContainText(/exp\(−\([\d.]+ − 3\.1\)² \/ \(2 · 0\.5²\)\)/);
    if (mode === 'official') {
      await expect(page.locator('.compare-rewards')).toContainText(
        'The official code stops here: ZeroDivisionError',
      );
      await expect(formulas).toContainText('switched off in the released script');
    } else await expect(formulas).toContainText(/regression \.?\d*\.?\d+ [≥<]/);
  }
  await page.getByLabel('Its scores').fill('2.0 2.2 2.1');
  await page.getByLabel('Its human score').fill('2');
  await expect(page.locator('.compare-rewards__formulas')).toContainText(/√\(p·1 \+ 1e-6\).* p = Φ\(/);
});

test('Assess 8 times: a mean with its interval, a dot an answer, each with its reasons', async ({
  page,
  site,
}) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await page.getByRole('button', { name: 'Assess 8 times' }).click();
  await reaches(page, 'running');
  await expect(page.locator('.ui-progress__title')).toContainText(/Answer [1-8] of 8/);
  await reaches(page, 'done', 200_000);
  await expect(page.locator('.assess-score__half')).toContainText(/± \.?\d/);
  const dots = await page.locator('.ui-ruler__dot').count();
  expect(dots).toBeGreaterThan(1);
  await expect(page.locator('.assess-trace__answers')).toContainText('Answer 1 of 8');
  await page.getByRole('button', { name: 'Next answer' }).click();
  await expect(page.locator('.assess-trace__answers')).toContainText('Answer 2 of 8');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  const result = readResult(JSON.parse((await exportJson(page)).text));
  expect(result.answers).toHaveLength(8);
  expect(result.answers.filter(({ score }) => score !== null)).toHaveLength(dots);
  expect(result.score?.toFixed(2)).toBe(await scoreOf(page));
});

test('Escape stops within an answer, and what is finished stays', async ({ page, site }) => {
  await openCompare(page, site.address, 'k=16');
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await sharp(page);
  await page.getByRole('button', { name: 'Assess both' }).click();
  await expect(page.locator('.compare-progress__text')).toHaveText(/Side A, answer [2-9] of 16/, {
    timeout: 90_000,
  });
  await page.keyboard.press('Escape');
  await expect(page.locator('.compare-scores__verdict')).toContainText('Stopped. Finished answers are kept.');
  expect(await page.locator('.compare-rewards__choose').count()).toBeGreaterThan(0);
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const locale of ['en-US', 'zh-CN'])
    test.describe(`${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale });
      test('axe finds nothing: empty, viewer, each view, error, done, narrow', async ({ page, site }) => {
        await openCompare(page, site.address, 'k=4&over=video&perturbation=jitter&mos=3');
        expect(await violations(page), 'empty').toEqual([]);
        await choose(page, { name: 'x.mp4', mimeType: 'video/mp4', buffer: Buffer.from('%PDF-1.7') });
        await expect(page.locator('.ui-error')).toBeVisible();
        expect(await violations(page), 'error').toEqual([]);
        await choose(page, SAMPLE);
        await sharp(page);
        for (const view of ['split', 'side', 'stack', 'overlay', 'difference']) {
          expect(await violations(page), view).toEqual([]);
          await page.keyboard.press('v');
        }
        await page.locator('.compare-plot__details summary').click();
        await assessBoth(page);
        expect(await violations(page), 'done').toEqual([]);
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await violations(page), 'narrow').toEqual([]);
        // Nothing reaches past the edge of a narrow window.
        for (const width of [900, 768, 700, 640, 390, 360, 320]) {
          await page.setViewportSize({ width, height: 700 });
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      });
    });
