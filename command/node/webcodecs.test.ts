/** Frames of the decoder against ffmpeg's own, by the hash of their luma. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoderHome } from '../../scripts/decoder.mjs';
import { decodeFrames } from '../../workers/media/decode.ts';
import { PlaneReader } from '../../workers/media/planes.ts';
import { Video } from '../../workers/media/video.ts';
import { fileOf } from './media.ts';
import { type NodeAv, webCodecsOf } from './webcodecs.ts';

const sample = join(import.meta.dirname, '..', '..', 'public', 'sample.mp4');
const folder = mkdtempSync(join(tmpdir(), 'webcodecs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function nodeAv(): NodeAv | null {
  try {
    const require = createRequire(join(decoderHome, 'package.json'));
    const constants = require('node-av/constants') as NodeAv['constants'];
    return { ...(require('node-av/lib') as NodeAv), constants };
  } catch {
    return null;
  }
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Luma of every frame by ffmpeg, in presentation order. */
function expectedLuma(path: string, size: number, format: string): string[] {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-fps_mode',
    'passthrough',
    '-vf',
    `format=${format},extractplanes=y`,
  ];
  const all = execFileSync('ffmpeg', [...args, '-f', 'rawvideo', '-'], { maxBuffer: 1 << 30 });
  return Array.from({ length: all.length / size }, (_, k) => hash(all.subarray(k * size, (k + 1) * size)));
}

async function decodedLuma(path: string): Promise<string[]> {
  const video = await Video.open(await fileOf(path));
  const reader = new PlaneReader();
  const luma: string[] = [];
  const all = Array.from({ length: video.facts.frames }, (_, k) => k);
  const signal = new AbortController().signal;
  await decodeFrames(
    video,
    all,
    async (index, _used, frame) => {
      const { samples, y, width, height } = await reader.read(frame).finally(() => frame.close());
      const rows = Array.from({ length: height }, (_, row) =>
        samples.slice(y.offset + row * y.stride, y.offset + row * y.stride + width),
      );
      luma[index] = hash(
        Buffer.concat(rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength))),
      );
    },
    { software: false, signal },
  );
  return luma;
}

const av = nodeAv();

describe.skipIf(!av)('frames of the decoder (skipped without node-av)', () => {
  beforeAll(() => {
    Object.assign(globalThis, webCodecsOf(av!));
  });

  const made = (name: string, ...args: string[]) => {
    const path = join(folder, name);
    execFileSync('ffmpeg', ['-v', 'error', '-i', sample, '-t', '1', ...args, '-y', path]);
    return path;
  };

  test.each<[string, () => string, string, number]>([
    ['H.264 with reordered frames', () => sample, 'yuv420p', 1],
    [
      'HEVC, 10 bits',
      () => made('ten.mp4', '-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-x265-params', 'log-level=none'),
      'yuv420p10le',
      2,
    ],
    [
      'H.264 4:4:4, odd size',
      () => made('odd.mp4', '-vf', 'scale=321:181', '-c:v', 'libx264', '-pix_fmt', 'yuv444p'),
      'yuv444p',
      1,
    ],
    [
      'VP9 with hidden frames',
      () =>
        made('vp9.webm', '-c:v', 'libvpx-vp9', '-b:v', '300k', '-auto-alt-ref', '1', '-lag-in-frames', '16'),
      'yuv420p',
      1,
    ],
    [
      'VP8 with hidden frames',
      () => made('vp8.webm', '-c:v', 'libvpx', '-b:v', '300k', '-auto-alt-ref', '1', '-lag-in-frames', '16'),
      'yuv420p',
      1,
    ],
  ])('%s', async (_, path, format, bytes) => {
    const file = path();
    const { width, height } = (await Video.open(await fileOf(file))).facts;
    const expected = expectedLuma(file, width * height * bytes, format);
    expect(expected.length).toBeGreaterThan(20);
    expect(await decodedLuma(file)).toEqual(expected);
  });
});
