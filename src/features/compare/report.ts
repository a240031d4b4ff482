/** The report of a comparison as JSON and CSV: both files, the pairing, the figures and every frame. Pure. */
import { type MetricSummary, meanAndMin, psnr } from '../../../core/stats/full-reference.ts';
import type { VideoFacts } from '../../../workers/media/api.ts';
import { kilobits } from './bit-rate.ts';
import type { SideScores } from './side-scores.ts';
import { type MeasureState, summaryOf, vmafByPosition } from './state/measure.ts';
import type { Timeline } from './state/timeline.ts';

export interface ReportedSide {
  readonly facts: VideoFacts;
  /** Hex; null until it is computed. */
  readonly sha256: string | null;
  /** Scores of the model; null without any. */
  readonly scores: SideScores | null;
}

export interface ReportInput {
  readonly app: string;
  readonly createdAt: string;
  readonly a: ReportedSide;
  readonly b: ReportedSide;
  readonly timeline: Timeline;
  readonly offset: number;
  readonly measured: MeasureState;
  /** Name of the model that gave the scores. */
  readonly model: string | null;
}

/** Version of the format; readers refuse a greater one. */
const FORMAT = 1;

const DEFINITIONS = {
  psnr: '10·log10(peak² / MSE) of luma, dB; null where both frames are identical (infinite)',
  meanPsnr: 'mean of the finite PSNR values of the frames',
  psnrOfMeanMse: 'PSNR of the mean MSE over all pairs (`average` of ffmpeg’s filter psnr); null: infinite',
  ssim: 'mean over 8 × 8 windows at every fourth row and column of luma, uniform weights, C1 = (0.01·peak)², C2 = (0.03·peak)² (ffmpeg’s filter ssim)',
} as const;

const finite = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null;

function sideOf({ facts, sha256, scores }: ReportedSide) {
  const { name, bytes, videoBytes, codec, codecName, width, height, frames, duration, fps } = facts;
  return {
    ...{ name, bytes, videoBytes, sha256, codec, codecName, width, height, bitDepth: facts.bitDepth },
    ...{ frames, duration, fps, kilobitsPerSecond: kilobits(facts) },
    score: scores && { mean: scores.mean, interval: scores.interval, answers: scores.scores },
  };
}

function summaryIn(summary: MetricSummary | null, frameOf: (position: number) => { a: number; b: number }) {
  if (!summary) return null;
  const low = (at: { readonly index: number; readonly value: number } | null) =>
    at && Number.isFinite(at.value) ? { value: at.value, ...frameOf(at.index) } : null;
  const { pairs, identical, meanPsnr, psnrOfMeanMse, minPsnr, meanSsim, minSsim } = summary;
  return {
    ...{ pairs, identical, meanPsnr, psnrOfMeanMse: finite(psnrOfMeanMse), minPsnr: low(minPsnr) },
    ...{ meanSsim, minSsim: low(minSsim) },
  };
}

interface ReportedFrame {
  /** 0-based position on the page's clock, and its time in seconds. */
  readonly position: number;
  readonly time: number;
  /** 0-based source frames. */
  readonly a: number;
  readonly b: number;
  readonly mse: number | null;
  readonly psnr: number | null;
  readonly ssim: number | null;
  readonly vmaf: number | null;
}

function reportedFrames({ timeline, measured }: ReportInput): ReportedFrame[] {
  const { pairs, mse, ssim, luma } = measured;
  const vmaf = vmafByPosition(measured);
  return Array.from(pairs?.positions ?? [], (position) => ({
    position,
    time: Number(timeline.times[position]!.toFixed(6)),
    a: timeline.a[position]!,
    b: timeline.b[position]!,
    mse: finite(mse[position]),
    psnr: finite(psnr(mse[position]!, luma?.peak ?? 255)),
    ssim: finite(ssim[position]),
    vmaf: finite(vmaf?.[position]),
  }));
}

export function reportJson(input: ReportInput): string {
  const { app, createdAt, a, b, timeline, offset, measured, model } = input;
  const frameOf = (position: number) => ({ a: timeline.a[position]!, b: timeline.b[position]! });
  const vmaf = vmafByPosition(measured);
  const log = vmaf && meanAndMin(vmaf);
  const report = {
    ...{ kind: 'vqathinker-comparison', format: FORMAT, app, createdAt, model },
    a: sideOf(a),
    b: sideOf(b),
    pairing: { offset, positions: timeline.positions, pairs: measured.pairs?.positions.length ?? 0 },
    luma: measured.luma && { ...measured.luma, fromRgb: measured.fromRgb },
    summary: summaryIn(summaryOf(measured), frameOf),
    vmaf: measured.vmaf && {
      file: measured.vmaf.file,
      mean: log?.mean ?? null,
      min: log?.min?.value ?? null,
    },
    definitions: DEFINITIONS,
    frames: reportedFrames(input),
  };
  return `${JSON.stringify(report, null, 1)}\n`;
}

/** A line for each pair; nothing where there is no value, `inf` for the PSNR of identical frames. Frames count from 0. */
export function reportCsv(input: ReportInput): string {
  const lines = reportedFrames(input).map(({ position, time, a, b, mse, psnr, ssim, vmaf }) =>
    [
      position,
      time,
      a,
      b,
      mse?.toFixed(6),
      mse === 0 ? 'inf' : psnr?.toFixed(6),
      ssim?.toFixed(6),
      vmaf,
    ].join(','),
  );
  return `${['position,time_s,frame_a,frame_b,mse_y,psnr_y,ssim_y,vmaf', ...lines].join('\r\n')}\r\n`;
}
