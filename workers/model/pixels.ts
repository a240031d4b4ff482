/** Normalisation of RGB frames to the model's input. */
import type { Profile } from '../../core/sampling/profiles.ts';

/**
 * (value / 255 − mean) / std for all 256 byte values of each channel, in float32 arithmetic as in the official pipeline.
 */
export function normalisationTable(profile: Pick<Profile, 'mean' | 'std'>): Float32Array[] {
  return [0, 1, 2].map((channel) => {
    const mean = Math.fround(profile.mean[channel] as number);
    const std = Math.fround(profile.std[channel] as number);
    return Float32Array.from({ length: 256 }, (_, value) =>
      Math.fround(Math.fround(Math.fround(Math.fround(value) / Math.fround(255)) - mean) / std),
    );
  });
}

/**
 * Frames of [size, size, 3] uint8 to one [n, 3, size, size] float32 array.
 */
export function normalise(
  frames: readonly Uint8Array[],
  size: number,
  table: readonly Float32Array[],
): Float32Array<ArrayBuffer> {
  const area = size * size;
  const out = new Float32Array(frames.length * 3 * area);
  const [red, green, blue] = table as [Float32Array, Float32Array, Float32Array];
  let at = 0;
  for (const rgb of frames) {
    for (let i = 0, p = 0; i < area; i++, p += 3) {
      out[at + i] = red[rgb[p] as number] as number;
      out[at + area + i] = green[rgb[p + 1] as number] as number;
      out[at + 2 * area + i] = blue[rgb[p + 2] as number] as number;
    }
    at += 3 * area;
  }
  return out;
}
