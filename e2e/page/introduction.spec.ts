/** The small model's limits where they matter, and a card about each distortion that a text names. */
import { violations } from './axe.ts';
import { choose, expect, hasModel, openPage, reaches, SAMPLE, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

test('limits of the small model are on the empty page, under the score, and first in a sheet', async ({
  page,
  site,
}) => {
  await openPage(page, site.address);
  const note = page.locator('.assess-small');
  await expect(note).toContainText(
    'It estimates how people would rate, from features of 3 public sets of ratings.',
  );
  const before = await page.locator('.assess-frame__score').boundingBox();
  await expect(page.getByRole('link', { name: 'Use a larger model' })).toHaveAttribute(
    'href',
    '#/models?get=vqathinker-8b',
  );
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(note).toBeVisible();
  // The sentence is there in every phase, so the score panel keeps its height.
  const after = await page.locator('.assess-frame__score').boundingBox();
  expect(after?.height).toBe(before?.height);
  // One estimate: the score itself.
  await expect(page.locator('.assess-people')).toHaveCount(0);
  await note.getByRole('button', { name: 'What it can and cannot do' }).click();
  const sheet = page.getByRole('dialog', { name: 'What the small model can and cannot do' });
  await expect(sheet.getByRole('heading', { level: 3 })).toHaveText(['Limits', 'Measured']);
  await expect(sheet.getByRole('listitem')).toHaveCount(18);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);
  await expect(note.getByRole('button')).toBeFocused();
});

for (const [locale, about, causes] of [
  ['en-US', 'About compression', 'Usual causes:'],
  ['zh-CN', '关于压缩', '常见原因：'],
] as const)
  test.describe(locale, () => {
    test.use({ locale });
    test('a named distortion opens its card by key, wide and narrow', async ({ page, site }) => {
      await openPage(page, site.address);
      await choose(page, SAMPLE);
      await reaches(page, 'done');
      const button = page.locator('.assess-named__button').first();
      const card = page.getByRole('region', { name: about });
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await button.focus();
        await page.keyboard.press('Enter');
        await expect(card).toContainText(causes);
        await expect(button).toHaveAttribute('aria-pressed', 'true');
        await expect(button).toHaveAttribute('aria-expanded', 'true');
        await expect(page.locator('.assess-trace__lit').first()).toBeAttached();
        expect(await violations(page), `${width} wide`).toEqual([]);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        ).toBeLessThanOrEqual(0);
        // Escape closes the card alone: the result and its marks stay.
        await page.keyboard.press('Escape');
        await expect(card).toHaveCount(0);
        await expect(page.locator('.assess-page--done')).toBeVisible();
        await expect(button).toBeFocused();
        await expect(button).toHaveAttribute('aria-pressed', 'true');
        // Opened once more and pressed again, card and marks go together.
        await page.keyboard.press('Enter');
        await expect(card).toBeVisible();
        await page.keyboard.press('Enter');
        await expect(card).toHaveCount(0);
        await expect(button).toHaveAttribute('aria-pressed', 'false');
      }
    });
  });
