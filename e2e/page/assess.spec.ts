/** The whole job on real clips: a file in, frames in the strip, text that streams, a score or a reason why there is none. */
import { readResult } from '../../core/files/result.ts';
import {
  choose,
  clip,
  expect,
  exportJson,
  hasModel,
  openPage,
  reaches,
  SAMPLE,
  scoreOf,
  taskTimes,
  test,
  traceOf,
} from './fixture.ts';

/** Frame counts and shown sizes are ffprobe's (`-count_packets`), as in the table of the media tests. */
const CLIPS: readonly [name: string, frames: number, size: string][] = [
  ['bikes.mp4', 250, '640 × 272'],
  ['carphone_pristine.mp4', 120, '176 × 144'],
  ['bottle-detection.mp4', 1189, '640 × 360'],
  ['video_90.mov', 3, '320 × 568'],
  ['bbb_642x642_768kbps_30fps_vp9.webm', 90, '642 × 642'],
  ['walk.mkv', 89, '640 × 480'],
];

test.skip(!hasModel, 'no bundled model');

test('the sample clip: one click, no other download, a score', async ({ page, site }) => {
  await openPage(page, site.address);
  await page.getByRole('button', { name: 'Try the sample clip' }).click();
  await reaches(page, 'done');
  expect(await scoreOf(page)).toMatch(/^[1-5]\.\d\d$/);
  expect((await traceOf(page)).length).toBeGreaterThan(40);
});

for (const [name, frames, size] of CLIPS)
  test(`${name} is assessed`, async ({ page, site }) => {
    const file = clip(name);
    test.skip(file === null, 'no shared media');
    await openPage(page, site.address);
    await choose(page, file as string);
    await reaches(page, 'done');
    await expect(page.locator('.assess-strip__picture')).toHaveCount(
      await page.locator('.assess-strip__cell').count(),
    );
    await expect(page.locator('.assess-file')).toContainText(size);
    await expect(page.locator('.assess-transport__frame')).toContainText(`of ${frames.toLocaleString('en')}`);
    const text = await traceOf(page);
    expect(text.split(/\s+/).length).toBeGreaterThan(10);
    expect(text).not.toMatch(/<\/?(think|answer)>/);

    const { text: json } = await exportJson(page);
    const result = readResult(JSON.parse(json));
    expect(result.file.frames).toBe(frames);
    expect(result.file.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(result.answers[0]?.text).toContain(text.slice(0, 20));
    if (result.score !== null) expect(Number(await scoreOf(page))).toBe(result.score);
    await expect(page).toHaveTitle(new RegExp(name.replaceAll('.', '\\.')));
  });

test('the same video gives the same text twice, the second time from kept frames', async ({ page, site }) => {
  await openPage(page, site.address);
  const texts: string[] = [];
  for (let i = 0; i < 2; i++) {
    await choose(page, SAMPLE);
    await reaches(page, 'running');
    await reaches(page, 'done');
    texts.push(`${await scoreOf(page)} ${await traceOf(page)}`);
  }
  expect(texts[1]).toBe(texts[0]);
});

test('text streams, frames arrive one by one, no task of the page’s own thread takes 50 ms', async ({
  page,
  browser,
  site,
}) => {
  await openPage(page, site.address);
  await page.evaluate(() => {
    const seen = { lengths: new Set<number>(), counts: new Set<number>() };
    Object.assign(window, { seen });
    const look = () => {
      seen.lengths.add(document.querySelector('.assess-trace__text')?.textContent?.length ?? 0);
      seen.counts.add(document.querySelectorAll('.assess-strip__picture').length);
      requestAnimationFrame(look);
    };
    look();
  });
  const tasks = await taskTimes(browser, async () => {
    await choose(page, SAMPLE);
    await reaches(page, 'done');
    await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  });
  const [lengths, counts] = await page.evaluate(() => {
    const { seen } = window as unknown as { seen: { lengths: Set<number>; counts: Set<number> } };
    return [seen.lengths.size, seen.counts.size] as const;
  });
  // A screen every 16 ms: the small model writes its whole answer within a few.
  expect(lengths).toBeGreaterThan(1);
  expect(counts).toBeGreaterThan(2);
  expect(tasks.length).toBeGreaterThan(100);
  const longest = Math.max(...tasks);
  console.log(`longest task of the page's thread: ${longest.toFixed(1)} ms of processor time`);
  expect(longest).toBeLessThan(50);
});

test('a second file waits its turn, a fourth is told that the line is full', async ({ page, site }) => {
  await openPage(page, site.address);
  const { readFileSync } = await import('node:fs');
  const buffer = readFileSync(SAMPLE);
  const named = (name: string) => ({ name, mimeType: 'video/mp4', buffer });
  await choose(page, ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4'].map(named));
  await expect(page.locator('.assess-queue__list li')).toHaveCount(3);
  await expect(page.locator('.ui-notice').first()).toContainText('1 more');
  await page.locator('.assess-queue__list button').first().click();
  await page.locator('.assess-queue__list button').first().click();
  await expect(page.locator('.assess-queue__list li')).toHaveCount(1);
  await expect(page).toHaveTitle(/^[1-5]\.\d\d .*d\.mp4$/, { timeout: 90_000 });
});
