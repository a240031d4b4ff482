/** `preprocess.json`: which frames the official loaders take of real clips, and their pixels after the resize. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { uniformIndices } from '../../core/sampling/frame-sampling.ts';
import { resizeRgb } from '../../workers/media/resize.ts';
import { type ConformanceReport, type Tally, tally } from './rules/report.ts';

export interface PreprocessFile {
  readonly rows: readonly {
    readonly file: string;
    readonly profile: string;
    readonly size: number;
    readonly packets: number;
    readonly fps: number;
    readonly decoded_height_width: readonly [number, number];
    readonly indices: readonly number[];
    readonly sha256_rgb_frames: string;
    readonly sha256_resized_frames: string;
    readonly mean_rgb_resized: readonly (readonly number[])[];
  }[];
}

/** Frames of the profiles that the file may name. */
const frameCounts: Readonly<Record<string, number>> = { train6: 6, test12: 12 };
/** Half a unit of the last of four printed decimals. */
const MEAN_LIMIT = 5.1e-5;
const MAX_OUTPUT = 2 ** 30;

interface Decoded {
  readonly packets: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly rgb: Buffer;
}

function decode(python: string, path: string, indices: readonly number[]): Decoded {
  const script = join(import.meta.dirname, 'decord_frames.py');
  const output = execFileSync(python, [script, path, indices.join(',')], {
    maxBuffer: MAX_OUTPUT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = output.indexOf(0x0a);
  return { ...JSON.parse(output.toString('utf8', 0, end)), rgb: output.subarray(end + 1) };
}

const sha256 = (...parts: readonly Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

function meanByChannel(rgb: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < rgb.length; i++) sums[i % 3]! += rgb[i]!;
  return sums.map((sum) => sum / (rgb.length / 3));
}

/** Needs of the pixels beyond this project. */
export interface Oracle {
  /** Folder of the clips. */
  readonly media: string;
  /** An interpreter that has decord. */
  readonly python: string;
}

interface PreprocessResult {
  readonly report: ConformanceReport;
  /** Clips whose pixels were not compared, because they are not here. */
  readonly absent: readonly string[];
}

/**
 * Indices from the packet count by our rule; decoding by decord (a hash that differs there is another decoder, and is
 * said); resize by ours, hashes exact.
 *
 * @param oracle null compares the indices only
 */
export function checkPreprocess(file: PreprocessFile, oracle: Oracle | null): PreprocessResult {
  const t = tally('preprocess', MEAN_LIMIT);
  const absent = new Set<string>();
  for (const row of file.rows) {
    t.count();
    const id = `${row.file} ${row.profile}`;
    const frames = frameCounts[row.profile];
    if (frames === undefined) {
      t.fail(id, `unknown profile "${row.profile}"`);
      continue;
    }
    const bound = { fps: row.fps, seconds: null };
    t.equal(`${id} indices`, uniformIndices(row.packets, frames, bound), row.indices);
    if (oracle === null) continue;
    if (existsSync(join(oracle.media, row.file))) comparePixels(t, id, row, oracle);
    else absent.add(row.file);
  }
  return { report: t.report(), absent: [...absent] };
}

function comparePixels(t: Tally, id: string, row: PreprocessFile['rows'][number], oracle: Oracle): void {
  let decoded: Decoded;
  try {
    decoded = decode(oracle.python, join(oracle.media, row.file), row.indices);
  } catch (error) {
    const complaint = String((error as { stderr?: unknown }).stderr ?? error);
    t.fail(id, `decord: ${complaint.trim().split('\n').at(-1)}`);
    return;
  }
  const { width, height, rgb } = decoded;
  t.equal(`${id} packets`, decoded.packets, row.packets);
  t.equal(`${id} height and width`, [height, width], row.decoded_height_width);
  t.equal(`${id} decoded frames (the decoder, not this project)`, sha256(rgb), row.sha256_rgb_frames);
  const bytes = width * height * 3;
  const resized = row.indices.map((_, k) =>
    resizeRgb(rgb.subarray(k * bytes, (k + 1) * bytes), width, height, row.size, row.size),
  );
  t.equal(`${id} resized frames`, sha256(...resized), row.sha256_resized_frames);
  t.nearAll(`${id} means`, resized.map(meanByChannel), row.mean_rgb_resized, MEAN_LIMIT);
}
