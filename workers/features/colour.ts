/** Colour spaces of the features: YCbCr (BT.601, limited range) to RGB, and RGB to Lab. */
import { emptyPlane, type Plane } from './plane.ts';

/** Luma and chroma of one size, 0 to 255, limited range. */
export interface YcbcrPlanes {
  readonly y: Plane;
  readonly cb: Plane;
  readonly cr: Plane;
}

type Row = readonly [number, number, number];
type Matrix = readonly [Row, Row, Row];

const KR = 0.299;
const KB = 0.114;
const KG = 1 - KR - KB;

const share = ([a, b, c]: Row): Row => [a / (a + b + c), b / (a + b + c), c / (a + b + c)];

/** Linear sRGB to XYZ relative to the white point D65. */
const TO_XYZ: Matrix = [
  share([0.4124564, 0.3575761, 0.1804375]),
  share([0.2126729, 0.7151522, 0.072175]),
  share([0.0193339, 0.119192, 0.9503041]),
];

/** Linear sRGB to XYZ, adapted to the white point D50 (Bradford), relative to it. */
const TO_XYZ_D50: Matrix = [
  share([0.4360747, 0.3850649, 0.1430804]),
  share([0.2225045, 0.7168786, 0.0606169]),
  share([0.0139322, 0.0971045, 0.7141733]),
];

const linear = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const LINEAR_BYTES = Float64Array.from({ length: 256 }, (_, i) => linear(i / 255));

/** A function of [0, 1] by linear interpolation between 2^14 equal steps. */
function table(of: (v: number) => number): Float64Array {
  return Float64Array.from({ length: STEPS + 2 }, (_, i) => of(i / STEPS));
}
const STEPS = 1 << 14;

function interpolated(values: Float64Array, v: number): number {
  const at = v * STEPS;
  const index = at | 0;
  const low = values[index]!;
  return low + (at - index) * (values[index + 1]! - low);
}

const LINEAR = table(linear);
const lightness = (t: number) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : (t * 841) / 108 + 4 / 29);
const LIGHTNESS = table(lightness);

const byte = (v: number) => (v <= 0 ? 0 : v >= 255 ? 255 : (v + 0.5) | 0);
const unit = (v: number) => (v < 0 ? 0 : v > 1 ? 1 : v);

/** FRIQUEE's chroma map: √(A² + B²) of 8-bit Lab, whose offset of 128 is part of A and B. */
export function chromaMap({ y, cb, cr }: YcbcrPlanes): Plane {
  const out = emptyPlane(y.width, y.height);
  const [[xr, xg, xb], [yr, yg, yb], [zr, zg, zb]] = TO_XYZ_D50;
  for (let i = 0; i < out.data.length; i++) {
    const luma = ((byte(y.data[i]!) - 16) * 255) / 219;
    const blue = ((byte(cb.data[i]!) - 128) * 255) / 112;
    const red = ((byte(cr.data[i]!) - 128) * 255) / 112;
    const r = LINEAR_BYTES[byte(luma + (1 - KR) * red)]!;
    const b = LINEAR_BYTES[byte(luma + (1 - KB) * blue)]!;
    const g = LINEAR_BYTES[byte(luma - (KR * (1 - KR) * red + KB * (1 - KB) * blue) / KG)]!;
    const fx = interpolated(LIGHTNESS, xr * r + xg * g + xb * b);
    const fy = interpolated(LIGHTNESS, yr * r + yg * g + yb * b);
    const fz = interpolated(LIGHTNESS, zr * r + zg * g + zb * b);
    const A = byte(500 * (fx - fy) + 128);
    const B = byte(200 * (fy - fz) + 128);
    out.data[i] = Math.sqrt(A * A + B * B);
  }
  return out;
}

/** L (0 to 100), a and b, white point D65, of planes whose RGB is clipped to 0 … 1. */
export function labPlanes({ y, cb, cr }: YcbcrPlanes): readonly [Plane, Plane, Plane] {
  const [L, a, b] = [0, 1, 2].map(() => emptyPlane(y.width, y.height)) as [Plane, Plane, Plane];
  const [[xr, xg, xb], [yr, yg, yb], [zr, zg, zb]] = TO_XYZ;
  for (let i = 0; i < L.data.length; i++) {
    const luma = (y.data[i]! - 16) / 219;
    const [blue, red] = [(cb.data[i]! - 128) / 112, (cr.data[i]! - 128) / 112];
    const lr = interpolated(LINEAR, unit(luma + (1 - KR) * red));
    const lb = interpolated(LINEAR, unit(luma + (1 - KB) * blue));
    const lg = interpolated(LINEAR, unit(luma - (KR * (1 - KR) * red + KB * (1 - KB) * blue) / KG));
    const fx = interpolated(LIGHTNESS, xr * lr + xg * lg + xb * lb);
    const fy = interpolated(LIGHTNESS, yr * lr + yg * lg + yb * lb);
    const fz = interpolated(LIGHTNESS, zr * lr + zg * lg + zb * lb);
    L.data[i] = 116 * fy - 16;
    a.data[i] = 500 * (fx - fy);
    b.data[i] = 200 * (fy - fz);
  }
  return [L, a, b];
}
