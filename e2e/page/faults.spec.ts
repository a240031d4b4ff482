/** Files that are not what they seem: each gives its own code and words, on the stage, and the page stays usable. */
import { readFileSync } from 'node:fs';
import { choose, clip, codeOf, drop, expect, openPage, reaches, SAMPLE, test } from './fixture.ts';

const text = (content: string) => Buffer.from(content);

/** A box of MP4 with a 32-bit size. */
function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}
const ftyp = box('ftyp', Buffer.from('isom\0\0\0\0', 'latin1'));

const MADE: readonly [name: string, content: Buffer, code: string][] = [
  ['report.mp4', text('%PDF-1.7\n1 0 obj\n'), 'media/container'],
  ['archive.mov', Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0]), 'media/container'],
  ['empty.webm', Buffer.alloc(0), 'media/container'],
  ['pointer.mp4', text('version https://git-lfs.github.com/spec/v1\noid sha256:8d2c\n'), 'media/pointer'],
  ['expired.mp4', text('<!doctype html><html><head><title>Sign in'), 'media/web-page'],
  ['crowd.y4m', text('YUV4MPEG2 W64 H64 F25:1\nFRAME\n'), 'media/format'],
  ['no-track.mp4', Buffer.concat([ftyp, box('moov', box('mvhd', Buffer.alloc(100)))]), 'media/no-video'],
  ['cut-index.mp4', Buffer.concat([ftyp, box('moov', Buffer.alloc(100)).subarray(0, 60)]), 'media/truncated'],
  ['noise.mkv', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 197 + 31) & 255)), 'media/container'],
];

/** Codes as the media worker's own tests have them; the browser's missing codecs are those of Debian's Chromium. */
const SHARED: readonly [name: string, code: RegExp][] = [
  ['sample_vvc.mp4', /^media\/codec$/],
  ['h265_10bits.mp4', /^media\/codec$/],
  ['av1-clearkey-cbcs-video.mp4', /^media\/encrypted$/],
];

test('made-up files each give their code, one after the other in one page', async ({ page, site }) => {
  await page.goto(site.address);
  for (const [name, content, code] of MADE) {
    await drop(page, [{ name, type: 'video/mp4', content }]);
    await expect(page.locator('.assess-file__name')).toHaveText(name);
    await reaches(page, 'error');
    expect(await codeOf(page), name).toBe(code);
    if (code === 'media/format') await expect(page.getByRole('alert')).toContainText('ffmpeg -i "crowd.y4m"');
    if (code === 'media/container') await expect(page.getByRole('alert')).toContainText('not a video file');
    await expect(page.locator('.assess-file')).toContainText('Size');
  }
  // The page is as good as before.
  await page.keyboard.press('Escape');
  await reaches(page, 'empty');
});

for (const [name, code] of SHARED)
  test(`${name} is refused with its reason`, async ({ page, site }) => {
    const file = clip(name);
    test.skip(file === null, 'no shared media');
    await page.goto(site.address);
    await choose(page, file as string);
    await reaches(page, 'error');
    expect(await codeOf(page)).toMatch(code);
    if (code.test('media/codec')) await expect(page.locator('.ui-error__command')).toContainText('ffmpeg -i');
    await expect(page.getByRole('button', { name: 'Choose another' })).toBeVisible();
  });

test('a file that ends early is assessed as far as it goes, and the page says so', async ({ page, site }) => {
  // Its index comes first, so that half of the file is half of the film.
  const whole = readFileSync(SAMPLE);
  await openPage(page, site.address);
  await drop(page, [
    {
      name: 'cut.mp4',
      type: 'video/mp4',
      content: whole.subarray(0, Math.round(whole.length * 0.4)),
    },
  ]);
  await expect(page.locator('.ui-notice').first()).toContainText(/\d+ of 150 frames are there/, {
    timeout: 30_000,
  });
  await reaches(page, 'done');
});

test('an image gets its own message; a foreign JSON is no result', async ({ page, site }) => {
  await page.goto(site.address);
  await drop(page, [{ name: 'still.png', type: 'image/png', content: Buffer.from('\x89PNG\r\n\x1a\n') }]);
  await expect(page.locator('.ui-notice')).toContainText('That is an image');
  await drop(page, [{ name: 'list.json', type: 'application/json', content: text('[1, 2]') }]);
  await reaches(page, 'error');
  expect(await codeOf(page)).toBe('result/file');
  await drop(page, [{ name: 'new.json', type: 'application/json', content: text('{"format": 9}') }]);
  await expect(page.locator('.ui-error__code')).toContainText('result/version');
});

test('of a motion photo the video is assessed', async ({ page, site }) => {
  const jpeg = Buffer.from('\xff\xd8\xff\xe1 a picture \xff\xd9', 'latin1');
  await openPage(page, site.address);
  const content = Buffer.concat([jpeg, readFileSync(SAMPLE)]);
  await drop(page, [{ name: 'IMG_1.jpg', type: 'image/jpeg', content }]);
  await expect(page.locator('.ui-notice').first()).toContainText('the short video in it is taken');
  await reaches(page, 'done');
  await expect(page.locator('.assess-file__name')).toHaveText('IMG_1.jpg.mp4');
});

test('words of the model or of a file name never become markup', async ({ page, site }) => {
  await page.goto(site.address);
  const name = '<img src=x onerror=document.title=1>.mp4';
  await drop(page, [{ name, type: 'video/mp4', content: readFileSync(SAMPLE).subarray(0, 60) }]);
  await expect(page.locator('.assess-file__name')).toHaveText(name);
  expect(await page.locator('.assess-file__name img').count()).toBe(0);
});
