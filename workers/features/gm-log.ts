/** GM-LOG (Xue et al., TIP 2014): joint statistics of gradient magnitude and Laplacian of Gaussian, jointly normalised. */
import { gaussian, smoothed } from './filters.ts';
import { emptyPlane, type Plane } from './plane.ts';

const BINS = 10;
const BIN = 0.2;
const FLOOR = 0.2;
const BORDER = 2;
const WINDOW = gaussian(1);
const SIGMA = 0.5;

const OFFSETS = [-2, -1, 0, 1, 2];
const bell = (x: number) => Math.exp(-(x * x) / (2 * SIGMA * SIGMA));

/** Taps of 5, of the gradient and of the two terms of the Laplacian, whose mean over 5 × 5 is subtracted. */
const TAPS = (() => {
  const smooth = OFFSETS.map(bell);
  const step = OFFSETS.map((x) => bell(x) - bell(x + 1));
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + Math.abs(value), 0);
  const curve = OFFSETS.map((x) => (x * x - SIGMA * SIGMA) * bell(x));
  const kernel = OFFSETS.flatMap((_, j) =>
    OFFSETS.map((_, i) => smooth[j]! * curve[i]! + curve[j]! * smooth[i]!),
  );
  const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
  return {
    smooth,
    step,
    curve,
    gradientScale: 1 / (total(smooth) * total(step) * 2.5),
    mean,
    laplacianScale: 1 / kernel.reduce((sum, value) => sum + Math.abs(value - mean), 0),
  };
})();

/** Rows of the vertical correlations with `smooth`, `step`, `curve` and ones, each with 2 zeros on either side. */
class DownRows {
  readonly smooth: Float64Array;
  readonly step: Float64Array;
  readonly curve: Float64Array;
  readonly ones: Float64Array;
  private readonly plane: Plane;
  private readonly zeros: Float64Array;

  constructor(plane: Plane) {
    this.plane = plane;
    const row = () => new Float64Array(plane.width + 4);
    [this.smooth, this.step, this.curve, this.ones] = [row(), row(), row(), row()];
    this.zeros = new Float64Array(plane.width);
  }

  private row(y: number): Float64Array {
    const { width, height, data } = this.plane;
    return y < 0 || y >= height ? this.zeros : data.subarray(y * width, (y + 1) * width);
  }

  load(y: number): void {
    const [p, q, r, s, t] = OFFSETS.map((k) => this.row(y + k)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const [a, b, c] = TAPS.smooth as [number, number, number];
    const [d, e, f, g, h] = TAPS.step as [number, number, number, number, number];
    const [i, j, k] = TAPS.curve as [number, number, number];
    for (let x = 0; x < p.length; x++) {
      const [outer, inner, centre] = [p[x]! + t[x]!, q[x]! + s[x]!, r[x]!];
      this.smooth[x + 2] = a * outer + b * inner + c * centre;
      this.curve[x + 2] = i * outer + j * inner + k * centre;
      this.ones[x + 2] = outer + inner + centre;
      this.step[x + 2] = d * p[x]! + e * q[x]! + f * centre + g * s[x]! + h * t[x]!;
    }
  }
}

interface Operators {
  /** Gradient magnitude. */
  readonly gradient: Plane;
  /** Absolute Laplacian of Gaussian. */
  readonly laplacian: Plane;
  /** Half the sum of their squares. */
  readonly energy: Plane;
}

function operators(plane: Plane): Operators {
  const { width, height } = plane;
  const [gradient, laplacian] = [emptyPlane(width, height), emptyPlane(width, height)];
  const energy = emptyPlane(width, height);
  const { mean, gradientScale, laplacianScale } = TAPS;
  const rows = new DownRows(plane);
  const { smooth, step, curve, ones } = rows;
  const [a, b, c] = TAPS.smooth as [number, number, number];
  const [d, e, f, g, h] = TAPS.step as [number, number, number, number, number];
  const [i, j, k] = TAPS.curve as [number, number, number];
  for (let y = 0; y < height; y++) {
    rows.load(y);
    for (let x = 0, to = y * width; x < width; x++, to++) {
      const across =
        d * smooth[x]! + e * smooth[x + 1]! + f * smooth[x + 2]! + g * smooth[x + 3]! + h * smooth[x + 4]!;
      const down = a * (step[x]! + step[x + 4]!) + b * (step[x + 1]! + step[x + 3]!) + c * step[x + 2]!;
      const slope = Math.sqrt(across * across + down * down) * gradientScale;
      const curved =
        i * (smooth[x]! + smooth[x + 4]!) +
        j * (smooth[x + 1]! + smooth[x + 3]!) +
        k * smooth[x + 2]! +
        a * (curve[x]! + curve[x + 4]!) +
        b * (curve[x + 1]! + curve[x + 3]!) +
        c * curve[x + 2]!;
      const flat = ones[x]! + ones[x + 1]! + ones[x + 2]! + ones[x + 3]! + ones[x + 4]!;
      const curvature = Math.abs(curved - mean * flat) * laplacianScale;
      gradient.data[to] = slope;
      laplacian.data[to] = curvature;
      energy.data[to] = (slope * slope + curvature * curvature) / 2;
    }
  }
  return { gradient, laplacian, energy };
}

/** ⌈value⌉ − 1, within 0 … 9. */
function binOf(value: number): number {
  if (value >= BINS) return BINS - 1;
  const floor = value | 0;
  return floor > 0 && floor === value ? floor - 1 : floor;
}

/** Joint histogram [gradient, Laplacian] of sum 1 of the jointly normalised maps. */
export function jointHistogram(plane: Plane): Float64Array {
  const { width, height } = plane;
  const { gradient, laplacian, energy } = operators(plane);
  const local = smoothed(energy, WINDOW).data;
  const counts = new Float64Array(BINS * BINS);
  for (let y = BORDER; y < height - BORDER; y++)
    for (let i = y * width + BORDER, end = (y + 1) * width - BORDER; i < end; i++) {
      const scale = 1 / ((Math.sqrt(local[i]!) + FLOOR) * BIN);
      const row = binOf(gradient.data[i]! * scale);
      const column = binOf(laplacian.data[i]! * scale);
      counts[row * BINS + column]!++;
    }
  const total = (width - 2 * BORDER) * (height - 2 * BORDER);
  return counts.map((count) => count / total);
}

export function gmLog(plane: Plane) {
  const joint = jointHistogram(plane);
  const zeros = () => new Float64Array(BINS);
  const [gradient, laplacian, gradientGiven, laplacianGiven] = [zeros(), zeros(), zeros(), zeros()];
  joint.forEach((share, i) => {
    gradient[Math.floor(i / BINS)]! += share;
    laplacian[i % BINS]! += share;
  });
  joint.forEach((share, i) => {
    gradientGiven[Math.floor(i / BINS)]! += share / (laplacian[i % BINS]! + 1e-4);
    laplacianGiven[i % BINS]! += share / (gradient[Math.floor(i / BINS)]! + 1e-4);
  });
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const [gradientSum, laplacianSum] = [sum(gradientGiven), sum(laplacianGiven)];
  return {
    gl_g2: gradient[1]!,
    gl_g4: gradient[3]!,
    gl_g8: gradient[7]!,
    gl_l8: laplacian[7]!,
    gl_l10: laplacian[9]!,
    gl_gl3: gradientGiven[2]! / gradientSum,
    gl_lg4: laplacianGiven[3]! / laplacianSum,
    gl_lg10: laplacianGiven[9]! / laplacianSum,
  };
}
