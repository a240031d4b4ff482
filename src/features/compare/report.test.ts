/** The report of a comparison: numbers that are read elsewhere. */
import { describe, expect, it } from 'vitest';
import type { VideoFacts } from '../../../workers/media/api.ts';
import { type ReportInput, reportCsv, reportJson } from './report.ts';
import { cutMiddle } from './report-card.ts';
import type { MeasureState } from './state/measure.ts';
import { pairTimeline } from './state/timeline.ts';

const times = Float64Array.from([0, 0.04, 0.08]);
const clip = { times, duration: 0.12 };

const facts = (name: string): VideoFacts =>
  ({
    name,
    bytes: 90_000,
    videoBytes: 15_000,
    duration: 0.12,
    fps: 25,
    frames: 3,
    bitDepth: 8,
  }) as VideoFacts;

const input: ReportInput = {
  app: 'VQAThinker',
  createdAt: '2026-11-30T00:00:00.000Z',
  a: { facts: facts('a.mp4'), sha256: 'aa', scores: null },
  b: { facts: facts('b.mp4'), sha256: null, scores: null },
  timeline: pairTimeline(clip, clip, 0),
  offset: 0,
  model: null,
  measured: {
    phase: 'done',
    pairs: {
      positions: Int32Array.from([0, 1, 2]),
      a: Int32Array.from([0, 1, 2]),
      b: Int32Array.from([0, 1, 2]),
    },
    done: 3,
    mse: Float64Array.from([0, 65.025, Number.NaN]),
    ssim: Float64Array.from([1, 0.9, Number.NaN]),
    luma: {
      width: 64,
      height: 36,
      bitDepth: 8,
      peak: 255,
      range: 'limited',
      resized: null,
      mixedMatrices: false,
    },
    fromRgb: [],
    seconds: 1,
    error: null,
    vmaf: { file: 'v.json', frames: Float64Array.from([97.5, 80]) },
    vmafError: null,
  } satisfies MeasureState,
};

describe('the report', () => {
  it('is JSON with both files, the summary and every pair; what is infinite or missing is null', () => {
    const report = JSON.parse(reportJson(input)) as Record<string, unknown>;
    expect(report).toMatchObject({
      kind: 'vqathinker-comparison',
      format: 1,
      // 15,000 bytes in 0.12 s.
      a: { name: 'a.mp4', sha256: 'aa', kilobitsPerSecond: 1000 },
      summary: {
        pairs: 2,
        identical: 1,
        meanPsnr: expect.closeTo(30, 9),
        psnrOfMeanMse: expect.closeTo(33.0103, 4),
        minPsnr: { value: expect.closeTo(30, 9), a: 1, b: 1 },
        minSsim: { value: 0.9, a: 1, b: 1 },
      },
      vmaf: { file: 'v.json', mean: 88.75, min: 80 },
      frames: [
        { position: 0, a: 0, b: 0, mse: 0, psnr: null, ssim: 1, vmaf: 97.5 },
        { position: 1, mse: 65.025, psnr: expect.closeTo(30, 9), ssim: 0.9, vmaf: 80 },
        { position: 2, mse: null, psnr: null, ssim: null, vmaf: null },
      ],
    });
  });

  it('is CSV with a line for each pair', () => {
    expect(reportCsv(input)).toBe(
      [
        'position,time_s,frame_a,frame_b,mse_y,psnr_y,ssim_y,vmaf',
        '0,0,0,0,0.000000,inf,1.000000,97.5',
        '1,0.04,1,1,65.025000,30.000000,0.900000,80',
        '2,0.08,2,2,,,,',
        '',
      ].join('\r\n'),
    );
  });
});

describe('cutMiddle', () => {
  const fits = (text: string) => text.length <= 11;
  it('keeps both ends of a name', () => {
    expect(cutMiddle('short.mp4', fits)).toBe('short.mp4');
    expect(cutMiddle('bbb_800x640_768kbps_vp9.mp4', fits)).toBe('bbb_8…9.mp4');
  });
});
