/**
 * Phones, emulated in Chromium: their screens, fingers and user agents; not their memory, codecs or browsers. Each place
 * is gone through by taps alone, with a real clip from the file picker.
 */
import { type CDPSession, devices, type Locator, type Page } from '@playwright/test';
import { addressOf, positionOf, sharp } from './compare-fixture.ts';
import { clip, expect, hasModel, reaches, SAMPLE, scoreOf, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

const REAL = clip('sample_portrait.mp4') ?? SAMPLE;

/** Gives files to the chooser that a tap opens, as a photo library does. */
async function pick(page: Page, button: Locator, files: string | string[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await button.tap();
  await (await chooser).setFiles(files);
}

async function finger(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page);
}

/** One finger, put down, moved in steps and lifted. Parts of the window's width and height of `box`. */
async function drag(page: Page, on: Locator, from: [number, number], to: [number, number]): Promise<void> {
  // With a wide font the strip begins under the bar at the bottom.
  await on.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = (await on.boundingBox())!;
  const at = ([x, y]: [number, number]) => ({ x: box.x + x * box.width, y: box.y + y * box.height });
  const [first, last] = [at(from), at(to)];
  const session = await finger(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', [first]);
  for (let i = 1; i <= 8; i++)
    await touch('touchMove', [
      { x: first.x + ((last.x - first.x) * i) / 8, y: first.y + ((last.y - first.y) * i) / 8 },
    ]);
  await touch('touchEnd', []);
  await session.detach();
}

/**
 * Controls too small for a finger: under 44 px high or 24 px wide. Links in a line of text are exempt (WCAG
 * 2.5.8); of an input its label is the target, of a model its row.
 */
async function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], input, select, summary, [role=slider]')].flatMap(
      (one) => {
        const target = one.closest('label, .models-row__line') ?? one;
        const { width, height } = target.getBoundingClientRect();
        const inText = one.matches('.ui-textbutton, p *, .assess-trace__time, .app-skip');
        const hidden = width < 2 || height < 2 || getComputedStyle(one).visibility === 'hidden';
        if (inText || hidden || (height >= 43.5 && width >= 23.5)) return [];
        const name = one.getAttribute('aria-label') ?? one.textContent?.trim().slice(0, 30) ?? '';
        return [`${one.tagName} ${one.className} "${name}" ${width.toFixed(0)} × ${height.toFixed(0)}`];
      },
    ),
  );
}

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
const goTo = (page: Page, name: string) => page.locator('.app-bottom').getByRole('link', { name }).tap();

/** Lines of each button at the foot of a result: its words stand in one. */
const footLines = (page: Page) =>
  page.locator('.assess-frame__actions .ui-button').evaluateAll((buttons) =>
    buttons.map((button) => {
      const range = document.createRange();
      range.selectNodeContents(button);
      const middles = [...range.getClientRects()].map(({ top, height }) => top + height / 2);
      return Math.max(...middles) - Math.min(...middles);
    }),
  );

