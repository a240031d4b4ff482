/** Wherever it is hosted: below a path, on a host without headers, in development, and from a model folder. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'vite';
import {
  choose,
  expect,
  hasModel,
  modelReady,
  openPage,
  ROOT,
  reaches,
  SAMPLE,
  scoreOf,
  serveSite,
  test,
} from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

test('below a path of its own', async ({ page }) => {
  const site = await serveSite({ base: '/repo/' });
  await openPage(page, site.address);
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await reaches(page, 'done');
  expect(site.requests.filter(({ url }) => !url.startsWith('/repo/') && url !== '/favicon.ico')).toEqual([]);
  await site.close();
});

test('on a host without headers: one thread at first, all of them after a reload', async ({ page }) => {
  const site = await serveSite({ plain: true });
  await openPage(page, site.address);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await page.getByRole('button', { name: /^Model:/ }).click();
  await expect(page.locator('.ui-menu__foot')).toContainText('1 thread is used');
  await page.keyboard.press('Escape');
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const score = await scoreOf(page);
  await expect(page.locator('.ui-notice').first()).toContainText('One processor thread');

  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await modelReady(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  expect(await scoreOf(page)).toBe(score);
  await site.close();
});

test('in development', async ({ page }) => {
  const server = await createServer({
    root: ROOT,
    // Its own, and cold: the first start after an install is the one that must work.
    cacheDir: join(ROOT, '.scratch', 'vite-page'),
    optimizeDeps: { force: true },
    logLevel: 'error',
    server: { port: 0, host: '127.0.0.1', hmr: false },
  });
  await server.listen();
  await openPage(page, server.resolvedUrls?.local[0] ?? '');
  await choose(page, SAMPLE);
  await reaches(page, 'done', 150_000);
  await server.close();
});

test('a model folder from disk is opened from the menu, and a broken one is refused', async ({
  page,
  site,
}) => {
  await openPage(page, site.address);
  const folder = join(ROOT, 'public', 'models', 'small');
  await page.getByRole('button', { name: /^Model:/ }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: /Open a model folder/ }).click();
  await (await chooser).setFiles(folder);
  await modelReady(page);
  await page.getByRole('button', { name: /^Model:/ }).click();
  await expect(page.getByRole('menuitemradio', { name: /From a folder on this device/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await choose(page, SAMPLE);
  await reaches(page, 'done');

  // The same folder with one byte changed: refused by its checksum, and nothing of it is run.
  const broken = join(ROOT, '.scratch', 'broken-model');
  cpSync(folder, broken, { recursive: true });
  const tokenizer = readFileSync(join(broken, 'tokenizer.json'));
  tokenizer.writeUInt8(tokenizer.readUInt8(10) ^ 1, 10);
  writeFileSync(join(broken, 'tokenizer.json'), tokenizer);
  await page.getByRole('button', { name: /^Model:/ }).click();
  const again = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: /Open a model folder/ }).click();
  await (await again).setFiles(broken);
  await expect(page.getByRole('button', { name: /^Model:/ })).toContainText('Model not loaded');
  await page.getByRole('button', { name: /^Model:/ }).click();
  await expect(page.locator('.ui-menu__foot')).toContainText('tokenizer.json does not match its checksum');
});
