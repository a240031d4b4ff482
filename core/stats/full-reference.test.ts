/** PSNR and SSIM of luma planes against ffmpeg's filters `psnr` and `ssim`; ffmpeg is an oracle of the test only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlaneComparer, psnr, summariseMetrics } from './full-reference.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

interface Oracle {
  readonly psnr: number[];
  readonly ssim: number[];
  /** `average` of the whole clip, luma alone. */
  readonly average: number;
}

/** Two raw clips of one generated scene, the second blurred and noisy, and ffmpeg's own values for them. */
function fixture(folder: string, size: string, format: string, frames: number) {
  const [a, b] = [join(folder, `${format}-${size}-a.yuv`), join(folder, `${format}-${size}-b.yuv`)];
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`, '-frames:v', String(frames)];
  const write = (filter: string, path: string) =>
    execFileSync('ffmpeg', [
      ...['-v', 'error', ...source, '-vf', `format=${format}${filter}`],
      ...['-f', 'rawvideo', '-pix_fmt', format, path],
    ]);
  write('', a);
  write(',boxblur=1:1,noise=alls=9:all_seed=3', b);
  const raw = (path: string) => ['-f', 'rawvideo', '-pix_fmt', format, '-s', size, '-i', path];
  const run = (filter: string) =>
    spawnSync(
      'ffmpeg',
      [
        ...['-v', 'info', '-nostats', ...raw(b), ...raw(a)],
        ...['-lavfi', `[0][1]${filter},metadata=print:file=-`, '-f', 'null', '-'],
      ],
      { encoding: 'utf8' },
    );
  const values = (text: string, key: string) =>
    [...text.matchAll(new RegExp(`${key}=([\\d.]+)`, 'g'))].map(([, value]) => Number(value));
  const first = run('psnr');
  const oracle: Oracle = {
    psnr: values(first.stdout, 'lavfi\\.psnr\\.psnr\\.y'),
    ssim: values(run('ssim').stdout, 'lavfi\\.ssim\\.Y'),
    average: Number(/PSNR y:([\d.]+)/.exec(first.stderr)?.[1]),
  };
  return { a: readFileSync(a), b: readFileSync(b), oracle };
}

describe.skipIf(!hasFfmpeg)('PSNR and SSIM are those of ffmpeg (skipped without it)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vqa-metrics-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['352x288', 'yuv420p', 255],
    // Neither side is a multiple of four.
    ['178x146', 'yuv420p', 255],
    ['352x288', 'yuv420p10le', 1023],
    ['130x66', 'yuv444p12le', 4095],
  ] as const)('%s %s', (size, format, peak) => {
    const frames = 6;
    const [width, height] = size.split('x').map(Number) as [number, number];
    const { a, b, oracle } = fixture(folder, size, format, frames);
    expect([oracle.psnr.length, oracle.ssim.length]).toEqual([frames, frames]);
    const comparer = new PlaneComparer(width, height, peak);
    const bytes = a.length / frames;
    const plane = (data: Buffer, frame: number) => {
      const part = data.subarray(frame * bytes, (frame + 1) * bytes);
      const samples = peak === 255 ? new Uint8Array(part) : new Uint16Array(new Uint8Array(part).buffer);
      return { samples, offset: 0, stride: width };
    };
    const [mse, ssim] = [new Float64Array(frames), new Float64Array(frames)];
    for (let frame = 0; frame < frames; frame++) {
      const ours = comparer.compare(plane(a, frame), plane(b, frame));
      expect(Math.abs(psnr(ours.mse, peak) - oracle.psnr[frame]!)).toBeLessThan(0.01);
      expect(Math.abs(ours.ssim! - oracle.ssim[frame]!)).toBeLessThan(1e-4);
      mse[frame] = ours.mse;
      ssim[frame] = ours.ssim!;
    }
    expect(summariseMetrics(mse, ssim, peak).psnrOfMeanMse).toBeCloseTo(oracle.average, 2);
  });
});

describe('PlaneComparer', () => {
  const plane = (width: number, height: number, value: (x: number, y: number) => number) => ({
    samples: Uint8Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width))),
    offset: 0,
    stride: width,
  });

  it('gives 0 and 1 for equal planes, whatever their stride', () => {
    const scene = (x: number, y: number) => (x * 37 + y * 91) % 256;
    const wide = { ...plane(24, 16, (x, y) => scene(x - 3, y)), offset: 3 };
    expect(new PlaneComparer(18, 16, 255).compare(plane(18, 16, scene), wide)).toEqual({ mse: 0, ssim: 1 });
  });

  it('counts every sample, at the edges too', () => {
    for (const [x, y] of [
      [0, 0],
      [10, 3],
      [3, 9],
      [10, 9],
    ] as const) {
      const spot = plane(11, 10, (i, j) => (i === x && j === y ? 11 : 0));
      expect(
        new PlaneComparer(11, 10, 255).compare(
          plane(11, 10, () => 0),
          spot,
        ).mse,
      ).toBeCloseTo(1.1, 12);
    }
  });

  it('has no SSIM below 8 × 8', () => {
    const flat = plane(7, 20, () => 5);
    expect(new PlaneComparer(7, 20, 255).compare(flat, flat)).toEqual({ mse: 0, ssim: null });
  });
});

describe('summariseMetrics', () => {
  it('keeps identical pairs out of the mean PSNR and in the mean MSE', () => {
    const mse = [0, 65.025, Number.NaN, 650.25];
    const ssim = [1, 0.9, Number.NaN, 0.5];
    const summary = summariseMetrics(mse, ssim, 255);
    expect([summary.pairs, summary.identical]).toEqual([3, 1]);
    expect(summary.meanPsnr).toBeCloseTo(25, 10);
    expect(summary.psnrOfMeanMse).toBeCloseTo(psnr((65.025 + 650.25) / 3, 255), 10);
    expect(summary.minPsnr?.index).toBe(3);
    expect(summary.minPsnr?.value).toBeCloseTo(20, 10);
    expect(summary.meanSsim).toBeCloseTo(0.8, 10);
    expect(summary.minSsim).toEqual({ index: 3, value: 0.5 });
  });

  it('has no figures without pairs, and an infinite PSNR of equal ones', () => {
    expect(summariseMetrics([Number.NaN], [Number.NaN], 255)).toMatchObject({
      pairs: 0,
      meanPsnr: null,
      psnrOfMeanMse: null,
      minPsnr: null,
      meanSsim: null,
    });
    expect(summariseMetrics([0, 0], [1, 1], 255)).toMatchObject({
      identical: 2,
      meanPsnr: null,
      psnrOfMeanMse: Number.POSITIVE_INFINITY,
    });
  });
});