for (const name of ['Pixel 7', 'iPhone 15'] as const) {
  const { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch } = devices[name]!;
  test.describe(`${name}, emulated`, () => {
    test.use({ viewport, userAgent, deviceScaleFactor, isMobile, hasTouch });

    test('a clip is chosen, assessed and looked through by taps', async ({ page, site }) => {
      await page.goto(site.address);
      await expect(page.getByText('Choose a video')).toBeVisible({ timeout: 30_000 });
      await pick(page, page.getByRole('button', { name: 'Choose a file' }), REAL);
      const input = page.locator('body > input[type=file]');
      // `video/*` puts the photo library into the choice; `capture` would leave nothing but the camera.
      await expect(input).toHaveAttribute('accept', /(^|,)video\/\*(,|$)/);
      await expect(input).not.toHaveAttribute('capture');
      await reaches(page, 'done', 180_000);
      expect(await scoreOf(page)).toMatch(/\d\.\d\d/);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await tooSmall(page)).toEqual([]);
      expect(Math.max(...(await footLines(page)))).toBeLessThan(12);

      await page.getByRole('button', { name: /^F5:/ }).tap();
      // Further down the picture stays and the strip goes under it.
      await page.evaluate(() => scrollTo(0, 0));
      const slider = page.getByRole('slider', { name: 'Timeline' });
      const before = Number(await slider.getAttribute('aria-valuenow'));
      await drag(page, slider, [0.6, 0.5], [0.9, 0.5]);
      expect(Number(await slider.getAttribute('aria-valuenow'))).toBeGreaterThan(before);
    });

    test('two sides are compared by touch', async ({ page, site }) => {
      await page.goto(`${site.address}#/compare`);
      await pick(page, page.getByRole('button', { name: 'Choose a file' }).first(), SAMPLE);
      await sharp(page);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await tooSmall(page)).toEqual([]);
      // The strips lie above the bar at the foot before anything is scrolled.
      const bottomOf = async (selector: string) => {
        const box = await page.locator(selector).boundingBox();
        return (box?.y ?? 0) + (box?.height ?? 0);
      };
      expect(await bottomOf('.compare-filmstrips')).toBeLessThanOrEqual(
        (await page.locator('.app-bottom').boundingBox())!.y,
      );
      await page.getByRole('button', { name: 'More tools' }).tap();
      await page.getByRole('menuitemradio', { name: 'Zoom: 1:1, 100 %' }).tap();
      await expect.poll(async () => (await addressOf(page)).get('zoom')).toBe('1');
      await page.getByRole('button', { name: 'More tools' }).tap();
      await page.getByRole('menuitemradio', { name: 'Zoom: Fit' }).tap();
      await page.getByRole('button', { name: 'Offset, loop and speed' }).tap();
      await expect(page.getByRole('menuitem', { name: 'B one position later' })).toBeInViewport();
      await page.getByRole('menuitem', { name: 'Loop' }).tap();
      await expect.poll(async () => (await addressOf(page)).get('loop')).toBe('loop');
      const handle = page.getByRole('slider', { name: 'Where A ends and B begins' });
      await drag(page, page.locator('.compare-view'), [0.5, 0.5], [0.8, 0.5]);
      await expect(handle).toHaveAttribute('aria-valuenow', '80');
      const strips = page.getByRole('slider', { name: 'Timeline of both sides' });
      await drag(page, strips, [0.1, 0.5], [0.95, 0.5]);
      expect(await positionOf(page)).toBe(Number(await strips.getAttribute('aria-valuemax')));
      const reverse = page.getByRole('radio', { name: /^Reverse/ });
      // The tap that follows a fast drag may be taken for the one that stops its momentum.
      await expect(async () => {
        await reverse.tap();
        await expect(reverse).toBeChecked({ timeout: 500 });
      }).toPass({ timeout: 10_000 });
      await expect.poll(async () => (await addressOf(page)).get('perturbation')).toBe('reverse');
      // A phone keeps fewer frames ready, whatever memory the browser tells of.
      await expect(page.locator('.compare-store')).toContainText('in memory', { timeout: 60_000 });
    });

    test('a batch of chosen clips, and the models', async ({ page, site }) => {
      await page.goto(`${site.address}#/batch`);
      await pick(page, page.getByRole('button', { name: 'Choose files' }), [REAL, SAMPLE]);
      await page.getByRole('button', { name: 'Start' }).tap();
      await expect(page.locator('.batch-page--done')).toBeAttached({ timeout: 180_000 });
      const scores = page.locator('.batch-table tbody strong').filter({ hasText: /^\d\.\d\d$/ });
      await expect(scores).toHaveCount(2);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await tooSmall(page)).toEqual([]);
      await scores.first().tap();
      await expect(page.locator('.batch-answer__text')).toBeVisible();

      await goTo(page, 'Models');
      await expect(page.locator('.models-row').first()).toBeVisible({ timeout: 30_000 });
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await tooSmall(page)).toEqual([]);
      await page.getByRole('button', { name: 'Full model card' }).tap();
      await expect(page.getByRole('dialog')).toBeVisible();
    });
  });
}
