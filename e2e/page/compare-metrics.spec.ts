/** Two encodes on the Compare page: PSNR and SSIM against ffmpeg, the plot, a VMAF log, the report. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Download, Page } from '@playwright/test';
import { readPng } from '../../scripts/conformance/png.ts';
import { violations } from './axe.ts';
import { badges, openCompare, positionOf, sharp } from './compare-fixture.ts';
import { choose, clip, expect, hasModel, test } from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const VP9 = clip('bbb_800x640_768kbps_30fps_vp9.mp4');
const AVC = clip('bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4');

let folder = '';
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vqa-compare-'));
});
test.afterAll(() => rmSync(folder, { recursive: true }));

/** Luma values of ffmpeg's filter for each pair of frames. */
function oracle(filter: 'psnr' | 'ssim', a: string, b: string): number[] {
  const graph = `[0:v]setpts=N/25/TB[a];[1:v]setpts=N/25/TB[b];[a][b]${filter},metadata=print:file=-`;
  const { stdout } = spawnSync(
    'ffmpeg',
    ['-v', 'error', '-i', a, '-i', b, '-lavfi', graph, '-f', 'null', '-'],
    {
      encoding: 'utf8',
      maxBuffer: 1e8,
    },
  );
  const key = filter === 'psnr' ? 'lavfi\\.psnr\\.psnr\\.y' : 'lavfi\\.ssim\\.Y';
  return [...stdout.matchAll(new RegExp(`${key}=([\\d.]+|inf)`, 'g'))].map(([, value]) =>
    value === 'inf' ? Number.POSITIVE_INFINITY : Number(value),
  );
}

async function openTwo(page: Page, address: string, files: readonly string[]): Promise<void> {
  await openCompare(page, address);
  await choose(page, [...files]);
  await expect(page.locator('.compare-files')).toBeVisible({ timeout: 60_000 });
  await sharp(page);
}

async function measured(page: Page, timeout = 120_000): Promise<void> {
  await page.getByRole('button', { name: 'Measure PSNR and SSIM' }).click();
  await expect(page.locator('.compare-plot__details')).toBeVisible({ timeout });
  await expect(page.locator('.compare-metrics__progress progress')).toHaveCount(0, { timeout });
}

async function exported(page: Page, name: string): Promise<Download> {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name }).click();
  return download;
}

interface Report {
  readonly a: { readonly codecName: string; readonly kilobitsPerSecond: number };
  readonly luma: Record<string, unknown>;
  readonly summary: { readonly meanPsnr: number; readonly psnrOfMeanMse: number; readonly pairs: number };
  readonly vmaf: { readonly mean: number } | null;
  readonly frames: readonly {
    readonly a: number;
    readonly b: number;
    readonly mse: number;
    readonly psnr: number | null;
    readonly ssim: number;
    readonly vmaf: number | null;
  }[];
}

const reportOf = async (page: Page): Promise<Report> =>
  JSON.parse(readFileSync(await (await exported(page, 'Report as JSON')).path(), 'utf8')) as Report;

