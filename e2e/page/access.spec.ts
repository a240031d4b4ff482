/** For every reader: axe in each state, theme and language; the whole way by key; what a screen reader is told. */
import { violations } from './axe.ts';
import { choose, drop, expect, hasModel, openPage, reaches, SAMPLE, scoreOf, test } from './fixture.ts';

for (const colorScheme of ['light', 'dark'] as const)
  for (const locale of ['en-US', 'zh-CN'])
    test.describe(`${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale });
      test('axe finds nothing: empty, error, running, done', async ({ page, site }) => {
        test.skip(!hasModel, 'no bundled model');
        await page.goto(site.address);
        await reaches(page, 'empty');
        expect(await violations(page), 'empty').toEqual([]);
        await drop(page, [{ name: 'x.mp4', type: 'video/mp4', content: Buffer.from('%PDF-1.7') }]);
        await reaches(page, 'error');
        expect(await violations(page), 'error').toEqual([]);
        await expect(page.locator('.app-chip__dot')).toBeAttached({ timeout: 60_000 });
        await choose(page, SAMPLE);
        await reaches(page, 'running');
        expect(await violations(page), 'running').toEqual([]);
        await reaches(page, 'done');
        expect(await violations(page), 'done').toEqual([]);
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await violations(page), 'narrow').toEqual([]);
      });
    });

test('the whole way by key: open, scrub, sampled frames, the model’s view, next', async ({ page, site }) => {
  test.skip(!hasModel, 'no bundled model');
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  // Asked for by key: the focus is at the score's heading.
  await expect(page.getByRole('heading', { name: 'Score' })).toBeFocused();
  await expect(page.getByRole('status').filter({ hasText: /^Score/ })).toHaveText(
    new RegExp(`^Score ${(await scoreOf(page)).replace('.', '\\.')}, `),
  );

  const slider = page.getByRole('slider', { name: 'Timeline' });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(slider).toHaveAttribute('aria-valuenow', '1');
  await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', /^0:00\.\d\d, frame 2 of /);
  await page.keyboard.press('Shift+ArrowRight');
  expect(Number(await slider.getAttribute('aria-valuenow'))).toBeGreaterThan(10);
  await page.keyboard.press('Home');
  await page.keyboard.press(']');
  await expect(page.locator('.assess-view__badge')).toHaveText(/^F1 sampled/);
  await page.keyboard.press('m');
  await expect(page.locator('.assess-view__badge')).toHaveText(/as the model saw it, \d+ × \d+/);
  await expect(page.locator('.assess-view__seen')).toBeVisible();
  await page.keyboard.press('m');
  await expect(page.locator('.assess-view__seen')).toHaveCount(0);

  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('As the model saw it');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('n');
  await chooser;
});

test('reasoning is told in sentences, and off means off', async ({ page, site }) => {
  test.skip(!hasModel, 'no bundled model');
  await page.addInitScript(() =>
    localStorage.setItem('vqathinker.settings', JSON.stringify({ announce: 'off' })),
  );
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(page.getByRole('log')).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: /^Score/ })).toHaveCount(0);
});
