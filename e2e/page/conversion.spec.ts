/** A checkpoint becomes a package in the page: from a folder, and from a model hub by its address. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { type HubServer, hubCommit, serveHub } from '../../convert/hub-server.node.ts';
import { violations } from './axe.ts';
import {
  choose,
  dropFromDisk,
  expect,
  exportJson,
  hasModel,
  openPage,
  ROOT,
  reaches,
  SAMPLE,
  test,
} from './fixture.ts';

/** Rows of packages; those of the catalogue have a list of their own. */
const row = (page: Page, name: string | RegExp) =>
  page.locator('.models-list > .models-list__rows > .models-row').filter({ hasText: name });

async function goToModels(page: Page, address: string): Promise<void> {
  await page.goto(`${address}#/models`);
  await expect(page.locator('.models-row').first()).toBeVisible({ timeout: 30_000 });
}

/** Path and text of every file that the page has stored. */
function stored(page: Page): Promise<[string, string][]> {
  return page.evaluate(async () => {
    const result: [string, string][] = [];
    const below = async (folder: FileSystemDirectoryHandle, above: string): Promise<void> => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === 'directory') await below(handle as FileSystemDirectoryHandle, `${above}${name}/`);
        else {
          const file = await (handle as FileSystemFileHandle).getFile();
          result.push([above + name, await file.text()]);
        }
      }
    };
    await below(await navigator.storage.getDirectory(), '');
    return result;
  });
}

/** A checkpoint in the official layout, a megabyte of it. */
const CHECKPOINT = join(ROOT, 'training-server', 'checkpoints', 'tiny');

/** Takes the offer as it is made. */
async function convert(page: Page, name = 'tiny'): Promise<void> {
  const offer = page.getByRole('region', { name: `Convert ${name}` });
  await offer.getByRole('button', { name: 'Convert' }).click({ timeout: 60_000 });
}

