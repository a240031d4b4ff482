/** The media worker in a real browser, over every test clip: the right frames or the right error, in time. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { Video } from '../../workers/media/video.ts';
import { CLIPS, REFUSED } from './clips.ts';
import type { Failure, FramesResult, Harness } from './harness.ts';
import { hasShared, ROOT, SHARED } from './server.ts';
import { sharedHarness } from './shared-page.ts';

const harness = sharedHarness(60_000);
const { open } = harness;

async function frames(
  id: number,
  indices: readonly number[],
  size = 56,
  options: Parameters<Harness['frames']>[4] = {},
): Promise<FramesResult> {
  const result = await harness.page.evaluate(
    ([i, wanted, side, more]) =>
      window.media.frames(i, wanted, side, [{ pixels: 'squash' }, { pixels: 'fragments', cell: 28 }], more),
    [id, indices, size, options] as const,
  );
  if ('code' in result) throw new Error(JSON.stringify(result));
  return result;
}

const spread = (count: number, frames: number) => [
  ...new Set(Array.from({ length: count }, (_, k) => Math.floor((k * (frames - 1)) / (count - 1)))),
];

for (const [name, clip] of Object.entries(CLIPS)) {
  test(`${name}: ${clip.browserError ? clip.browserError.code : `${clip.frames} frames`}`, async () => {
    const opened = await harness.page.evaluate((url) => window.media.open(url), harness.address(name));
    // HEVC and others may be decodable in another browser: then the frames are asked for, as of any clip.
    if (clip.browserError && 'code' in opened) {
      const { code, codec } = clip.browserError;
      expect(opened).toMatchObject({ code, params: { codec, width: clip.size[0], frames: clip.frames } });
      return;
    }
    if ('code' in opened) throw new Error(JSON.stringify(opened));
    expect(opened.facts.frames).toBe(clip.frames);
    const wanted = spread(clip.frames > 5000 ? 3 : 12, clip.frames);
    const result = await frames(opened.id, wanted, 56, { thumbnail: 40 });
    expect(result.frames.map((frame) => frame.index)).toEqual(wanted);
    const substituted = new Set(clip.substituted);
    for (const frame of result.frames) {
      expect(frame.substituted !== undefined, `frame ${frame.index} of ${name}`).toBe(
        substituted.has(frame.index),
      );
      if (frame.substituted !== undefined) {
        const before = Array.from({ length: frame.index }, (_, i) => i).findLast((i) => !substituted.has(i));
        expect(frame.substituted).toBe(before);
      }
      expect(frame.sizes).toEqual([56 * 56 * 3, 56 * 56 * 3]);
      expect(frame.thumbnail?.[1]).toBe(40);
      expect(Math.abs(frame.thumbnail![0] / 40 - clip.size[0] / clip.size[1])).toBeLessThan(0.02);
    }
    if (substituted.size === 0) expect(result.decoded).toBeLessThanOrEqual(clip.frames + wanted.length);
    await harness.page.evaluate((id) => window.media.close(id), opened.id);
  });
}

for (const [name, code] of Object.entries(REFUSED)) {
  test(`${name}: ${code}`, async () => {
    expect(await harness.page.evaluate((url) => window.media.open(url), harness.address(name))).toMatchObject(
      { code },
    );
  });
}

interface GoldenRow {
  readonly file: string;
  readonly profile: string;
  readonly size: number;
  readonly packets: number;
  readonly decoded_height_width: readonly [number, number];
  readonly indices: readonly number[];
  readonly mean_rgb_resized: readonly (readonly number[])[];
}

const golden = hasShared
  ? (JSON.parse(readFileSync(resolve(SHARED, 'golden/preprocess.json'), 'utf8')).rows as GoldenRow[])
  : [];

for (const row of golden) {
  test(`pixels of the released loader: ${row.file}, ${row.profile}`, async () => {
    const opened = await harness.page.evaluate((url) => window.media.open(url), harness.address(row.file));
    if ('code' in opened) throw new Error(opened.code);
    expect(opened.facts.frames).toBe(row.packets);
    expect([opened.facts.height, opened.facts.width]).toEqual(row.decoded_height_width);
    const result = await frames(opened.id, row.indices, row.size);
    const byIndex = new Map(result.frames.map((frame) => [frame.index, frame]));
    for (const [k, index] of row.indices.entries())
      for (const channel of [0, 1, 2] as const) {
        // Equal to the 4 decimals printed; the bound is the contract's.
        const error = Math.abs(byIndex.get(index)!.mean[channel] - row.mean_rgb_resized[k]![channel]!);
        expect(error, `frame ${index}, channel ${channel}`).toBeLessThanOrEqual(1);
      }
    await harness.page.evaluate((id) => window.media.close(id), opened.id);
  });
}

test('a frame is the same whichever frames are asked for with it', async () => {
  for (const name of [
    'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4',
    'iibbibb_editlist_videoonly.mp4',
    'walk.mkv',
  ]) {
    const id = await open(name);
    const all = await frames(id, [...Array(CLIPS[name]!.frames).keys()]);
    expect(all.decoded).toBe(CLIPS[name]!.frames);
    for (const index of spread(5, CLIPS[name]!.frames)) {
      const [alone] = (await frames(id, [index])).frames;
      expect(alone!.sha256).toBe(all.frames[index]!.sha256);
    }
  }
});

test('packets that no other frame refers to are left out', async () => {
  const name = 'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4';
  const id = await open(name);
  const { decoded, frames: given } = await frames(id, [0, 119]);
  expect(given).toHaveLength(2);
  // Frame 119 ends a GOP of 30 packets, every second one of them disposable.
  expect(decoded).toBeLessThanOrEqual(1 + 30 / 2 + 1);
});

test('a single frame that cannot be decoded says which frame it is', async () => {
  const id = await open('corrupted.mp4');
  const image = (index: number) =>
    harness.page.evaluate(([i, k]) => window.media.frameImage(i, k), [id, index] as const);
  expect(await image(30)).toMatchObject({ width: 1280, height: 720, substituted: 28 });
  expect(await image(28)).not.toHaveProperty('substituted');
});

test('repeats cost nothing', async () => {
  const id = await open('bikes.mp4');
  const result = await frames(id, [5, 5, 0, 5]);
  expect(result.frames.map((frame) => frame.index)).toEqual([0, 5]);
});

test('software decoding can be asked for', async () => {
  expect((await frames(await open('bikes.mp4'), [0], 56, { software: true })).frames).toHaveLength(1);
});

test('an abort stops within a frame, and the worker goes on', async () => {
  const id = await open('bottle-detection.mp4');
  const call = ([i, wanted, after]: readonly [number, number[], number]) =>
    window.media.frames(i, wanted, 56, [{ pixels: 'squash' }], { abortAfter: after });
  const stopped = (await harness.page.evaluate(call, [id, spread(100, 1189), 2] as const)) as Failure;
  expect(stopped.code).toContain('AbortError');
  expect(stopped.params.delivered).toBeLessThanOrEqual(3);
  expect((await frames(id, [0])).frames).toHaveLength(1);
});

test('a damaged packet costs its own GOP, not the frames before it that are still on their way', async () => {
  const name = 'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4';
  const { index, order } = await Video.open(
    new File([readFileSync(resolve(SHARED, 'media', name))], name, { type: 'video/mp4' }),
  );
  const [first, second] = [...order.key.keys()].filter((d) => order.key[d] === 1) as [number, number];
  // The length of the packet after the second key packet becomes what it cannot be.
  const at = index.packets.offset[second + 1]!;
  const bytes = [0, 1, 2, 3].map((i) => [at + i, 255] as const);
  const opened = await harness.page.evaluate(([url, b]) => window.media.openCorrupted(url, b), [
    harness.address(name),
    bytes,
  ] as const);
  if ('code' in opened) throw new Error(opened.code);
  const [before, key] = [order.frame[second]! - 1, order.frame[second]!];
  const result = await frames(opened.id, [order.frame[first]!, before, key + 9, 119]);
  expect(result.frames.map(({ index: frame, substituted }) => [frame, substituted])).toEqual([
    [0, undefined],
    [before, undefined],
    [key + 9, key],
    [119, undefined],
  ]);
});

test('a file that ends early opens with what is there', async () => {
  const opened = await harness.page.evaluate(
    (url) => window.media.openCorrupted(url, [], 0.5),
    harness.address('car-detection.mp4'),
  );
  if ('code' in opened) throw new Error(opened.code);
  const { frames: present, missing } = opened.facts;
  expect(present + missing).toBe(377);
  const result = await frames(opened.id, spread(6, present));
  expect(result.frames).toHaveLength(6);
});

test('a file that sends a parser round in circles is given up, and the next one opens', async () => {
  // Found by overwriting bytes at random: mediabunny 1.61.0 never comes back from this one.
  const bytes = [
    [159, 0x1b],
    [643, 0xab],
    [693, 0xba],
    [795, 2],
    [1098, 0x50],
    [1539, 0xe1],
    [1855, 0x73],
    [1880, 0xef],
  ] as const;
  const opened = await harness.page.evaluate(([url, b]) => window.media.openCorrupted(url, b), [
    harness.address('sample_av1.mkv'),
    bytes,
  ] as const);
  expect(opened).toMatchObject({ code: 'media/stalled', params: { seconds: 10 } });
  expect((await frames(await open('walk.mkv'), [0])).frames).toHaveLength(1);
});

test('codecs are measured', async () => {
  const codecs = await harness.page.evaluate(() => window.media.codecs());
  expect(codecs.find(({ name }) => name === 'VP9')).toEqual({ name: 'VP9', supported: true });
  expect(codecs.map(({ name }) => name)).toEqual(['H.264', 'HEVC', 'VP8', 'VP9', 'AV1']);
});

const python = [process.env.VQA_PYTHON, resolve(ROOT, '.venv/bin/python'), 'python3'].find(
  (command) => command && spawnSync(command, ['-c', 'import decord']).status === 0,
);

test('RGB of 8-bit clips is that of decord: mean ≤ 1, max ≤ 6 of 255', async () => {
  test.skip(!python, 'needs Python with decord');
  test.setTimeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'media-'));
  const entries: { file: string; index: number; width: number; height: number; rgba: string }[] = [];
  try {
    for (const [name, clip] of Object.entries(CLIPS)) {
      if (clip.browserError || clip.bitDepth || clip.codecName === 'AV1') continue;
      const id = await open(name);
      // decord decodes the frame that an edit list hides, counts it, and leaves it out: its numbers are one lower.
      const hidden = (clip.start ?? 0) < 0 ? 1 : 0;
      const last = clip.substituted ? 0 : Math.min(clip.frames - 1 - hidden, 300);
      for (const index of new Set([last >> 1, last])) {
        const image = await harness.page.evaluate(([i, k]) => window.media.frameImage(i, k), [
          id,
          index + hidden,
        ] as const);
        if ('code' in image) throw new Error(`${name}: ${image.code}`);
        const rgba = join(folder, String(entries.length));
        writeFileSync(rgba, Buffer.from(image.rgba, 'base64'));
        entries.push({
          file: resolve(SHARED, 'media', name),
          index,
          width: image.width,
          height: image.height,
          rgba,
        });
      }
    }
    const script = resolve(ROOT, 'e2e/media/against_decord.py');
    const output = execFileSync(python!, [script], {
      input: JSON.stringify(entries),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const differences = JSON.parse(output.toString()) as ({ mean: number; max: number } | null)[];
    const compared = differences.filter((difference) => difference !== null);
    expect(compared.length).toBeGreaterThanOrEqual(40);
    for (const [i, difference] of differences.entries()) {
      const what = `${entries[i]!.file} frame ${entries[i]!.index}`;
      expect(difference?.mean ?? 0, what).toBeLessThanOrEqual(1);
      expect(difference?.max ?? 0, what).toBeLessThanOrEqual(6);
    }
    const exact = compared.filter((difference) => difference.max === 0).length;
    test.info().annotations.push({
      type: 'decord',
      description: `${exact} of ${compared.length} frames equal to the bit`,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
