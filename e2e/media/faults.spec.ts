/** Faults outside of the file: a decoder that hangs, a file that changes; and streams of bytes without an index. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type HarnessServer, hasShared, SHARED, serveHarness } from './server.ts';

let server: HarnessServer;
let page: Page;
let folder: string;

test.describe.configure({ mode: 'default', timeout: 60_000 });
test.use({ trace: 'off', screenshot: 'off', video: 'off' });
test.skip(!hasShared, 'needs the test clips of VQA_SHARED');

const clip = (name: string) => resolve(SHARED, 'media', name);

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'media-'));
  server = await serveHarness();
  page = await browser.newPage();
  await page.goto(server.page);
  await page.waitForFunction(() => 'media' in window);
});

test.afterAll(async () => {
  await page?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a file as a user chooses it: the page holds a promise of it, not its bytes. */
async function choose(path: string) {
  await page.locator('input').setInputFiles(path);
  return page.evaluate(() => window.media.open('chosen:'));
}

const hashes = (id: number, indices: readonly number[]) =>
  page.evaluate(([i, wanted]) => window.media.frames(i, wanted, 56, [{ pixels: 'squash' }]), [
    id,
    indices,
  ] as const);

test('a decoder that hangs is given up after ten seconds', async () => {
  const failure = await page.evaluate((url) => window.media.stall(url), server.url(clip('bikes.mp4')));
  expect(failure).toEqual({ code: 'media/stalled', params: { seconds: 10 } });
});

const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

test('a file that changes after it was chosen is named: MP4', async () => {
  const path = join(folder, 'changed.mp4');
  copyFileSync(clip('bikes.mp4'), path);
  await expectChanged(path, 'changed.mp4');
});

test('a file that changes after it was chosen is named: Matroska', async () => {
  test.skip(!ffmpeg, 'needs ffmpeg');
  const path = join(folder, 'changed.mkv');
  // Near lossless: larger than what mediabunny keeps in memory, 8 MB.
  const encode = ['-an', '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '2'];
  execFileSync('ffmpeg', ['-v', 'error', '-i', clip('bikes.mp4'), ...encode, path]);
  expect(statSync(path).size).toBeGreaterThan(10e6);
  await expectChanged(path, 'changed.mkv');
});

async function expectChanged(path: string, name: string): Promise<void> {
  const opened = await choose(path);
  if ('code' in opened) throw new Error(opened.code);
  writeFileSync(path, 'something else');
  utimesSync(path, 1, 1);
  expect(await hashes(opened.id, [30])).toMatchObject({ code: 'media/changed', params: { name } });
}

test('MPEG-TS gives the frames of the MP4 that it was made from', async () => {
  test.skip(!ffmpeg, 'needs ffmpeg');
  const path = join(folder, 'bikes.ts');
  execFileSync('ffmpeg', ['-v', 'error', '-i', clip('bikes.mp4'), '-c', 'copy', '-an', path]);
  const stream = await choose(path);
  if ('code' in stream) throw new Error(stream.code);
  expect(stream.facts).toMatchObject({ container: 'mpegts', frames: 250, codecName: 'H.264 High' });
  const wanted = [0, 100, 249];
  const ofStream = await hashes(stream.id, wanted);
  const ofFile = await choose(clip('bikes.mp4'));
  if ('code' in ofFile || 'code' in ofStream) throw new Error(JSON.stringify([ofFile, ofStream]));
  const expected = await hashes(ofFile.id, wanted);
  if ('code' in expected) throw new Error(expected.code);
  expect(ofStream.frames).toEqual(expected.frames);
});

test('MPEG-2 in MPEG-TS is named as what no browser decodes', async () => {
  test.skip(!ffmpeg, 'needs ffmpeg');
  const path = join(folder, 'mpeg2.ts');
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-i',
    clip('bikes.mp4'),
    '-t',
    '1',
    '-c:v',
    'mpeg2video',
    '-an',
    path,
  ]);
  expect(await choose(path)).toMatchObject({ code: 'media/codec', params: { codec: 'MPEG-2' } });
});
