/** Features of real clips against recorded values of another implementation, in standard deviations of KoNViD-1k. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type FeatureValues,
  featureColumns,
  featurePlan,
  featureSamples,
  pooledFeatures,
} from '../../core/sampling/human-features.ts';
import { Npz } from '../../scripts/conformance/npz.ts';
import { FrameFeatures, type FramePlanes } from './frame-features.ts';

const shared = resolve(process.env.VQA_SHARED ?? '../shared');
const folder = resolve(shared, 'human');

interface ClipFacts {
  readonly command: string;
  readonly width: number;
  readonly height: number;
  readonly frame_rate: number;
  readonly sha256: string;
}

/** Signs in flat areas and equal corners depend on the arithmetic. 0.001 for all other columns. */
const TOLERANCE: Readonly<Record<string, number>> = {
  avg_br1_v_lvar: 0.1,
  avg_br2_h_lvar: 0.1,
  avg_br2_d_shape: 0.1,
  avg_hi1_logx_shape: 0.01,
  avg_mo_intensity: 0.05,
  avg_mo_jerk: 0.05,
  avg_mo_ego_std: 0.1,
  std_fl_h_shape: 0.1,
  std_mo_ego_std: 0.4,
  std_mo_y: 0.15,
  std_mo_flicker: 0.15,
};

function deviations(): ReadonlyMap<string, number> {
  const table = new Npz(readFileSync(resolve(folder, 'features.npz')));
  const [columns, values] = [table.strings('columns'), table.numbers('konvid1k_light480_3fps')];
  return new Map(
    columns.map((name, j) => {
      const column = values.filter((value, i) => i % columns.length === j && !Number.isNaN(value));
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      return [name, Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length)];
    }),
  );
}

/** The clip's planar frames, decoded by its recorded command; null where this ffmpeg gives other bytes. */
function decoded({ command, sha256 }: ClipFacts): Buffer | null {
  const [program, ...rest] = command.match(/'[^']*'|\S+/g)!.map((word) => word.replaceAll("'", ''));
  const output = (word: string) => (word === 'OUT.yuv' ? ['-f', 'rawvideo', '-'] : [word]);
  const input = (word: string) =>
    word.includes('/media/') ? resolve(shared, 'media', basename(word)) : word;
  const bytes = execFileSync(program!, rest.flatMap(output).map(input), { maxBuffer: 2 ** 30 });
  return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : null;
}

function framesOf(bytes: Buffer, { width, height }: ClipFacts) {
  const luma = width * height;
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const size = luma + 2 * chroma;
  const frame = (number: number): FramePlanes => {
    const from = number * size;
    const cut = (at: number, length: number) => bytes.subarray(from + at, from + at + length);
    return { width, height, y: cut(0, luma), cb: cut(luma, chroma), cr: cut(luma + chroma, chroma) };
  };
  return { count: bytes.length / size, frame };
}

function columnsOf(bytes: Buffer, facts: ClipFacts): number[] {
  const { count, frame } = framesOf(bytes, facts);
  const features = new FrameFeatures(facts.width, facts.height);
  const plan = featurePlan(count, facts.frame_rate, true);
  const samples = new Map<number, FeatureValues>();
  for (const { before, now, after } of featureSamples(count, facts.frame_rate)) {
    const luma = (number: number) => ({ number, y: frame(number).y });
    samples.set(now, features.sample(frame(now), luma(before), luma(after)));
  }
  const sharpness = new Map(plan.sharpness.map((number) => [number, features.sharpness(frame(number))]));
  return pooledFeatures(
    plan,
    (number) => samples.get(number)!,
    (number) => sharpness.get(number)!,
  );
}

function hasFfmpeg(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!existsSync(folder) || !hasFfmpeg())('columns of a clip', () => {
  const facts = (): Record<string, ClipFacts> =>
    JSON.parse(readFileSync(resolve(folder, 'golden.json'), 'utf8'));

  it.for(['carphone_qcif', 'nasa_180p', 'portrait', 'walk_fullrange', 'black'])(
    '%s',
    { timeout: 120_000 },
    (name, { skip }) => {
      const golden = new Npz(readFileSync(resolve(folder, 'golden.npz')));
      const clip = facts()[name]!;
      const bytes = decoded(clip);
      if (!bytes) return skip('this ffmpeg decodes to other bytes');
      const [scale, all] = [deviations(), golden.strings('columns')];
      const recorded = golden.numbers(`${name}/pooled_stored_convention`);
      const apart = columnsOf(bytes, clip).flatMap((value, j) => {
        const column = featureColumns[j]!;
        const expected = recorded[all.indexOf(column)]!;
        if (Number.isNaN(expected) && Number.isNaN(value)) return [];
        const distance = Math.abs(value - expected) / scale.get(column)!;
        return distance <= (TOLERANCE[column] ?? 0.001) ? [] : [`${column}: ${distance}`];
      });
      expect(apart).toEqual([]);
    },
  );
});
