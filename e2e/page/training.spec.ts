/** Training, against a server that tells a recorded run: every state, live, by pointer, key and finger. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { staticHandler } from '../../scripts/serve.mjs';
import { violations } from './axe.ts';
import { test as base, builtPage, expect as plain } from './fixture.ts';
import { type Stub, TOKEN, trainingStub } from './training-stub.ts';

/** Machines that do other work too. */
const expect = plain.configure({ timeout: 30_000 });

const test = base.extend<{ stub: Stub }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
  stub: async ({}, use) => {
    const stub = await trainingStub(staticHandler({ root: await builtPage() }));
    await use(stub);
    await stub.close();
  },
});

async function open(page: Page, stub: Stub): Promise<void> {
  await page.goto(`${stub.address}/#/training?token=${TOKEN}`);
  await expect(page.locator('.training-chart').first()).toBeVisible();
  await expect(page.locator('.training-chart__canvas canvas').first()).toBeAttached();
}

const tab = (page: Page, name: string) => page.getByRole('radio', { name }).check({ force: true });
const run = (page: Page, name: RegExp) => page.locator('.training-run__button', { hasText: name }).click();
const readout = (page: Page, title: string) =>
  page
    .locator('.training-chart', { has: page.getByRole('heading', { name: title, exact: true }) })
    .locator('.training-chart__readout');

test.describe('connecting', () => {
  test('a token in the address is used, and leaves the address bar', async ({ page, stub }) => {
    await open(page, stub);
    expect(page.url()).toBe(`${stub.address}/#/training`);
    await expect(page.getByRole('button', { name: 'Server on this machine' })).toBeVisible();
    // A reload of the tab keeps it; another tab does not.
    await page.reload();
    await expect(page.locator('.training-chart').first()).toBeVisible();
    const other = await page.context().newPage();
    await other.goto(`${stub.address}/#/training`);
    await expect(other.getByRole('heading', { name: 'Connect to a training server' })).toBeVisible();
    // The page comes from a training server: that one is meant.
    await expect(other.getByLabel('Address')).toHaveValue(stub.address.replace('http://', ''));
  });

  test('the model of the page is loaded when another page needs it, not here', async ({ page, stub }) => {
    await open(page, stub);
    const chip = page.locator('.app-chip', { hasText: 'Model:' });
    await expect(chip).toContainText('not loaded');
    await page.waitForTimeout(1500);
    await expect(chip).toContainText('not loaded');
    await page.getByRole('link', { name: 'Assess' }).first().click();
    await expect(chip).toContainText('MB');
  });

  test('recipes whose checkpoint is there come first', async ({ page, stub }) => {
    await open(page, stub);
    await page.getByRole('button', { name: 'New', exact: true }).click();
    const cards = page.locator('.training-card');
    await expect(cards.first()).toContainText('tiny-cpu');
    await expect(cards.first()).toContainText('The checkpoint it starts from is there.');
    await expect(cards.last()).toContainText('The checkpoint it starts from is not there.');
  });

  test('remembered only when asked, and forgotten when asked', async ({ page, stub }) => {
    await page.goto(`${stub.address}/#/training`);
    await page.getByLabel('Address').fill(stub.address.replace('http://', ''));
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.getByLabel('Remember on this device').check();
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect(page.locator('.training-chart').first()).toBeVisible();
    const stored = () => page.evaluate(() => localStorage.getItem('vqathinker.training.server'));
    expect(await stored()).toContain(TOKEN);
    await page.locator('.training-server').getByRole('button', { name: 'Server' }).click();
    await page.getByRole('menuitem', { name: 'Disconnect and forget the token' }).click();
    await expect(page.getByLabel('Token', { exact: true })).toHaveValue('');
    expect(await stored()).toBe('null');
  });

  test('says what is wrong: no address, no token, a wrong one, nobody there', async ({ page, stub }) => {
    await page.goto(`${stub.address}/#/training`);
    await page.getByLabel('Address').fill('not an address');
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect(page.getByText('An address is a host and a port')).toBeVisible();
    await expect(page.getByLabel('Address')).toBeFocused();
    await page.getByLabel('Address').fill(stub.address);
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect(page.getByText('A token is needed')).toBeVisible();
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await expect(page.locator('.ui-error__code')).toContainText('train/token');
    await page.getByLabel('Address').fill('127.0.0.1:9');
    await page.keyboard.press('Enter');
    await expect(page.getByText('No training server answers at 127.0.0.1:9.')).toBeVisible();
  });
});

