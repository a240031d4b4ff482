/** The shared parts in a real browser: accessible in every theme, language and width; steady; reachable by key. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';

let server: ViteDevServer;
let address = '';

test.beforeAll(async () => {
  const root = new URL('../..', import.meta.url).pathname;
  server = await createServer({
    root,
    server: { port: 0, host: '127.0.0.1', hmr: false },
    logLevel: 'error',
  });
  await server.listen();
  address = server.resolvedUrls?.local[0] ?? '';
});
test.afterAll(() => server.close());

async function open(page: Page, query = '') {
  await page.goto(`${address}e2e/gallery/?${query}`);
  await expect(page.locator('main .ui-panel').first()).toBeVisible({ timeout: 60_000 });
}

for (const theme of ['light', 'dark'])
  for (const lang of ['en', 'zh'])
    test(`axe finds nothing: ${theme}, ${lang}`, async ({ page }) => {
      for (const [kind, width] of [
        ['', 1440],
        ['empty', 1440],
        ['done', 1000],
        ['writing', 390],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        await open(page, `theme=${theme}&lang=${lang}&page=${kind}`);
        // The gallery shows each panel many times; on the page each landmark exists once.
        const { violations } = await new AxeBuilder({ page })
          .disableRules(['landmark-unique', 'region'])
          .analyze();
        expect(violations.map((v) => `${kind} ${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
      }
    });

test('the score panel keeps its height and its ruler’s place in every state', async ({ page }) => {
  await open(page);
  const boxes = (selector: string) =>
    page.locator(selector).evaluateAll((panels) =>
      panels.map((panel) => {
        const top = panel.getBoundingClientRect().top;
        const ruler = panel.querySelector('.ui-ruler')?.getBoundingClientRect();
        return [panel.getBoundingClientRect().height, (ruler?.top ?? 0) - top];
      }),
    );
  const one = await boxes('.assess-score:not(.assess-score--several)');
  expect(one.length).toBeGreaterThanOrEqual(11);
  for (const box of one) expect(box).toEqual(one[0]);
  // Several answers have more sentences; their room is reserved from the start of the run.
  const several = await boxes('.assess-score--several');
  expect(several.length).toBeGreaterThanOrEqual(2);
  for (const box of several) expect(box).toEqual(several[0]);
  expect(several[0]?.[1]).toBe(one[0]?.[1]);
});

test('no page scrolls sideways, down to 320 px', async ({ page }) => {
  for (const width of [1440, 900, 640, 390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const kind of ['empty', 'writing', 'done']) {
      await open(page, `page=${kind}`);
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([width, kind, wider]).toEqual([width, kind, 0]);
    }
  }
});

test('forced colours paint no digit where there is no score', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await open(page);
  const hidden = await page
    .locator('.ui-numeral__slot')
    .evaluateAll((slots) => slots.map((slot) => getComputedStyle(slot, '::before').visibility));
  expect(hidden.length).toBeGreaterThan(0);
  expect(new Set(hidden)).toEqual(new Set(['hidden']));
});

test('reduced motion takes every duration away', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  const needle = page.locator('.ui-ruler__needle').first();
  expect(await needle.evaluate((node) => getComputedStyle(node).animationDuration)).toBe('0s');
});

test('the model menu works by key alone and gives the focus back', async ({ page }) => {
  await open(page);
  const chip = page.getByRole('button', { name: /^Model:/ });
  await chip.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitemradio', { name: /^Small/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: /^Open a model folder/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitemradio', { name: /^Small/ })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(chip).toBeFocused();
});

test('a time in the trace names its frames on focus and forgets them on blur', async ({ page }) => {
  await open(page, 'page=done');
  const time = page.getByRole('button', { name: 'frames 3 and 4' });
  await time.focus();
  await expect(time).toHaveClass(/--active/);
  await expect(time).toHaveAttribute('aria-description', 'shows F3–4');
  await time.blur();
  await expect(time).not.toHaveClass(/--active/);
});

test('what the model writes is text, whatever it writes', async ({ page }) => {
  await open(page, 'page=hostile');
  await expect(page.locator('.assess-trace__text')).toHaveText(
    '<img src=x onerror="document.title=1"> <b>bold</b>',
  );
  await expect(page.locator('.assess-trace__text img, .assess-trace__text b')).toHaveCount(0);
});

test('the page follows the text only while its end is in view', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 500 });
  await open(page, 'page=growing');
  const y = () => page.evaluate(() => scrollY);
  const caret = page.locator('.assess-trace__caret');
  const follow = page.getByRole('button', { name: 'Follow' });

  // The reader is at the top: nothing moves, the way to the end is offered.
  await expect(follow).toBeVisible();
  expect(await y()).toBe(0);

  await follow.click();
  const start = await y();
  await expect.poll(y).toBeGreaterThan(start + 60);
  await expect(caret).toBeInViewport();
  await expect(follow).toHaveCount(0);

  await page.mouse.move(450, 250);
  await page.mouse.wheel(0, -600);
  await expect(follow).toBeVisible();
  const left = await y();
  await page.waitForTimeout(600);
  expect(await y()).toBe(left);
});

test('a screen reader hears whole sentences, one at a time', async ({ page }) => {
  await open(page, 'page=growing');
  const log = page.locator('[role=log] p');
  await expect(log).toHaveCount(1);
  await expect(log).toHaveText(/[.]$/);
});
