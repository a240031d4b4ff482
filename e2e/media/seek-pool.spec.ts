/**
 * The seek pool against decoding from the key frame, in a real browser: the same bytes whatever decoder is nearest, fewer
 * packets. Oracle: `frameImage` without a seek pool, whose frames `media.spec.ts` holds to decord's.
 */
import { expect, test } from '@playwright/test';
import { seededRandom } from '../../core/stats/random.ts';
import type { SeekHint } from '../../workers/media/api.ts';
import { CLIPS } from './clips.ts';
import { sharedHarness } from './shared-page.ts';

const harness = sharedHarness(120_000);
const { open } = harness;

const setSeekHint = (id: number, hint: SeekHint | null) =>
  harness.page.evaluate(([i, w]) => window.media.setSeekHint(i, w), [id, hint] as const);

async function frameImages(id: number, indices: readonly (number | readonly number[])[]) {
  const got = await harness.page.evaluate(([i, all]) => window.media.frameImages(i, all), [
    id,
    indices,
  ] as const);
  if ('code' in got) throw new Error(JSON.stringify(got));
  return { sha256: got.map(({ sha256 }) => sha256), decoded: got.map(({ decoded }) => decoded) };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Anywhere, a step on, two at once as both sides of a comparison ask, the very end. */
function walk(frames: number): (number | number[])[] {
  const draws = seededRandom(frames);
  const any = () => draws.between(0, frames - 1);
  const at = any();
  const step = (by: number) => Math.min(frames - 1, at + by);
  return [at, step(1), step(2), [any(), any()], any(), [step(9), any()], any(), frames - 1, any(), 0];
}

/** Closed and open groups, a pyramid of B-frames, three codecs, rotation, two containers, a damaged clip. */
const CHOSEN = [
  'bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4',
  'bbb_642x642_768kbps_30fps_vp9.webm',
  'bbb_800x640_768kbps_30fps_vp9.mp4',
  'bottle-detection.mp4',
  'car-detection.mp4',
  'corrupted.mp4',
  'iibbibb_editlist_videoonly.mp4',
  'sample_av1.mkv',
  'sample_portrait.mp4',
  'sample_with_invalid_nalu.mp4',
  'sample_without_stss.mp4',
  'video_90.mov',
  'walk.mkv',
];

for (const name of CHOSEN)
  test(`the same pixels with decoders pooled by: ${name}`, async () => {
    const id = await open(name);
    const way = walk(CLIPS[name]!.frames);
    const fromKey = await frameImages(id, way);
    for (const playing of [true, false]) {
      await setSeekHint(id, {
        follow: [way[0] as number],
        playing,
        jumps: true,
        latencyBudget: 0.01,
        bytes: 64e6,
      });
      const pooled = await frameImages(id, way);
      expect(pooled.sha256).toEqual(fromKey.sha256);
      await setSeekHint(id, null);
    }
    await harness.page.evaluate((i) => window.media.close(i), id);
  });

test('a long way to the key frame is not gone again', async () => {
  // 1,189 frames with five key frames: 250 packets between them, none of which may be left out for good.
  const id = await open('bottle-detection.mp4');
  const order = [240, 490, 730, 980, 200, 700];
  const fromKey = await frameImages(id, order);
  await setSeekHint(id, { follow: [], playing: false, jumps: true, latencyBudget: 0.01, bytes: 64e6 });
  // The decoders need a while to come to their places.
  await expect(async () => {
    const pooled = await frameImages(id, order);
    expect(pooled.sha256).toEqual(fromKey.sha256);
    expect(sum(pooled.decoded)).toBeLessThan(0.6 * sum(fromKey.decoded));
  }).toPass({ intervals: [2000], timeout: 60_000 });
  await setSeekHint(id, null);
  expect((await frameImages(id, order)).decoded).toEqual(fromKey.decoded);
});

test('the frame that the clock has come to costs a few packets', async () => {
  const id = await open('walk.mkv');
  const [fromKey] = (await frameImages(id, [80])).decoded;
  for (const at of [50, 60, 70, 78]) {
    await setSeekHint(id, { follow: [at], playing: true, jumps: false, latencyBudget: 0.01, bytes: 64e6 });
    await harness.page.waitForTimeout(700);
  }
  const { decoded, sha256 } = await frameImages(id, [80]);
  expect(decoded[0]).toBeLessThan(Math.min(24, fromKey!));
  await setSeekHint(id, null);
  expect((await frameImages(id, [80])).sha256).toEqual(sha256);
});
