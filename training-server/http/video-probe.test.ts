import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readMachine } from '../preflight/machine.ts';
import { VideoProbe } from './video-probe.ts';

const root = join(import.meta.dirname, '..', '..');
const media = join(process.env.VQA_SHARED ?? join(root, '..', 'shared'), 'media');
const ready = existsSync(join(root, '.venv')) && existsSync(media);
const videoProbe = new VideoProbe();
afterAll(() => videoProbe.close());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing thrown',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe.skipIf(!ready)('frames and facts of videos', () => {
  it('facts are those of the packets; what is no video says why', async () => {
    const [bikes, portrait, text] = await videoProbe.probe([
      join(media, 'bikes.mp4'),
      join(media, 'sample_portrait.mp4'),
      join(media, 'SOURCES.tsv'),
    ]);
    // ffprobe -count_packets: 250; rotation makes the second one upright.
    expect(bikes).toEqual({ frames: 250, width: 640, height: 272, fps: 25 });
    expect(portrait!.height).toBeGreaterThan(portrait!.width);
    expect(text!.error).toMatch(/\S/);
  });

  it('frames are JPEG, decoded together, and kept', async () => {
    const path = join(media, 'bikes.mp4');
    const jpegs = await Promise.all([0, 50, 249].map((index) => videoProbe.frame(path, index)));
    for (const jpeg of jpegs) expect([jpeg[0], jpeg[1], jpeg.length > 1000]).toEqual([0xff, 0xd8, true]);
    expect(new Set(jpegs.map((jpeg) => jpeg.toString('base64'))).size).toBe(3);
    expect(await videoProbe.frame(path, 50)).toBe(jpegs[1]);
  });

  it('a frame past the end, and a file that is no video', async () => {
    expect(await codeOf(videoProbe.frame(join(media, 'bikes.mp4'), 250))).toBe('train/frame');
    expect(await codeOf(videoProbe.frame(join(media, 'SOURCES.tsv'), 0))).toBe('train/frame');
    // The process still answers.
    expect((await videoProbe.frame(join(media, 'bikes.mp4'), 1)).length).toBeGreaterThan(1000);
  });

  it('the machine is described', async () => {
    const { torch, gpus } = await readMachine();
    expect(torch).toMatch(/^2\./);
    expect(gpus).toBeGreaterThanOrEqual(0);
  });
});

it('no Python is said by its code', async () => {
  expect(await codeOf(readMachine('/nowhere/python'))).toBe('train/python');
  expect(await codeOf(new VideoProbe('/nowhere/python').probe(['x']))).toBe('train/python');
});

it('a Python without torch is said by its code', async () => {
  // `python -m engine.probe machine` that ends without a word, as a broken installation does.
  expect(await codeOf(readMachine('/bin/false'))).toBe('train/torch');
});