test('two encodes: files, PSNR and SSIM as ffmpeg has them, frame by frame, and a report', async ({
  page,
  site,
}) => {
  test.skip(VP9 === null || AVC === null, 'no shared media');
  test.skip(!hasFfmpeg, 'no ffmpeg');
  const files = [VP9 as string, AVC as string] as const;
  await openTwo(page, site.address, files);
  await expect(page.locator('.compare-files')).toContainText('VP9');
  await expect(page.locator('.compare-files')).toContainText(/H\.264.*kb\/s.*800 × 640.*30.*0:04\.00/);
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeDisabled();
  await measured(page);

  const [wantedPsnr, wantedSsim] = [oracle('psnr', ...files), oracle('ssim', ...files)];
  const report = await reportOf(page);
  expect(report.frames).toHaveLength(120);
  expect(wantedPsnr).toHaveLength(120);
  for (const [k, frame] of report.frames.entries()) {
    expect([frame.a, frame.b]).toEqual([k, k]);
    expect(Math.abs(frame.psnr! - wantedPsnr[k]!)).toBeLessThan(0.01);
    expect(Math.abs(frame.ssim - wantedSsim[k]!)).toBeLessThan(1e-4);
  }
  expect(report.luma).toMatchObject({ width: 800, height: 640, bitDepth: 8, resized: null });
  const mean = wantedPsnr.reduce((sum, value) => sum + value, 0) / 120;
  expect(report.summary.meanPsnr).toBeCloseTo(mean, 3);
  const summary = page.locator('.compare-summary');
  await expect(summary).toContainText(`${mean.toFixed(2)}\u202fdB`);

  // The lowest frame is a step away, and so is any frame of the plot.
  const lowest = wantedPsnr.indexOf(Math.min(...wantedPsnr));
  await summary.getByRole('button').first().click();
  expect(await positionOf(page)).toBe(lowest + 1);
  const field = page.locator('.compare-metrics .compare-plot__field');
  const box = (await field.boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.5 + 1, box.y + 20);
  expect(await positionOf(page)).toBe(61);
  await expect(page.locator('.compare-plot__readout')).toHaveText(
    `frame 61: ${wantedPsnr[60]!.toFixed(2)}\u202fdB`,
  );
  await page.locator('.compare-metrics').getByRole('radio', { name: 'SSIM' }).check();
  await expect(page.locator('.compare-plot__readout')).toHaveText(`frame 61: ${wantedSsim[60]!.toFixed(4)}`);

  const csv = readFileSync(await (await exported(page, 'Frames as CSV')).path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(csv[0]).toBe('position,time_s,frame_a,frame_b,mse_y,psnr_y,ssim_y,vmaf');
  expect(csv).toHaveLength(121);
  expect(Number(csv[61]!.split(',')[5])).toBeCloseTo(wantedPsnr[60]!, 3);
  const card = await exported(page, 'Card as PNG');
  expect(card.suggestedFilename()).toMatch(/^bbb_.*vp9-vs-bbb_.*_3b\.png$/);
  expect(readPng(readFileSync(await card.path())).width).toBe(2400);

  expect(await violations(page)).toEqual([]);
  for (const width of [900, 768, 700, 640, 390, 360, 320]) {
    await page.setViewportSize({ width, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }

  // Another offset pairs other frames: nothing of the old pairs stays.
  await page.keyboard.press('>');
  await expect(page.getByRole('button', { name: 'Measure PSNR and SSIM' })).toBeVisible();
  await expect(page.locator('.compare-metrics__invitation')).toContainText('119 pairs');
});

test('a VMAF log beside the files is drawn over the frames of B', async ({ page, site }) => {
  test.skip(VP9 === null || AVC === null, 'no shared media');
  const log = join(folder, 'vmaf.json');
  const frames = Array.from({ length: 120 }, (_, frameNum) => ({
    frameNum,
    metrics: { vmaf: 90 - frameNum / 10 },
  }));
  writeFileSync(log, JSON.stringify({ version: '3.0.0', frames }));
  await openTwo(page, site.address, [VP9 as string, AVC as string, log]);
  await page.locator('.compare-metrics').getByRole('radio', { name: 'VMAF' }).check();
  await expect(page.locator('.compare-plot__readout')).toHaveText('frame 1: 90.00');
  await expect(page.locator('.compare-summary')).toContainText('84.05');
  await expect(page.locator('.compare-summary')).toContainText('78.10');
  expect((await reportOf(page)).vmaf?.mean).toBeCloseTo(84.05, 6);
  // Another pair with its own log in one drop: the log is that of the new pair.
  await choose(page, [AVC as string, VP9 as string, log]);
  await expect(page.locator('.compare-files__name').last()).toContainText('vp9');
  await expect(page.locator('.compare-metrics').getByRole('radio', { name: 'VMAF' })).toBeVisible();
  const broken = join(folder, 'broken.csv');
  writeFileSync(broken, 'Frame,psnr\n0,40\n');
  await choose(page, broken);
  await expect(page.locator('.ui-error__code')).toHaveText(/compare\/log$/);
});

test('sizes that differ are brought together, shapes that differ are refused, a long measurement stops', async ({
  page,
  site,
}) => {
  test.skip(!hasFfmpeg, 'no ffmpeg');
  const made = (name: string, size: string, seconds: number) => {
    const path = join(folder, name);
    const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`];
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-y',
      ...source,
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      path,
    ]);
    return path;
  };
  const large = made('large.mp4', '640x360', 2);
  await openTwo(page, site.address, [large, made('small.mp4', '320x180', 2)]);
  await measured(page);
  await expect(page.locator('.compare-page')).toContainText('B is enlarged to 640 × 360 first (bicubic).');
  expect((await reportOf(page)).luma).toMatchObject({ width: 640, height: 360, resized: 'b' });

  const second = await page.context().newPage();
  await openTwo(second, site.address, [large, made('square.mp4', '360x360', 2)]);
  await second.getByRole('button', { name: 'Measure PSNR and SSIM' }).click();
  await expect(second.locator('.ui-error__code')).toHaveText(/compare\/aspect$/);
  await expect(second.locator('.ui-error')).toContainText('A is 640 × 360, B is 360 × 360');

  const third = await page.context().newPage();
  const long = [made('long-a.mp4', '1920x1080', 16), made('long-b.mp4', '1920x1080', 16)];
  await openTwo(third, site.address, long);
  await third.getByRole('button', { name: 'Measure PSNR and SSIM' }).click();
  await expect(third.locator('.compare-metrics__progress')).toContainText(/[1-9]\d* of 400 pairs/);
  await third.keyboard.press('Escape');
  await expect(third.locator('.compare-metrics__progress')).toContainText(/Stopped at \d+ of 400 pairs/);
  const stopped = Number(
    /Stopped at (\d+)/.exec(await third.locator('.compare-metrics__progress').innerText())?.[1],
  );
  expect(stopped).toBeLessThan(400);
  // The numbers so far stay, and say how many pairs they are of.
  await expect(third.locator('.compare-summary__note')).toContainText(
    new RegExp(`^Luma.* ${stopped} pairs?[,.]`),
  );
});

test('identical videos have an infinite PSNR and an SSIM of 1', async ({ page, site }) => {
  test.skip(AVC === null, 'no shared media');
  await openTwo(page, site.address, [AVC as string, AVC as string]);
  await measured(page);
  await expect(page.locator('.compare-summary')).toContainText('identical');
  const { frames, summary } = await reportOf(page);
  expect(frames.every(({ mse, psnr, ssim }) => mse === 0 && psnr === null && ssim === 1)).toBe(true);
  expect(summary.pairs).toBe(120);
  expect(await badges(page)).toHaveLength(2);
});
