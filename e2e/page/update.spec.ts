/** An open tab after the server got a new build: parts that were not loaded are gone, and nothing else is. */
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { createStaticServer, listen } from '../../scripts/serve.mjs';
import { builtPage, choose, expect, hasModel, openPage, reaches, SAMPLE, scoreOf, test } from './fixture.ts';

// Without its worker, which keeps the parts of the build that it has seen: as where there is none.
test.use({ serviceWorkers: 'block' });
test.skip(!hasModel, 'no bundled model');

/** A copy of the built page whose files can be taken away. */
async function copy(folder: string) {
  cpSync(await builtPage(), folder, { recursive: true });
  const server = createStaticServer({ root: folder });
  const address = `${await listen(server, 0)}/`;
  const assets = join(folder, 'assets');
  const parts = (name: RegExp) => readdirSync(assets).filter((file) => name.test(file));
  const index = join(folder, 'index.html');
  const before = readFileSync(index, 'utf8');
  return {
    address,
    take: (name: RegExp) => {
      for (const file of parts(name)) renameSync(join(assets, file), join(assets, `${file}.gone`));
    },
    giveBack: () => {
      for (const file of parts(/\.gone$/)) renameSync(join(assets, file), join(assets, file.slice(0, -5)));
      writeFileSync(index, before);
    },
    /** The page of the server begins with another script. */
    update: () => writeFileSync(index, before.replace(/index-[\w-]+\.js/, 'index-of-later.js')),
    close: () => new Promise((done) => server.close(done)),
  };
}

const card = (page: Page) => page.locator('.app-crash');

test('a place of the old build: the page says that it was updated, keeps what it has, and reloads into the new one', async ({
  page,
}, info) => {
  const site = await copy(info.outputPath('page'));
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const score = await scoreOf(page);
  site.take(/^(ModelsPage|TrainingPage)-.*\.js$/);
  site.update();
  await page.getByRole('link', { name: 'Models' }).first().click();
  await expect(card(page).locator('.ui-error__code')).toContainText('app/updated');
  await expect(card(page)).toContainText('The page was updated on its server');
  await expect(page.locator('.app-notice')).toContainText('results, batches and models are kept');

  // The result is still there, with its video.
  await page.getByRole('link', { name: 'Assess' }).first().click();
  await reaches(page, 'done');
  expect(await scoreOf(page)).toBe(score);
  await expect(page.locator('.assess-view video')).toHaveCount(1);
  await page.getByRole('link', { name: 'Training' }).first().click();
  await expect(card(page).locator('.ui-error__code')).toContainText('app/updated');

  site.giveBack();
  await page.locator('.app-notice').getByRole('button', { name: 'Reload the page' }).click();
  await expect(page.getByRole('heading', { name: 'Connect to a training server' })).toBeVisible({
    timeout: 30_000,
  });
  await expect(page.locator('.app-notice')).toHaveCount(0);
  await page.getByRole('link', { name: 'Assess' }).first().click();
  await expect(page.getByRole('button', { name: /sample\.mp4/ }).first()).toBeVisible();
  await site.close();
});

test('a part that cannot be had now is asked for again', async ({ page }, info) => {
  const site = await copy(info.outputPath('page'));
  await page.goto(site.address);
  site.take(/^ComparePage-.*\.js$/);
  await page.getByRole('link', { name: 'Compare' }).first().click();
  await expect(card(page).locator('.ui-error__code')).toContainText('app/part');
  await expect(page.locator('.app-notice')).toHaveCount(0);
  site.giveBack();
  await card(page).getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'Compare', level: 1 })).toBeAttached();
  await site.close();
});

test('a worker of the old build: the run says so, and no call waits for ever', async ({ page }, info) => {
  const site = await copy(info.outputPath('page'));
  site.take(/^worker-.*\.js$/);
  await page.goto(site.address);
  site.update();
  await choose(page, SAMPLE);
  await reaches(page, 'error');
  await expect(page.locator('.ui-error__code')).toContainText('app/part');
  await expect(page.locator('.app-notice')).toContainText('The page was updated on its server');
  await page.goto(`${site.address}#/models`);
  await expect(page.locator('.models-page .ui-error__code')).toContainText('app/part');
  await site.close();
});