test.describe('a checkpoint folder becomes a package', () => {
  test.skip(!existsSync(CHECKPOINT), 'no tiny checkpoint');

  const ways = {
    chosen: async (page: Page) => {
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Open a folder' }).click();
      await (await chooser).setFiles(CHECKPOINT);
    },
    dropped: (page: Page) => dropFromDisk(page, [CHECKPOINT]),
  };
  test('one dropped on another place goes to Models, and the work outlives that place', async ({
    page,
    site,
  }) => {
    await openPage(page, site.address);
    // The folder waits for Models, also when another page is opened before that is loaded.
    await page.route(/\/assets\/ModelsPage-/, async (route) => {
      await new Promise((done) => setTimeout(done, 1500));
      await route.continue();
    });
    await dropFromDisk(page, [CHECKPOINT]);
    await expect(page).toHaveURL(/#\/models/);
    await page.getByRole('link', { name: 'Batch' }).first().click();
    await page.getByRole('link', { name: 'Models' }).first().click();
    await convert(page);
    await page.getByRole('link', { name: 'Batch' }).first().click();
    await page.getByRole('link', { name: 'Models' }).first().click();
    await expect(row(page, 'tiny')).toBeVisible({ timeout: 120_000 });
  });

  test('a corrupted one is refused by name and leaves nothing', async ({ page, site }, info) => {
    const corrupted = info.outputPath('tiny');
    cpSync(CHECKPOINT, corrupted, { recursive: true });
    truncateSync(join(corrupted, 'model.safetensors'), 500_000);
    await goToModels(page, site.address);
    await dropFromDisk(page, [corrupted]);
    await expect(page.locator('.ui-error__code')).toContainText('convert/cut-off');
    await expect(row(page, /./)).toHaveCount(1);
    await dropFromDisk(page, [CHECKPOINT]);
    await convert(page);
    await expect(row(page, 'tiny')).toBeVisible({ timeout: 120_000 });
    await expect(page.locator('.ui-error__code')).toHaveCount(0);
  });

  test('a folder that is no checkpoint says what it is and what to do', async ({ page, site }, info) => {
    const adapter = info.outputPath('adapter');
    mkdirSync(adapter, { recursive: true });
    writeFileSync(join(adapter, 'adapter_config.json'), '{"base_model_name_or_path": "a/b"}');
    writeFileSync(join(adapter, 'adapter_model.bin'), 'x');
    const half = info.outputPath('half');
    cpSync(CHECKPOINT, half, { recursive: true });
    rmSync(join(half, 'tokenizer.json'));
    await goToModels(page, site.address);
    await dropFromDisk(page, [adapter]);
    await expect(page.getByText('The folder holds a LoRA adapter for a/b, not a whole model.')).toBeVisible();
    await dropFromDisk(page, [half]);
    await expect(page.getByText(/^tokenizer\.json is missing/)).toBeVisible();
    await expect(page.locator('.models-list > .models-list__rows > .models-row')).toHaveCount(1);
  });

  for (const [way, bring] of Object.entries(ways))
    test(`${way}: converted here, taken into use, it assesses a clip`, async ({ page, site }) => {
      await goToModels(page, site.address);
      await bring(page);
      // The package is made where it stays: the weights are in the list's own store from the first byte.
      await convert(page);
      const made = row(page, 'tiny');
      await expect(made.getByRole('button', { name: 'Use', exact: true })).toBeVisible({ timeout: 120_000 });
      await expect(page.locator('.ui-error__code')).toHaveCount(0);
      await made.getByRole('button', { name: 'Use', exact: true }).click();
      await expect(made).toContainText('In use', { timeout: 60_000 });
      await page.getByRole('link', { name: 'Assess' }).first().click();
      await choose(page, SAMPLE);
      await reaches(page, 'done');
      // The test asserts which model answered, not what so small a model answers.
      const { model, answers } = JSON.parse((await exportJson(page)).text);
      expect(model).toMatchObject({ name: 'tiny', dtype: 'q8', target: 'wasm' });
      expect(answers[0].text.length).toBeGreaterThan(0);
      await expect(page.getByText('The model writes here what it sees')).toHaveCount(0);
      // Nothing is left of the work but the package.
      const left = await stored(page);
      expect(left.filter(([path]) => /conversion\.json|jsonl$/.test(path))).toEqual([]);
      expect(left.filter(([path]) => path.endsWith('.onnx')).length).toBe(9);
    });
});

test.describe('a checkpoint on a hub becomes a package', () => {
  test.skip(!existsSync(CHECKPOINT), 'no tiny checkpoint');
  const repository = 'somebody/tiny';
  const files = new Map(
    existsSync(CHECKPOINT)
      ? readdirSync(CHECKPOINT).map((name) => [name, new Uint8Array(readFileSync(join(CHECKPOINT, name)))])
      : [],
  );
  let hub: HubServer;
  test.beforeEach(async () => {
    hub = await serveHub({ repository, files });
  });
  test.afterEach(async () => hub.close());

  const offerOf = (page: Page) => page.getByRole('region', { name: 'Convert tiny' });

  async function enter(page: Page, address: string): Promise<void> {
    await page.getByRole('button', { name: 'Add by address' }).click();
    await page.getByLabel(/^Address of a model package/).fill(address);
    await page.getByRole('button', { name: 'Check address' }).click();
  }

  test('address to running model in five clicks, the disk need told before the first weight', async ({
    page,
    site,
  }) => {
    await openPage(page, site.address);
    await page.getByRole('link', { name: 'Models' }).first().click();
    await enter(page, `${hub.endpoint}/${repository}`);
    const offer = offerOf(page);
    await expect(offer).toContainText(`version ${hubCommit.slice(0, 8)}`, { timeout: 60_000 });
    await expect(offer).toContainText(/1\.18\sMB to read, 1\.2\d\sMB of storage for the package, .* free/);
    await expect(offer.getByRole('radio', { name: /^8-bit/ })).toBeChecked();
    // One filled button in the view: the offer's.
    await expect(page.locator('.models-page .ui-button--primary')).toHaveText(['Convert']);
    // The header of the weights tells what they are; no more was read.
    const weights = () =>
      hub.requests.filter(({ at, file }) => at === 'storage' && file === 'model.safetensors');
    expect(weights().every(({ from }) => from <= 8)).toBe(true);
    const sent = hub.sent();
    await offer.getByRole('button', { name: 'Convert' }).click();
    await row(page, 'tiny').getByRole('button', { name: 'Use', exact: true }).click({ timeout: 120_000 });
    await expect(row(page, 'tiny')).toContainText('In use', { timeout: 60_000 });
    // Each byte of the checkpoint came once.
    const all = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    expect((hub.sent() - sent) / all).toBeLessThan(1.05);
    await page.getByRole('link', { name: 'Assess' }).first().click();
    await choose(page, SAMPLE);
    await reaches(page, 'done');
    const { model } = JSON.parse((await exportJson(page)).text);
    expect(model).toMatchObject({ name: 'tiny', dtype: 'q8', target: 'wasm' });
  });

  test('a repository behind a sign-in asks for a token, which is stored nowhere', async ({ page, site }) => {
    hub.options = { ...hub.options, token: 'hf_onlyhere' };
    await goToModels(page, site.address);
    await page.getByRole('button', { name: 'Add by address' }).click();
    const field = page.getByLabel(/^Address of a model package/);
    await field.fill(`${hub.endpoint}/${repository}`);
    await field.press('Enter');
    const token = page.getByLabel('Access token');
    await expect(token).toBeVisible({ timeout: 60_000 });
    await expect(page.locator('.ui-error__title')).toContainText('only to people who are signed in');
    await token.fill('hf_wrong');
    await token.press('Enter');
    await expect(page.locator('.ui-error__title')).toContainText('to the owner of this token', {
      timeout: 60_000,
    });
    await token.fill('hf_onlyhere');
    await token.press('Enter');
    // By keyboard to the end.
    const eight = offerOf(page).getByRole('radio', { name: /^8-bit/ });
    await eight.focus({ timeout: 60_000 });
    await page.keyboard.press('ArrowDown');
    await expect(offerOf(page).getByRole('radio', { name: /^4-bit weights, 16-bit/ })).toBeChecked();
    await offerOf(page).getByRole('button', { name: 'Convert' }).focus();
    await page.keyboard.press('Enter');
    await expect(row(page, 'tiny')).toContainText('4-bit weights', { timeout: 120_000 });
    const everything = JSON.stringify([
      await stored(page),
      await page.evaluate(() => [
        JSON.stringify(localStorage),
        JSON.stringify(sessionStorage),
        location.href,
      ]),
    ]);
    expect(everything).toContain(repository);
    expect(everything).not.toContain('hf_onlyhere');
    const toStorage = hub.requests.filter(({ at }) => at === 'storage');
    expect(toStorage.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test('a closed page goes on where it was', async ({ page, site }) => {
    let broken = true;
    hub.options = {
      ...hub.options,
      // When the embedding is read, after the encoders, the storage is gone.
      fault: ({ at, from }) =>
        broken && at === 'storage' && from > 10_000 && from < 200_000 ? { status: 503 } : undefined,
    };
    await goToModels(page, site.address);
    await enter(page, `${hub.endpoint}/${repository}`);
    await offerOf(page).getByRole('button', { name: 'Convert' }).click({ timeout: 60_000 });
    const bar = page.getByRole('progressbar', { name: 'Convert tiny' });
    await expect
      .poll(async () => Number(await bar.getAttribute('aria-valuenow')), { timeout: 60_000 })
      .toBeGreaterThan(5);
    await page.reload();
    const notice = page.locator('.ui-notice').filter({ hasText: 'Conversion of tiny is not finished' });
    await expect(notice).toBeVisible({ timeout: 30_000 });
    broken = false;
    await notice.getByRole('button', { name: 'Go on' }).click();
    await expect(row(page, 'tiny').getByRole('button', { name: 'Use', exact: true })).toBeVisible({
      timeout: 120_000,
    });
    await expect(notice).toHaveCount(0);
  });

  test('what is no checkpoint, and what changes, is refused in words', async ({ page, site }) => {
    await goToModels(page, site.address);
    await enter(page, `${hub.endpoint}/somebody/else`);
    await expect(page.locator('.ui-error__title')).toContainText('has no somebody/else', { timeout: 60_000 });
    const field = page.getByLabel(/^Address of a model package/);
    hub.options = { ...hub.options, files: new Map([...files].filter(([name]) => name !== 'config.json')) };
    await field.fill(`${hub.endpoint}/${repository}`);
    await field.press('Enter');
    await expect(page.locator('.ui-error__code')).toContainText('convert/no-config', { timeout: 60_000 });
  });
});

for (const [colorScheme, locale] of [
  ['light', 'en-US'],
  ['dark', 'zh-CN'],
] as const)
  test.describe(`an offer, ${colorScheme}, ${locale}`, () => {
    test.use({ colorScheme, locale });
    test('axe finds nothing, wide and narrow', async ({ page, site }) => {
      test.skip(!hasModel || !existsSync(CHECKPOINT), 'no bundled model or no tiny checkpoint');
      await goToModels(page, site.address);
      await dropFromDisk(page, [CHECKPOINT]);
      await expect(page.locator('.models-offer')).toBeVisible({ timeout: 60_000 });
      for (const width of [1440, 390, 320]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await violations(page), `${width} wide`).toEqual([]);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          `${width} wide`,
        ).toBeLessThanOrEqual(0);
      }
    });
  });
