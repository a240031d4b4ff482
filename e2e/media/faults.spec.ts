/** Faults outside of the file: a decoder that hangs, a file that changes; and streams of bytes without an index. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { clipPath, sharedHarness } from './shared-page.ts';

const harness = sharedHarness(60_000);
let folder: string;

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'media-'));
});

test.afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a file as a user chooses it: the page holds a promise of it, not its bytes. */
async function choose(path: string) {
  await harness.page.locator('input').setInputFiles(path);
  return harness.page.evaluate(() => window.media.open('chosen:'));
}

const hashes = (id: number, indices: readonly number[]) =>
  harness.page.evaluate(([i, wanted]) => window.media.frames(i, wanted, 56, [{ pixels: 'squash' }]), [
    id,
    indices,
  ] as const);

test('a decoder that hangs is given up after ten seconds', async () => {
  const failure = await harness.page.evaluate(
    (url) => window.media.stall(url),
    harness.server.url(clipPath('bikes.mp4')),
  );
  expect(failure).toEqual({ code: 'media/stalled', params: { seconds: 10 } });
});

const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

test('a file that changes after it was chosen is named: MP4', async () => {
  const path = join(folder, 'changed.mp4');
  copyFileSync(clipPath('bikes.mp4'), path);
  await expectChanged(path, 'changed.mp4');
});

test('a file that changes after it was chosen is named: Matroska', async () => {
  test.skip(!ffmpeg, 'needs ffmpeg');
  const path = join(folder, 'changed.mkv');
  // Near lossless: larger than what mediabunny keeps in memory, 8 MB.
  const encode = ['-an', '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '2'];
  execFileSync('ffmpeg', ['-v', 'error', '-i', clipPath('bikes.mp4'), ...encode, path]);
  expect(statSync(path).size).toBeGreaterThan(10e6);
  await expectChanged(path, 'changed.mkv');
});

async function expectChanged(path: string, name: string): Promise<void> {
  const opened = await choose(path);
  if ('code' in opened) throw new Error(opened.code);
  writeFileSync(path, 'something else');
  utimesSync(path, 1, 1);
  // Packets near the start may still be in memory.
  expect(await hashes(opened.id, [249])).toMatchObject({ code: 'media/changed', params: { name } });
}

test('MPEG-TS gives the frames of the MP4 that it was made from', async () => {
  test.skip(!ffmpeg, 'needs ffmpeg');
  const path = join(folder, 'bikes.ts');
  execFileSync('ffmpeg', ['-v', 'error', '-i', clipPath('bikes.mp4'), '-c', 'copy', '-an', path]);
  const stream = await choose(path);
  if ('code' in stream) throw new Error(stream.code);
  expect(stream.facts).toMatchObject({ container: 'mpegts', frames: 250, codecName: 'H.264 High' });
  const wanted = [0, 100, 249];
  const ofStream = await hashes(stream.id, wanted);
  const ofFile = await choose(clipPath('bikes.mp4'));
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
    clipPath('bikes.mp4'),
    '-t',
    '1',
    '-c:v',
    'mpeg2video',
    '-an',
    path,
  ]);
  expect(await choose(path)).toMatchObject({ code: 'media/codec', params: { codec: 'MPEG-2' } });
});
