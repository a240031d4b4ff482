import { expect, test } from 'vitest';
import { imageBlock, mergedSequence, motionBlock, visualBlock } from './blocks.ts';

/** D = 2. A dense token is its number and the sum of its window of 2 · halo + 1 frames; frames outside are 0. */
const halo = 2;
const motion = async (pixels: Float32Array, positions: readonly number[]) =>
  Float32Array.from(
    positions.flatMap((position, i) => [
      position,
      Array.from({ length: 2 * halo + 1 }, (_, k) => pixels[i + k - halo] ?? 0).reduce((a, b) => a + b, 0),
    ]),
  );
const values = Float32Array.from({ length: 23 }, (_, i) => (i * 37) % 11);
const clip = {
  frames: values.length,
  read: async (first: number, end: number) => values.slice(first, end),
};

test('chunks with a halo give the tokens of the whole clip; a halo too small does not', async () => {
  const whole = await motionBlock({ motion }, clip, { chunk: 100, halo, limit: 100 });
  for (const chunk of [1, 4, 7, 22])
    expect(await motionBlock({ motion }, clip, { chunk, halo, limit: 100 })).toEqual(whole);
  expect(await motionBlock({ motion }, clip, { chunk: 4, halo: 1, limit: 100 })).not.toEqual(whole);
});

test('more dense frames than positions are a coded error', async () => {
  await expect(motionBlock({ motion }, clip, { chunk: 4, halo, limit: 22 })).rejects.toMatchObject({
    code: 'run/dense',
    params: { frames: 23, limit: 22 },
  });
});

const vision = async (pixels: Float32Array) => ({
  pooled: Float32Array.of(pixels[0]!, 1, pixels[0]!, 2),
  patches: Float32Array.from({ length: 8 }, (_, i) => pixels[0]! * 10 + (i >> 1)),
  newline: Float32Array.of(-1, -1),
});

test('key frames in order, then one newline', async () => {
  const block = await visualBlock({ vision }, [Float32Array.of(5), Float32Array.of(6)]);
  expect([...block]).toEqual([5, 1, 5, 2, 6, 1, 6, 2, -1, -1]);
});

test('tiles side by side, rows with a newline each, the margins of the canvas left out', async () => {
  // Two tiles of 2 × 2 patches; an image of 3 : 2 leaves no whole column of margin.
  const geometry = { image: { width: 30, height: 15 }, canvas: { width: 20, height: 10 }, side: 10, grid: 2 };
  const block = await imageBlock({ vision }, [Float32Array.of(1), Float32Array.of(2)], geometry);
  const firsts = [...block].filter((_, i) => i % 2 === 0);
  expect(firsts).toEqual([10, 11, 20, 21, -1, 12, 13, 22, 23, -1]);
});

test('blocks take the slots of their placeholders; another number is a coded error', async () => {
  const embed = async (ids: readonly number[]) => Float32Array.from(ids.flatMap((id) => [id, 0]));
  const block = Float32Array.of(70, 71, 72, 73);
  const merged = await mergedSequence({ embed }, [1, -200, 2, 3, -200], [block, Float32Array.of(80, 81)]);
  expect([...merged]).toEqual([1, 0, 70, 71, 72, 73, 2, 0, 3, 0, 80, 81]);
  await expect(mergedSequence({ embed }, [1, -200], [])).rejects.toMatchObject({ code: 'run/prompt' });
});
