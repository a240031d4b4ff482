/** Stored and exported results: JSON that reopens, CSV, the card, the frame, Recent with undo. */
import { readFileSync } from 'node:fs';
import {
  choose,
  clip,
  drop,
  expect,
  exportJson,
  hasModel,
  openPage,
  reaches,
  SAMPLE,
  scoreOf,
  test,
  traceOf,
} from './fixture.ts';

test.skip(!hasModel, 'no bundled model');

const sample = readFileSync(SAMPLE);
const PNG = [0x89, 0x50, 0x4e, 0x47];

test('an exported result reopens by drop; its video brings the player back, another one does not', async ({
  page,
  site,
}) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const before = `${await scoreOf(page)} ${await traceOf(page)}`;
  const { text, name } = await exportJson(page);
  expect(name).toBe('sample.json');

  await page.goto('about:blank');
  await page.goto(site.address);
  await drop(page, [{ name, type: 'application/json', content: Buffer.from(text) }]);
  await reaches(page, 'reopened');
  expect(`${await scoreOf(page)} ${await traceOf(page)}`).toBe(before);
  await expect(page.locator('.assess-reopened__title')).toHaveText('Drop sample.mp4 to play it');
  await expect(page.locator('video')).toHaveCount(0);

  // The right bytes under another name are the video.
  await drop(page, [{ name: 'renamed.mp4', type: 'video/mp4', content: sample }]);
  await expect(page.locator('.assess-view video')).toHaveCount(1, { timeout: 30_000 });
  await reaches(page, 'reopened');
  expect(`${await scoreOf(page)} ${await traceOf(page)}`).toBe(before);
});

test('a file of the same size with other bytes is not taken for the video', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const { text, name } = await exportJson(page);
  await page.keyboard.press('Escape');
  await drop(page, [{ name, type: 'application/json', content: Buffer.from(text) }]);
  await reaches(page, 'reopened');
  const changed = Buffer.from(sample);
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  await drop(page, [{ name: 'sample.mp4', type: 'video/mp4', content: changed }]);
  await expect(page.locator('.ui-notice').first()).toContainText('the content differs');
});

test('CSV rows, the card and the frame are files with what they promise', async ({ page, site }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  const score = await scoreOf(page);
  const take = async (item: number) => {
    await page.keyboard.press('e');
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem').nth(item).click();
    return readFileSync(await (await download).path());
  };
  const [head, row] = (await take(1)).toString().split('\r\n');
  expect(head).toBe('file,score,band,expected,ci_low,ci_high,k,named,seconds,error');
  expect(row).toMatch(new RegExp(`^sample\\.mp4,${Number(score)},(bad|poor|fair|good|excellent),`));
  expect((await take(2)).toString()).toBe(`filename,pred_score,gt_score\r\nsample.mp4,${Number(score)},\r\n`);

  const card = await take(3);
  expect([...card.subarray(0, 4)]).toEqual(PNG);
  expect(card.readUInt32BE(16)).toBe(2400);

  await page.keyboard.press('End');
  const frame = page.waitForEvent('download');
  await page.keyboard.press('w');
  const saved = await frame;
  expect(saved.suggestedFilename()).toMatch(/^sample-frame-\d+\.png$/);
  expect([...readFileSync(await saved.path()).subarray(0, 4)]).toEqual(PNG);

  await page.keyboard.press('c');
  await expect(page.getByRole('button', { name: 'Copied', exact: true })).toBeVisible();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  expect(lines.length).toBeLessThanOrEqual(9);
  expect(lines[0]).toMatch(new RegExp(`^Score ${score} of 5, `));
  expect(lines.at(-1)).toContain((await traceOf(page)).slice(0, 30));
});

test('Recent opens without the video, and a delete can be taken back', async ({ page, site }) => {
  await openPage(page, site.address);
  await choose(page, SAMPLE);
  await reaches(page, 'done');
  const score = await scoreOf(page);
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  // An Escape right after the end is taken for a stop that came too late, and does nothing.
  await expect(async () => {
    await page.keyboard.press('Escape');
    await reaches(page, 'empty', 1000);
  }).toPass();
  const rows = page.locator('.assess-recent__row');
  await expect(rows).toHaveCount(1);
  await rows.first().locator('.assess-recent__open').click();
  await reaches(page, 'reopened');
  expect(await scoreOf(page)).toBe(score);
  await expect(page.locator('.assess-strip__picture').first()).toBeVisible();

  await page.keyboard.press('Escape');
  await rows.first().hover();
  await rows
    .first()
    .getByRole('button', { name: /Delete/ })
    .click();
  await expect(rows).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(rows).toHaveCount(1);
});

test('the player shows exactly the frame of the strip, with a variable frame rate too', async ({
  page,
  site,
}) => {
  const file = clip('walk.mkv') ?? SAMPLE;
  await openPage(page, site.address);
  await choose(page, file);
  await reaches(page, 'done');
  // The oracle is the browser: the media time of the frame that it has put on screen after each seek.
  for (const key of ['End', ',', '[', '[', '.', 'Home', '.', ']']) {
    const shown = page.evaluate(
      () =>
        new Promise<number>((done) => {
          const video = document.querySelector('video') as HTMLVideoElement;
          video.requestVideoFrameCallback((_, { mediaTime }) => done(mediaTime));
        }),
    );
    await page.keyboard.press(key);
    const media = await shown;
    await expect
      .poll(
        async () => {
          const time = (await page.locator('.assess-transport__time strong').textContent()) ?? '';
          const [minutes = '0', seconds = '0'] = time.split(':');
          return Math.abs(Number(minutes) * 60 + Number(seconds) - media);
        },
        { message: key },
      )
      .toBeLessThan(0.011);
  }
});