test.describe('a run', () => {
  test('is live: figures, charts and answers go on as it does', async ({ page, stub }) => {
    await open(page, stub);
    await expect(page.locator('.training-head__facts')).toContainText('step 412 of 1,200');
    await expect(page.getByRole('heading', { name: 'Answers of step 412' })).toBeVisible();
    stub.advance(3);
    await expect(page.locator('.training-head__facts')).toContainText('step 415 of 1,200');
    await expect(page.getByRole('heading', { name: 'Answers of step 415' })).toBeVisible();
    await expect(page.locator('.training-head__facts')).toContainText('writing answers, 32 of 32');
    const caption = page.locator('.training-chart figcaption').first();
    await expect(caption).toContainText(/original: 1\.\d\d at step 1, \d\.\d\d at step 415\./);
  });

  test('stays in sight when the line breaks, and takes up what it missed', async ({ page, stub }) => {
    await open(page, stub);
    stub.advance();
    await expect(page.locator('.training-head__facts')).toContainText('step 413');
    stub.lose();
    await expect(page.locator('.training-server')).toContainText(
      /connection lost, last contact .* ago, trying again/,
    );
    await expect(page.locator('.training-chart')).not.toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    stub.advance(2);
    stub.back();
    const again = page.locator('.training-server').getByRole('button', { name: 'Try now' });
    // The page tries by itself too, and then the button is gone.
    await again.click({ timeout: 2_000 }).catch(() => {});
    await expect(page.locator('.training-server')).toContainText('live');
    await expect(page.locator('.training-head__facts')).toContainText('step 415');
    await expect(page.locator('.training-chart figcaption').first()).toContainText('at step 415');
    expect(Number(stub.resumedFrom.at(-1))).toBeGreaterThan(0);
  });

  test('is paused, resumed, saved and stopped, by button and by key', async ({ page, stub }) => {
    await open(page, stub);
    await page.keyboard.press('p');
    // The new state may be told before the request that asked for it is answered; until then keys do nothing.
    await expect(page.getByRole('button', { name: 'Resume from step 412' })).toBeEnabled();
    await page.keyboard.press('p');
    await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeEnabled();
    await page.getByRole('button', { name: 'Save now' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(page.locator('.training-run--open')).toContainText('you stopped it · 412');
    const asked = stub.asked.filter((line) => line.startsWith('POST')).map((line) => line.split('/').at(-1));
    expect(asked).toEqual(['pause', 'resume', 'save', 'stop']);
  });

  test('one cursor in all charts, by pointer and by key; zoom and back', async ({ page, stub }) => {
    await open(page, stub);
    const canvas = page.locator('.training-chart__canvas').first();
    const box = (await canvas.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 80);
    await expect(readout(page, 'Reward')).toHaveText(/^at \d+: original \d\.\d\d, perturbed \d\.\d\d$/);
    const at = /^at (\d+)/.exec((await readout(page, 'Reward').textContent())!)![1]!;
    await expect(readout(page, 'KL to the reference')).toHaveText(new RegExp(`^at ${at}: \\.\\d{3}$`));
    // Ink, like everything here that is no quality band and no side B.
    const colour = await page
      .locator('.u-cursor-x')
      .first()
      .evaluate((line) => getComputedStyle(line).borderRightColor.match(/\d+/g)!.slice(0, 3));
    expect(new Set(colour).size).toBe(1);
    // Measured each 50 steps: the readout says of which.
    await expect(readout(page, 'Agreement on held-out clips')).toHaveText(
      new RegExp(`^at ${Math.floor(Number(at) / 50) * 50 || 1}: SRCC \\.\\d{3}, PLCC \\.\\d{3}$`),
    );
    await page.mouse.move(2, 2);
    await expect(readout(page, 'Reward')).toHaveText('mean of the step’s answers');

    const slider = page.getByRole('slider', { name: 'Cursor in Reward', exact: true });
    await slider.focus();
    await page.keyboard.press('Home');
    await expect(slider).toHaveAttribute('aria-valuetext', /^at 1: original 1\.\d\d/);
    await page.keyboard.press('Shift+ArrowRight');
    await expect(slider).toHaveAttribute('aria-valuenow', '11');
    await page.keyboard.press('+');
    await expect(page.getByRole('button', { name: 'Show all' })).toBeVisible();
    await page.keyboard.press('0');
    await expect(page.getByRole('button', { name: 'Show all' })).toHaveCount(0);

    await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 6 });
    await page.mouse.up();
    await expect(page.getByRole('button', { name: 'Show all' })).toBeVisible();
    await page.mouse.dblclick(box.x + box.width * 0.4, box.y + 60);
    await expect(page.getByRole('button', { name: 'Show all' })).toHaveCount(0);
  });

  test('pointing at charts moves nothing', async ({ page, stub }) => {
    await open(page, stub);
    const tops = () =>
      page.locator('.training-chart').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().y));
    const before = await tops();
    for (let i = 0; i < 6; i += 1) {
      const box = (await page.locator('.training-chart__canvas').nth(i).boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + 60);
      expect(await tops()).toEqual(before);
    }
  });

  test('numbers as table, as TSV and as files', async ({ page, stub, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(page, stub);
    const menu = page.getByRole('button', { name: 'Table and export of Reward', exact: true });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Show as table' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('columnheader')).toHaveText(['step', 'original', 'perturbed']);
    await dialog.getByRole('button', { name: 'Copy as TSV' }).click();
    const rows = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
    expect([rows[0], rows.length]).toEqual(['step\toriginal\tperturbed', 413]);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await menu.click();
    const svg = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Save as SVG' }).click();
    expect(readFileSync(await (await svg).path(), 'utf8')).toMatch(
      /^<svg [\s\S]*>Reward<\/text>[\s\S]*<\/svg>$/,
    );
    await menu.click();
    const png = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Save as PNG' }).click();
    const bytes = readFileSync(await (await png).path());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1440, 840]);
    const csv = page.waitForEvent('download');
    await page.getByRole('button', { name: 'All values as CSV' }).click();
    expect(readFileSync(await (await csv).path(), 'utf8').split('\n')).toHaveLength(414);
  });

  test('others laid beside it, in grey and by name', async ({ page, stub }) => {
    await open(page, stub);
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByLabel('Compare with ablation-rank-only').check();
    await expect(page.locator('.training-chart figcaption').first()).toContainText(
      'Beside it in grey: ablation-rank-only.',
    );
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect(page.locator('.training-chart figcaption').first()).not.toContainText('Beside');
  });

  test('answers: steps, videos, frames in the order the model saw them, advantages from zero', async ({
    page,
    stub,
  }) => {
    await open(page, stub);
    await tab(page, 'Answers');
    const heading = page.getByRole('heading', { name: /^Answers of step/ });
    await expect(heading).toHaveText('Answers of step 412');
    await page.keyboard.press('[');
    await expect(heading).toHaveText('Answers of step 411');
    stub.advance();
    // Who looks further back is not taken away.
    await expect(page.locator('.training-head__facts')).toContainText('step 413');
    await expect(heading).toHaveText('Answers of step 411');
    await page.getByRole('button', { name: 'Follow the newest' }).click();
    await expect(heading).toHaveText('Answers of step 413');
    await page.keyboard.press(']');
    await expect(heading).toHaveText('Answers of step 413');

    await page.getByRole('button', { name: 'Next video' }).click();
    await expect(page.locator('.training-answers__head')).toContainText('video 2 of 32');
    const frames = page.locator('.training-frames__frame img');
    await expect(frames).toHaveCount(12);
    await expect(frames.first()).toHaveAttribute('alt', 'F1: source frame 10');
    const inOrder = await frames.evaluateAll((all) => all.map((one) => (one as HTMLImageElement).alt));
    await tab(page, 'Perturbed');
    await expect(page.locator('.training-answers__foot')).toContainText('shuffled');
    await expect
      .poll(() => frames.evaluateAll((all) => all.map((one) => (one as HTMLImageElement).alt)))
      .not.toEqual(inOrder);
    await expect(page.locator('.training-bar__track')).toHaveCount(0);
    await tab(page, 'Original');
    const rows = page.locator('.training-answers tbody tr');
    await expect(rows).toHaveCount(4);
    for (const row of await rows.all()) {
      const value = (await row.locator('.training-bar__value').textContent())!;
      const negative = (await row.locator('.training-bar__fill--negative').count()) === 1;
      expect(value.startsWith('−')).toBe(negative);
    }
    await expect(rows.locator('.training-trace__found, .training-trace__out').first()).toBeVisible();
  });

  test('an answer that cannot be read says so and has no number', async ({ page, stub }) => {
    await open(page, stub);
    await tab(page, 'Answers');
    const unreadable = page.locator('.training-answer__unreadable');
    for (let i = 0; i < 31 && (await unreadable.count()) === 0; i += 1)
      await page.getByRole('button', { name: 'Next video' }).click();
    const row = page.locator('tr', { has: unreadable.first() });
    await expect(row.getByRole('cell').nth(2)).toHaveText('–');
    await expect(row.locator('.training-trace')).toContainText('about four');
  });

  test('its recipe: every field explained, what differs from its base marked', async ({ page, stub }) => {
    await open(page, stub);
    await tab(page, 'Recipe');
    const rows = page.locator('.training-recipe tbody tr');
    await expect(page.getByRole('combobox')).toHaveValue('small');
    const all = await rows.count();
    expect(all).toBeGreaterThan(60);
    await tab(page, 'Only what differs');
    const changed = await rows.count();
    expect(changed).toBeGreaterThan(1);
    expect(changed).toBeLessThan(all);
    await expect(page.locator('.training-recipe__row--changed')).toHaveCount(changed);
    await tab(page, 'All fields');
    await page.getByRole('searchbox').fill('maxKl');
    await expect(rows).toHaveText([/stages\[0\]\.guards\.maxKl.*The run stops itself when the KL/s]);
  });

  test('its checkpoints: differences from one, a package made and handed to Models', async ({
    page,
    stub,
  }) => {
    await open(page, stub);
    await tab(page, 'Checkpoints');
    const rows = page.locator('.training-points tbody tr');
    await expect(rows).toHaveCount(4);
    await rows.nth(1).getByRole('checkbox').check();
    await expect(rows.first().locator('.training-points__difference').first()).toHaveText(/^[+−]\.\d{3}$/);
    await rows.first().getByRole('button', { name: 'Send to Models' }).click();
    await expect(rows.first().getByRole('progressbar')).toBeVisible();
    await expect(rows.first().getByRole('button', { name: 'Open in Models' })).toBeVisible({
      timeout: 15_000,
    });
    await expect(
      page.locator('.training-head').getByRole('button', { name: 'Open in Models' }),
    ).toBeVisible();
  });

  test('its log follows the end, and copies', async ({ page, stub }) => {
    await open(page, stub);
    await tab(page, 'Log');
    await expect(page.locator('.training-log__line')).not.toHaveCount(0);
    await expect(page.locator('.training-log')).toContainText(
      'Warning: clips/harbour-117.mp4 could not be read',
    );
    stub.say({
      type: 'log',
      line: { time: Date.now() / 1000, source: 'engine', level: 'info', text: 'a new last line' },
    });
    await expect(page.locator('.training-log__line').last()).toContainText('a new last line');
    await page.getByRole('combobox').selectOption('error');
    await expect(page.getByText('Nothing of this level has been logged.')).toBeVisible();
  });
});

