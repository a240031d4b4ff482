/** The Models page: packages come, are checked, used, repaired and deleted; nothing hostile gets in. */
import type { Page } from '@playwright/test';
import { violations } from './axe.ts';
import { choose, expect, hasModel, openPage, reaches, SAMPLE, test } from './fixture.ts';
import { type PackageServer, servePackage, serveStatuses } from './package-server.ts';

const NAME = 'Another model';
const LARGE = 'onnx-wasm/decoder_model_merged_quantized.onnx_data';

/** Rows of packages; those of the catalogue have a list of their own. */
const row = (page: Page, name: string | RegExp = NAME) =>
  page.locator('.models-list > .models-list__rows > .models-row').filter({ hasText: name });

async function goToModels(page: Page, address: string): Promise<void> {
  await page.goto(`${address}#/models`);
  await expect(page.locator('.models-row').first()).toBeVisible({ timeout: 30_000 });
}

async function add(page: Page, address: string): Promise<void> {
  await page.getByRole('button', { name: 'Add by address' }).click();
  await page.getByLabel(/^Address of a model package/).fill(address);
  await page.getByRole('button', { name: 'Check address' }).click();
}

test.describe('models', () => {
  test.skip(!hasModel, 'no bundled model');
  let server: PackageServer;
  test.beforeEach(async () => {
    server = await servePackage(NAME);
  });
  test.afterEach(async () => server.close());

  test('by address: looked at, downloaded through a cut connection, used, still there after a reload', async ({
    page,
    site,
  }) => {
    await goToModels(page, site.address);
    await expect(row(page, 'VQAThinker small')).toContainText('ships with the page');
    await add(page, server.address);
    await expect(row(page).getByRole('button', { name: 'Download' })).toBeVisible();
    expect(server.asked).toEqual(['manifest.json 0']);
    await expect(page.getByRole('table', { name: 'Will it run here?' })).toBeVisible();

    server.faults.set(LARGE, [{ cutAfter: 100_000 }]);
    await row(page).getByRole('button', { name: 'Download' }).click();
    await expect(row(page).getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 60_000,
    });
    // Bytes that had arrived when the connection was cut were not requested again.
    expect(server.asked.some((ask) => ask.startsWith(LARGE) && !ask.endsWith(' 0'))).toBe(true);
    // This machine has no graphics adapter: nothing was fetched that it cannot use.
    expect(server.asked.some((ask) => ask.startsWith('onnx/'))).toBe(false);

    await row(page).getByRole('button', { name: 'Use', exact: true }).click();
    await expect(row(page)).toContainText('In use', { timeout: 60_000 });
    await server.close();
    await openPage(page, site.address);
    await expect(page.getByRole('button', { name: `Model: ${NAME}` })).toBeVisible();
    await choose(page, SAMPLE);
    await reaches(page, 'done');
  });

  test('paused by a closed page, it says so and goes on', async ({ page, site }) => {
    await goToModels(page, site.address);
    await add(page, server.address);
    server.faults.set(LARGE, [{ stallAfter: 50_000 }]);
    await row(page).getByRole('button', { name: 'Download' }).click();
    await expect(row(page).getByRole('progressbar')).toBeVisible();
    await expect.poll(() => server.asked.length).toBeGreaterThan(8);
    await page.waitForTimeout(500);
    await page.reload();
    await expect(row(page)).toContainText('the page was closed', { timeout: 30_000 });
    await row(page).getByRole('button', { name: 'Resume' }).click();
    await expect(row(page).getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 60_000,
    });
    expect(server.asked.some((ask) => ask.startsWith(LARGE) && !ask.endsWith(' 0'))).toBe(true);
  });

  test('a corrupted file is named, and repaired alone', async ({ page, site }) => {
    await goToModels(page, site.address);
    await add(page, server.address);
    server.faults.set('tokenizer.json', [{ wrong: true }, { wrong: true }]);
    await row(page).getByRole('button', { name: 'Download' }).click();
    const repair = row(page).getByRole('button', { name: /^Repair/ });
    await expect(repair).toBeVisible({ timeout: 60_000 });
    await expect(row(page)).toContainText('tokenizer.json');
    const large = server.asked.filter((ask) => ask.startsWith(LARGE)).length;
    await repair.click();
    await expect(row(page).getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 60_000,
    });
    expect(server.asked.filter((ask) => ask === `${LARGE} 0`).length).toBeLessThanOrEqual(Math.max(1, large));
  });

  test('deleting can be undone, and is final when its time is over', async ({ page, site }) => {
    await goToModels(page, site.address);
    await add(page, server.address);
    await row(page).getByRole('button', { name: 'Download' }).click();
    await expect(row(page).getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 60_000,
    });
    await row(page)
      .getByRole('button', { name: `Delete ${NAME}` })
      .click();
    await expect(row(page)).toHaveCount(0);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(row(page)).toHaveCount(1);
    await row(page)
      .getByRole('button', { name: `Delete ${NAME}` })
      .click();
    await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(0, { timeout: 20_000 });
    await page.reload();
    await expect(row(page, 'VQAThinker small')).toBeVisible({ timeout: 30_000 });
    await expect(row(page)).toHaveCount(0);
  });

  test('the 8B is always there: its sizes, needs on this machine, and three steps', async ({
    page,
    site,
  }) => {
    await goToModels(page, site.address);
    const one = page.locator('.models-catalogue .models-row').filter({ hasText: 'VQAThinker-8B' });
    await expect(one).toContainText(/16\.0\sGB to read, 5\.33\sGB once converted/);
    await expect(one).toContainText('Will not run here: it needs a graphics adapter with WebGPU.');
    await one.getByRole('button', { name: 'How to get it: VQAThinker-8B' }).click();
    const detail = page.getByRole('region', { name: 'VQAThinker-8B' });
    const needs = detail.getByRole('table', { name: 'Will it run here?' });
    // Each need beside this machine, which has no graphics adapter.
    await expect(needs.getByRole('row', { name: /^Graphics adapter WebGPU none not met/ })).toBeVisible();
    await expect(needs.getByRole('row', { name: /^16-bit arithmetic needed no not met/ })).toBeVisible();
    await expect(
      needs.getByRole('row', { name: /^Graphics memory 5\.70\sGB browsers do not report/ }),
    ).toBeVisible();
    await expect(needs.getByRole('row', { name: /^Storage 5\.33\sGB .* free/ })).toBeVisible();
    await expect(detail.getByRole('listitem')).toHaveCount(3);
    await expect(detail.getByRole('link')).toHaveAttribute(
      'href',
      'https://huggingface.co/kkkkkklinhan/InternVL3-VQAThinker-8B',
    );
    await expect(detail).toContainText('npm run convert -- hf:kkkkkklinhan/InternVL3-VQAThinker-8B');
    await expect(detail.getByRole('button', { name: 'Look at it here' })).toBeVisible();
    await expect(detail).toContainText('Nobody has run the released weights in this page');
    // An address leads there too, and on a narrow window the steps come into view.
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(`${site.address}#/assess`);
    await page.goto(`${site.address}#/models?get=vqathinker-8b`);
    await expect(detail.getByRole('heading', { name: 'VQAThinker-8B', exact: true })).toBeInViewport();
  });

  test('benchmark: speeds of the model, a reason where nothing could be measured, a table to copy', async ({
    page,
    site,
    context,
  }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await goToModels(page, site.address);
    await page.getByRole('button', { name: 'Benchmark this machine' }).click();
    const dialog = page.getByRole('dialog', { name: 'Benchmark this machine' });
    await dialog.getByRole('button', { name: 'Start' }).click();
    const line = (name: RegExp) => dialog.getByRole('row', { name });
    await expect(line(/^Frames to first word [\d.]+\ss/)).toBeVisible({ timeout: 240_000 });
    await expect(line(/^Memory, copy .* not measured: .* no graphics adapter with WebGPU/)).toBeVisible();
    await expect(line(/^Matrix product, 16-bit not measured/)).toBeVisible();
    await expect(line(/^Load [\d.]+\ss/)).toBeVisible();
    await expect(line(/^Prefill [\d,.]+ tokens\/s/)).toBeVisible();
    await expect(line(/^Decode [\d,.]+ tokens\/s/)).toBeVisible();
    await expect(line(/^Share of a token outside kernels not measured: .* processor/)).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Copy as a table' }).click();
    await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toMatch(/^VQAThinker small, 8-bit, \d+ tokens read and 64 generated\n\n\| metric \|/);
    expect(text).toMatch(/\| Decode \| [\d,.]+ tokens\/s \|/);

    // A stop keeps what there is; the model answers afterwards.
    await dialog.getByRole('button', { name: 'Measure again' }).click();
    await dialog.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(dialog.getByRole('status')).toHaveText(/^Stopped/, { timeout: 60_000 });
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Assess' }).first().click();
    await choose(page, SAMPLE);
    await reaches(page, 'done');
  });

  test('hostile packages are refused by name', async ({ page, site }) => {
    const hostile = await servePackage('Hostile', (manifest) => {
      (manifest.files[0] as { path: string }).path = '../../escape';
    });
    await goToModels(page, site.address);
    await add(page, hostile.address);
    await expect(page.locator('.ui-error__code')).toContainText('model/unsafe');
    await expect(row(page, 'Hostile')).toHaveCount(0);
    const newer = await servePackage('Newer', (manifest) => Object.assign(manifest, { format: 3 }));
    await page.getByLabel(/^Address of a model package/).fill(newer.address);
    await page.getByRole('button', { name: 'Check address' }).click();
    await expect(page.locator('.ui-error__code')).toContainText('model/version');
    await hostile.close();
    await newer.close();
  });

  test('the card is read as it is meant: its figures in a table, narrow too', async ({ page, site }) => {
    await goToModels(page, site.address);
    await page.getByRole('button', { name: 'Full model card' }).click();
    const card = page.locator('.models-card');
    await expect(card.getByRole('columnheader', { name: 'value' }).first()).toBeVisible();
    await expect(card.getByRole('cell', { name: /^0?\.\d{2,}$/ }).first()).toBeVisible();
    await expect(card).not.toContainText('|--');
    for (const width of [1440, 320]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await violations(page), `${width} wide`).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    }
  });

  test('an address without a package says which host, which status, and what to do', async ({
    page,
    site,
  }) => {
    const web = await serveStatuses();
    await goToModels(page, site.address);
    await page.getByRole('button', { name: 'Add by address' }).click();
    const title = page.locator('.models-list .ui-error__title');
    const look = async (address: string) => {
      await page.getByLabel(/^Address of a model package/).fill(address);
      await page.getByRole('button', { name: 'Check address' }).click();
    };
    await look(`${web.address}404/`);
    await expect(title).toHaveText(`${web.host} has no model package at this address (404).`);
    await look(`${web.address}403/`);
    await expect(title).toHaveText(`${web.host} does not give manifest.json to this page (403).`);
    await look(`${web.address}503/`);
    await expect(title).toHaveText(`${web.host} has a fault of its own (503).`);
    // The server has the file and lets no other origin read it.
    await look(`${web.address}closed/`);
    await expect(title).toHaveText(`${web.host} could not be reached.`);
    await expect(page.locator('.models-list .ui-error__body')).toContainText('CORS');
    await look('http://127.0.0.1:9/none');
    await expect(title).toHaveText('127.0.0.1:9 could not be reached.');
    await look('http://example.com/package');
    await expect(title).toHaveText('This page cannot read http://example.com/package.');
    await web.close();
  });

  test('the page of a Hugging Face repository leads to its files', async ({ page, site, context }) => {
    const asked: string[] = [];
    await context.route('https://huggingface.co/**', async (route) => {
      const { pathname } = new URL(route.request().url());
      asked.push(pathname);
      const file = pathname.replace('/somebody/a-package/resolve/main/', '');
      const answer = file === pathname ? null : await fetch(new URL(file, server.address));
      const headers = { 'access-control-allow-origin': '*' };
      if (!answer) return route.fulfill({ status: 404, headers });
      return route.fulfill({ status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) });
    });
    await goToModels(page, site.address);
    await add(page, 'huggingface.co/somebody/a-package');
    await expect(row(page).getByRole('button', { name: 'Download' })).toBeVisible();
    expect(asked).toEqual(['/somebody/a-package/resolve/main/manifest.json']);
    await row(page).getByRole('button', { name: 'Download' }).click();
    await expect(row(page).getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 60_000,
    });
    expect(new Set(asked.map((path) => path.split('/').slice(0, 5).join('/')))).toEqual(
      new Set(['/somebody/a-package/resolve/main']),
    );
  });
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const locale of ['en-US', 'zh-CN'])
    test.describe(`models, ${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale });
      test('axe finds nothing, wide and narrow', async ({ page, site }) => {
        test.skip(!hasModel, 'no bundled model');
        await goToModels(page, site.address);
        for (const width of [1440, 390, 320]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await violations(page), `${width} wide`).toEqual([]);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            `${width} wide`,
          ).toBeLessThanOrEqual(0);
        }
        await page.locator('.models-catalogue .models-row__open').last().click();
        await expect(page.locator('.models-steps')).toBeVisible();
        for (const width of [1440, 390, 320]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await violations(page), `the 8B, ${width} wide`).toEqual([]);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            `the 8B, ${width} wide`,
          ).toBeLessThanOrEqual(0);
        }
      });
    });
