/** Quality features of videos decoded by the browser, against recorded values of another implementation. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { Npz } from '../../scripts/conformance/npz.ts';
import { CLIPS } from './clips.ts';
import { SHARED } from './server.ts';
import { sharedHarness } from './shared-page.ts';

const harness = sharedHarness(60_000);
const folder = join(SHARED, 'human');

/** Columns that depend on flat areas, on equal corners or on which blocks are soft, relative; 1e-3 for the others. */
const TOLERANCE: Readonly<Record<string, number>> = {
  avg_br1_v_lvar: 0.1,
  avg_br2_h_lvar: 0.1,
  avg_mo_ego_std: 0.3,
  std_mo_ego_std: 0.3,
  std_mo_y: 0.3,
  std_mo_flicker: 0.1,
  std_fl_h_shape: 0.1,
  avg_mo_intensity: 0.02,
  avg_mo_jerk: 0.05,
  hc_softstd: 0.005,
};

// Whole files of few enough samples that all of their blocks are read, as in the recorded values; the last two samples
// are in no block.
for (const [file, name] of [
  ['bbb_642x642_768kbps_30fps_vp9.webm', 'square_642'],
  ['walk.mkv', 'walk_fullrange'],
] as const)
  test(`${file}: its columns are the recorded ones`, async () => {
    test.skip(!existsSync(folder), 'no recorded values: VQA_SHARED');
    const id = await harness.open(file);
    // One frame that the features read too, and one that they do not.
    const report = await harness.page.evaluate(
      ([video, frames]) => window.media.features(video, frames, [1, 7]),
      [id, CLIPS[file]!.frames] as const,
    );
    if ('code' in report) throw new Error(JSON.stringify(report));
    expect(report).toMatchObject({ samples: 7, sharpnessFrames: 3, substituted: 0 });
    expect([...report.delivered].sort()).toEqual([1, 7]);
    const golden = new Npz(readFileSync(join(folder, 'golden.npz')));
    const [names, values] = [golden.strings('columns'), golden.numbers(`${name}/pooled_stored_convention`)];
    const apart = featureColumns.flatMap((column, j) => {
      const expected = values[names.indexOf(column)]!;
      const distance = Math.abs(report.columns[j]! - expected) / Math.abs(expected);
      return distance <= (TOLERANCE[column] ?? 1e-3)
        ? []
        : [`${column}: ${report.columns[j]}, not ${expected}`];
    });
    expect(apart).toEqual([]);
  });

test('an abort ends the features, and the next call is answered', async () => {
  const id = await harness.open('bikes.mp4');
  const frames = CLIPS['bikes.mp4']!.frames;
  const read = (abortAfterMs?: number) =>
    harness.page.evaluate(([video, count, after]) => window.media.features(video, count, [], after), [
      id,
      frames,
      abortAfterMs,
    ] as const);
  expect(await read(150)).toMatchObject({ code: expect.stringMatching(/^(Abort|Timeout)Error/) });
  const report = await read();
  if ('code' in report) throw new Error(JSON.stringify(report));
  expect(report.samples).toBe(16);
  expect(report.columns.every(Number.isFinite)).toBe(true);
});

test('a run of too few frames has no feature', async () => {
  const id = await harness.open('bikes.mp4');
  const report = await harness.page.evaluate((video) => window.media.features(video, 3), id);
  if ('code' in report) throw new Error(JSON.stringify(report));
  expect(report).toMatchObject({ samples: 0, sharpnessFrames: 0 });
  expect(report.columns.every(Number.isNaN)).toBe(true);
});