test.describe('runs that stand', () => {
  test('a guard names itself and offers to go on more slowly', async ({ page, stub }) => {
    await open(page, stub);
    await run(page, /stopped itself: KL 0\.5/);
    await expect(page.locator('.training-reason')).toContainText(
      'KL passed 0.5: the run stopped itself at step 230.',
    );
    await page.getByRole('button', { name: 'Resume from step 200 at half the learning rate' }).click();
    await expect(page.locator('.training-reason')).toHaveCount(0);
  });
  test('a failure shows the last lines of its log', async ({ page, stub }) => {
    await open(page, stub);
    await run(page, /vqathinker-8b/);
    await expect(page.locator('.training-reason')).toContainText(
      'The engine stopped at step 12: CUDA out of memory.',
    );
    await expect(page.locator('.training-reason__log')).toContainText('loaded 4,812,034 parameters');
    expect(await violations(page)).toEqual([]);
  });
  test('a queued run has its charts’ places already', async ({ page, stub }) => {
    await open(page, stub);
    await run(page, /queued/);
    await expect(page.locator('.training-chart__empty').first()).toHaveText('after the first step');
    await expect(page.getByRole('button', { name: 'Send to Models' })).toBeDisabled();
  });
});

test.describe('a new run', () => {
  test('is checked first, then starts and is opened', async ({ page, stub }) => {
    await open(page, stub);
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await page.getByRole('radio', { name: /^small-sft/ }).check({ force: true });
    await expect(page.getByRole('button', { name: 'Start' })).toBeDisabled();
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(page.getByText('Everything is there.')).toBeVisible();
    await expect(page.locator('.training-report')).toContainText('1 GPU, 141\u202fGB, PyTorch 2.13.0');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(page.locator('.training-run--open')).toContainText('small-sft');
    await expect(page.locator('.training-head__facts')).toContainText('Waits until the run before it ends.');
    expect(stub.asked.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /api/validate',
      'POST /api/runs',
    ]);
  });
  test('what is missing is named and nothing starts', async ({ page, stub }) => {
    stub.report = {
      ok: false,
      errors: [{ code: 'train/path', params: { field: 'sources.clips.file' }, message: '' }],
    };
    await open(page, stub);
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await page.getByRole('radio', { name: /^small-sft/ }).check({ force: true });
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(page.getByText('It cannot start yet.')).toBeVisible();
    await expect(page.locator('.training-report')).toContainText(
      'sources.clips.file lies outside the folders the server may read.',
    );
    await expect(page.getByRole('button', { name: 'Start' })).toBeDisabled();
  });
  test('is what a server without runs offers', async ({ page, site }) => {
    expect(site.address).toBeTruthy();
    const empty = await trainingStub(staticHandler({ root: await builtPage() }), []);
    await page.goto(`${empty.address}/#/training?token=${TOKEN}`);
    await expect(page.getByRole('heading', { name: 'No runs yet' })).toBeVisible();
    await expect(page.getByRole('radio')).not.toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    await empty.close();
  });
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const locale of ['en-US', 'zh-CN'])
    test.describe(`${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale });
      test('axe finds nothing on any part, wide or narrow', async ({ page, stub }) => {
        await page.goto(`${stub.address}/#/training`);
        await expect(page.locator('.training-connect')).toBeVisible();
        expect(await violations(page), 'not connected').toEqual([]);
        await open(page, stub);
        for (const width of [1440, 320]) {
          await page.setViewportSize({ width, height: 900 });
          for (let i = 0; i < 5; i += 1) {
            await page.locator('.training-bar .ui-segmented__input').nth(i).check({ force: true });
            await page.waitForTimeout(200);
            expect(await violations(page), `part ${i} at ${width}`).toEqual([]);
            const overflow = await page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            );
            expect([i, width, overflow]).toEqual([i, width, 0]);
          }
        }
      });
    });

test('on a phone the runs are behind one line', async ({ page, stub }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, stub);
  await page.locator('.training-picker__button').click();
  await page.locator('.training-picker .training-run__button', { hasText: 'tiny-cpu' }).click();
  await expect(page.locator('.training-picker__button')).toContainText('you stopped it · 88');
  await expect(page.locator('.training-picker .training-run')).toHaveCount(0);
});

test('nothing but the training server is asked, and the token goes in no address', async ({ page, stub }) => {
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  await open(page, stub);
  await tab(page, 'Answers');
  await expect(page.locator('.training-frames__frame img').first()).toBeVisible();
  const foreign = urls.filter((url) => !url.startsWith(stub.address) && !/^(blob|data):/.test(url));
  expect(foreign).toEqual([]);
  expect(urls.filter((url) => new URL(url).search.includes(TOKEN))).toEqual([]);
  expect(stub.asked.some((line) => line.includes(TOKEN))).toBe(false);
});
