/** Absolute difference of two images of the same size. */

export interface Difference {
  /** Mean absolute difference over all pixels and channels, or over luma, 0 … 255. */
  readonly mean: number;
}

/** BT.709 luma in 16 fractional bits: the weights sum to 65536. */
const RED = 13933;
const GREEN = 46871;
const BLUE = 4732;

/**
 * Writes |A − B| · gain as opaque RGBA, clamped; grey for luma.
 *
 * @param a, b RGBA of equal length
 * @param out as long; may be one of them
 */
export function writeDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  gain: number,
  luma: boolean,
  out: Uint8ClampedArray,
): Difference {
  let sum = 0;
  for (let i = 0; i < out.length; i += 4) {
    const red = Math.abs(a[i]! - b[i]!);
    const green = Math.abs(a[i + 1]! - b[i + 1]!);
    const blue = Math.abs(a[i + 2]! - b[i + 2]!);
    if (luma) {
      const signed = RED * (a[i]! - b[i]!) + GREEN * (a[i + 1]! - b[i + 1]!) + BLUE * (a[i + 2]! - b[i + 2]!);
      const difference = Math.abs(signed) / 65536;
      sum += difference;
      const value = difference * gain;
      out[i] = value;
      out[i + 1] = value;
      out[i + 2] = value;
    } else {
      sum += (red + green + blue) / 3;
      out[i] = red * gain;
      out[i + 1] = green * gain;
      out[i + 2] = blue * gain;
    }
    out[i + 3] = 255;
  }
  return { mean: out.length === 0 ? 0 : sum / (out.length / 4) };
}
