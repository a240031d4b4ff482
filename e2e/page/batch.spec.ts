/** The Batch page: files and scores in, rows out; a bad file costs its row, a reload costs the video that ran. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { BatchFile } from '../../core/files/batch.ts';
import { readCalibration } from '../../core/files/calibration.ts';
import { violations } from './axe.ts';
import { choose, dropFromDisk, expect, hasModel, SAMPLE, test } from './fixture.ts';

const sample = readFileSync(SAMPLE);
/** The same picture under other names: other files to the page. */
const videos = ['a.mp4', 'b.mp4', 'c.mp4'].map((name) => ({ name, mimeType: 'video/mp4', buffer: sample }));
const broken = { name: 'broken.mp4', mimeType: 'video/mp4', buffer: Buffer.from('%PDF-1.7 not a video') };
const table = (lines: string) => ({ name: 'scores.csv', mimeType: 'text/csv', buffer: Buffer.from(lines) });

async function goToBatch(page: Page, address: string): Promise<void> {
  await page.goto(`${address}#/batch`);
  await expect(page.getByRole('button', { name: 'Choose a folder' })).toBeVisible({ timeout: 30_000 });
}

const row = (page: Page, name: string) => page.locator('.batch-table tbody tr').filter({ hasText: name });

async function exported(page: Page, item: string): Promise<string> {
  await page.getByRole('button', { name: 'Export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: item }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

test.describe('batch', () => {
  test.skip(!hasModel, 'no bundled model');

  test('files and scores: checked first, run, exported, reopened', async ({ page, site }) => {
    await goToBatch(page, site.address);
    await choose(page, [...videos, broken, table('path,mos\na.mp4,3.10\nb.mp4,2\nx.mp4,4\nc.mp4,n/a\n')]);
    await expect(page.getByText('4 files, 2 with a score, 1 score without a file')).toBeVisible();
    await expect(page.getByText(/line 5: "n\/a" is not a number/)).toBeVisible();
    await page.getByRole('button', { name: 'Show them' }).first().click();
    await expect(page.getByText('x.mp4')).toBeVisible();

    await page.getByRole('button', { name: 'Start' }).click();
    await expect(page.locator('.batch-page--done')).toBeAttached({ timeout: 120_000 });
    const scores = await page.locator('.batch-table tbody strong').allTextContents();
    const read = scores.filter((text) => /^\d\.\d\d$/.test(text));
    expect(read).toHaveLength(3);
    // The same bytes, the same score.
    expect(new Set(read).size).toBe(1);
    await expect(row(page, 'broken.mp4')).toContainText('Failed');
    // Each answered row has its thumbnail as soon as it has its score.
    await expect(page.locator('.batch-table__thumbnail img')).toHaveCount(3);
    await row(page, 'a.mp4').click();
    const answer = page.getByRole('region', { name: 'Answer of the model' });
    await expect(answer).toContainText(`${read[0]}`);
    await expect(answer).not.toContainText('<think>');
    await row(page, 'broken.mp4').click();
    await expect(answer).toContainText('This is not a video file the page can read (it looks like PDF).');
    await answer.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByText('needs 10').first()).toBeVisible();

    const official = await exported(page, 'CSV, official script’s format');
    expect(official.split('\r\n').slice(0, 3)).toEqual([
      'filename,pred_score,gt_score',
      `a.mp4,${Number(read[0])},3.10`,
      `b.mp4,${Number(read[0])},2`,
    ]);
    const full = await exported(page, 'CSV with all columns');
    expect(full).toContain('broken.mp4,null');
    const json = await exported(page, 'JSON');
    expect(JSON.parse(json)).toMatchObject({
      kind: 'batch',
      settingsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(page.getByRole('button', { name: 'Choose a folder' })).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(row(page, 'a.mp4')).toBeVisible();
    await page.getByRole('button', { name: 'Clear' }).click();
    await choose(page, [{ name: 'saved.json', mimeType: 'application/json', buffer: Buffer.from(json) }]);
    await expect(row(page, 'a.mp4')).toContainText(read[0] as string);
  });

  test('a calibration to the human scores of a batch is shown and saved', async ({ page, site }) => {
    const scores = Array.from({ length: 30 }, (_, k) => 1.5 + k / 10);
    const rows = scores.map((score, k) => ({
      path: `${String(k).padStart(2, '0')}.mp4`,
      bytes: 1000,
      modified: 1,
      state: 'done' as const,
      score,
      mos: Math.round(100 / (1 + Math.exp(-(score - 3) / 0.4))) + (k % 3),
      text: '',
      named: [],
    }));
    const saved: BatchFile = {
      format: 2,
      kind: 'batch',
      app: 'test',
      createdAt: '2026-01-02T03:04:05Z',
      name: 'clips',
      model: {
        name: 'small',
        manifestSha256: 'a'.repeat(64),
        dtype: 'q8',
        target: 'wasm',
        backend: 'wasm',
        adapter: '',
        range: [1, 5],
      },
      settings: { profile: 'p', sampling: 'greedy', maxTokens: 100 },
      settingsSha256: 'b'.repeat(64),
      rows,
    };
    await goToBatch(page, site.address);
    const buffer = Buffer.from(JSON.stringify(saved));
    await choose(page, [{ name: 'saved.json', mimeType: 'application/json', buffer }]);
    await expect(row(page, '00.mp4')).toContainText('1.50');
    await page.getByRole('button', { name: 'Calibrate' }).click();
    await expect(page.getByText('Error on videos that the fit has not seen')).toBeVisible();
    // The grade gives way to the score on the scale of percent.
    await expect(row(page, '00.mp4')).toContainText(/1\.50\s*→ \d/);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const file = readCalibration(JSON.parse(readFileSync(await (await download).path(), 'utf8')));
    expect(file.heldOut).toMatchObject({ folds: 5, n: 30 });
    expect(file.heldOut.gainInterval[0]).toBeGreaterThan(0);
    expect(file.model).toEqual({ name: 'small', sha256: 'a'.repeat(64) });
    await page.getByRole('button', { name: 'Show in the table' }).click();
    await expect(row(page, '00.mp4')).not.toContainText('→');
  });

  test('a table before its videos; without a header the MOS is named, and another column can be chosen', async ({
    page,
    site,
  }) => {
    await goToBatch(page, site.address);
    await choose(page, [table('a.mp4,1.22,0.97\nb.mp4,2.40,0.77\nc.mp4,3.10,0.97\n')]);
    await expect(page.getByText('3 scores are ready for their videos')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Start' })).toHaveCount(0);
    await choose(page, videos.slice(0, 2));
    await expect(page.getByText('2 files, 2 with a score, 1 score without a file')).toBeVisible();
    const mos = page.getByLabel('MOS is');
    await expect(mos.locator('option:checked')).toHaveText('column 2, 1.22 to 3.1');
    await expect(row(page, 'b.mp4')).toContainText('2.40');
    // Tables are stored with the rows: videos of a later visit are matched too.
    await page.reload();
    await expect(row(page, 'b.mp4')).toContainText('2.40', { timeout: 30_000 });
    await choose(page, videos);
    await expect(row(page, 'c.mp4')).toContainText('3.10');
    await mos.selectOption('column 3, 0.77 to 0.97');
    await expect(row(page, 'b.mp4')).toContainText('0.77');
    await expect(row(page, 'b.mp4')).not.toContainText('2.40');
  });

  test('tables that cannot be used: each is named, with what to do', async ({ page, site }) => {
    await goToBatch(page, site.address);
    const file = (name: string, text: string) => ({ name, mimeType: '', buffer: Buffer.from(text) });
    await choose(page, [
      ...videos,
      file('scores.xlsx', 'PK\u0003\u0004'),
      file('trl.jsonl', '{"prompt": "x", "video": "a.mp4", "solution": "good"}\n'.repeat(3)),
      file('size.csv', 'path,width\na.mp4,1920'),
      file('twice.csv', 'path,mos\na.mp4,35.5\na.mp4,61\nb.mp4,7\nb.mp4,7'),
    ]);
    await expect(
      page.getByText('scores.xlsx is a workbook (XLSX). Save its sheet as “CSV UTF-8”'),
    ).toBeVisible();
    await expect(page.getByText('trl.jsonl is in the form of TRL (prompt, video, solution)')).toHaveCount(1);
    await expect(page.getByText('Its columns: path, width')).toBeVisible();
    await expect(
      page.getByText('1 file has different scores, none of which is used: a.mp4 (35.5, 61)'),
    ).toBeVisible();
    await expect(row(page, 'b.mp4')).toContainText('7');
  });

  test('paused by key, reloaded, given its files again, it goes on', async ({ page, site }) => {
    await goToBatch(page, site.address);
    await choose(page, videos);
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(row(page, 'a.mp4').locator('strong')).toHaveText(/^\d\.\d\d$/, { timeout: 90_000 });
    await expect(page.getByText('To go on after closing, choose the files again.')).toBeVisible();
    await page.locator('h2').first().click();
    await page.keyboard.press('p');
    await expect(page.getByRole('button', { name: /Resume/ })).toBeVisible({ timeout: 30_000 });
    const first = await row(page, 'a.mp4').locator('strong').textContent();
    await page.reload();
    // The browser gives chosen files to one visit only; the page says so and keeps what it has.
    await expect(page.locator('.batch-page--access')).toBeAttached({ timeout: 30_000 });
    await expect(row(page, 'a.mp4').locator('strong')).toHaveText(first ?? '');
    await choose(page, videos);
    await page.getByRole('button', { name: /Resume/ }).click();
    await expect(page.locator('.batch-page--done')).toBeAttached({ timeout: 120_000 });
    await expect(row(page, 'c.mp4').locator('strong')).toHaveText(first ?? '');
  });

  test('a dropped folder is kept: after a reload it goes on by itself, or by one click', async ({
    page,
    site,
  }, info) => {
    const folder = info.outputPath('clips');
    mkdirSync(join(folder, 'more'), { recursive: true });
    // More of them than are answered before the page is loaded again, twice.
    const names = Array.from({ length: 16 }, (_, i) => `${i % 2 ? 'more/' : ''}clip-${10 + i}.mp4`);
    for (const name of names) cpSync(SAMPLE, join(folder, name));
    const scores = page.locator('.batch-table tbody strong').filter({ hasText: /^\d\.\d\d$/ });
    // The prompt is the browser's own and cannot be clicked here; it answers in its place, when it is asked.
    await page.addInitScript(() => {
      const handles = FileSystemHandle.prototype as unknown as Record<string, () => Promise<string>>;
      const asks = sessionStorage.getItem('asks') === 'yes';
      let allowed = !asks;
      handles.queryPermission = async () => (allowed ? 'granted' : 'prompt');
      handles.requestPermission = async () => {
        allowed = navigator.userActivation.isActive;
        return allowed ? 'granted' : 'denied';
      };
    });
    await goToBatch(page, site.address);
    await dropFromDisk(page, [folder]);
    await expect(page.getByRole('heading', { name: 'clips' })).toBeVisible();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.evaluate(() => sessionStorage.setItem('asks', 'yes'));
    // The second one: a row is shown before it is stored, and the next begins when that is done.
    await expect(scores.nth(1)).toBeVisible({ timeout: 90_000 });
    await page.reload();
    await expect(page.locator('.batch-page--access')).toBeAttached({ timeout: 30_000 });
    await expect(page.locator('.batch-head__notice')).toContainText('clips');
    const before = await scores.count();
    expect(before).toBeGreaterThan(0);
    await page.evaluate(() => sessionStorage.removeItem('asks'));
    await page.getByRole('button', { name: 'Allow access' }).click();
    await expect(scores.nth(before)).toBeVisible({ timeout: 90_000 });
    await expect(page.locator('.batch-page--running')).toBeAttached();

    // The browser still lets the page read: nobody has to click.
    await page.reload();
    await expect(page.locator('.batch-page--done')).toBeAttached({ timeout: 180_000 });
    await expect(scores).toHaveCount(names.length);
    expect(new Set(await scores.allTextContents()).size).toBe(1);
  });

  test('the folder chooser of the browser gives what can be kept', async ({ page, site }) => {
    await goToBatch(page, site.address);
    // The chooser is the browser's own; a folder of this origin stands for the one that it would give.
    await page.evaluate(async (base64) => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('chosen', { create: true });
      const writer = await (await folder.getFileHandle('a.mp4', { create: true })).createWritable();
      await writer.write(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
      await writer.close();
      Object.assign(window, { showDirectoryPicker: async () => folder });
    }, sample.toString('base64'));
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await expect(row(page, 'a.mp4')).toBeVisible();
    // Rows are shown before they are kept; the page says when it may be left.
    await expect(page.getByText(/^Safe to close/)).toBeVisible();
    await page.reload();
    await page.getByRole('button', { name: 'Start' }).click({ timeout: 30_000 });
    await expect(page.locator('.batch-page--done')).toBeAttached({ timeout: 120_000 });
  });

  test('rows by key, filters, a row opens beside', async ({ page, site }) => {
    await goToBatch(page, site.address);
    await choose(page, videos);
    const box = page.getByRole('region', { name: 'Videos of this batch' });
    await box.focus();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await expect(page.locator('tr[aria-current]')).toContainText('b.mp4');
    await page.keyboard.press('/');
    await page.keyboard.type('c.m');
    await expect(page.locator('.batch-table tbody tr')).toHaveCount(1);
    await page.getByRole('button', { name: /^Skip: c.mp4/ }).click();
    await page.getByLabel('Find a file').fill('');
    await page.getByRole('button', { name: /^Skipped/ }).click();
    await expect(row(page, 'c.mp4')).toContainText('Skipped');
  });
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const locale of ['en-US', 'zh-CN'])
    test.describe(`batch, ${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale });
      test('axe finds nothing: empty and with ten thousand rows, wide and narrow', async ({ page, site }) => {
        test.skip(!hasModel, 'no bundled model');
        await page.goto(`${site.address}#/batch`);
        await expect(page.locator('.batch-empty')).toBeVisible({ timeout: 30_000 });
        const look = async (what: string) => {
          expect(await violations(page), what).toEqual([]);
        };
        await look('empty');
        const rows = Array.from({ length: 10_000 }, (_, i) => {
          const score = 1 + (i % 400) / 100;
          return {
            path: `KoNViD_1k_videos/${i}.mp4`,
            bytes: 1,
            modified: 0,
            state: i % 100 === 7 ? 'failed' : 'done',
            mos: 20 * score + (i % 13),
            score: i % 100 === 7 ? null : score,
            named: [],
          };
        });
        const file = {
          format: 1,
          kind: 'batch',
          app: 'test',
          createdAt: '2026-01-01T00:00:00.000Z',
          name: 'KoNViD-1k',
          model: null,
          settings: null,
          settingsSha256: null,
          rows,
        };
        await choose(page, [
          { name: 'saved.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) },
        ]);
        await expect(page.locator('.batch-table tbody tr').first()).toBeVisible();
        await expect(page.locator('.batch-metrics__value').first()).toHaveText(/^\.\d{3}$/, {
          timeout: 60_000,
        });
        expect(await page.locator('.batch-table tbody tr').count()).toBeLessThan(60);
        for (const width of [1440, 390, 320]) {
          await page.setViewportSize({ width, height: 900 });
          await look(`${width}`);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(over, `${width} wide`).toBeLessThanOrEqual(0);
        }
      });
    });
