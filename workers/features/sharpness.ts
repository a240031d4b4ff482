/** High-complexity features of TLVQM (Korhonen, TIP 2019): edges, chroma and the width of edges, once a second. */
import { labPlanes, type YcbcrPlanes } from './colour.ts';
import { sobel } from './filters.ts';
import { deviationOf, emptyPlane, meanOf, type Plane } from './plane.ts';
import { half } from './resize.ts';

/** Side, distance and first corner of the blocks; a corner is at most at size − `MARGIN`. */
const [BLOCK, STEP, FIRST, MARGIN] = [17, 16, 7, 25];
const LAGS = 6;
/** Energy above which a block's autocorrelation is read. */
const TEXTURED = 1e-4;
/** Width above which edges are read at half size. */
const WIDEST = 1280;

/** Strength of edges over L, a and b; 0 on the outermost pixels. */
function edges(lab: readonly [Plane, Plane, Plane]): Plane {
  const { width, height } = lab[0];
  const out = emptyPlane(width, height);
  out.data.fill(0);
  lab.forEach((plane, channel) => {
    const scale = (channel === 0 ? 100 : 50) * 8;
    for (const { data } of sobel(plane))
      for (let i = 0; i < data.length; i++) out.data[i]! += (data[i]! / scale) ** 2;
  });
  for (let i = 0; i < out.data.length; i++) out.data[i] = Math.sqrt(out.data[i]!);
  for (let x = 0; x < width; x++) out.data[x] = out.data[(height - 1) * width + x] = 0;
  for (let y = 0; y < height; y++) out.data[y * width] = out.data[(y + 1) * width - 1] = 0;
  return out;
}

/** Upper left corners [index of the sample] of the blocks. */
function corners({ width, height }: Plane): number[] {
  const list: number[] = [];
  for (let y = FIRST; y <= height - MARGIN; y += STEP)
    for (let x = FIRST; x <= width - MARGIN; x += STEP) list.push(y * width + x);
  return list;
}

/** Mean over a block of each derivative times itself `i` rows down and `j` columns to the right, weighted by i and j. */
function autocorrelation(across: Plane, down: Plane, corner: number, i: number, j: number): number {
  const { width } = across;
  const lag = i * width + j;
  let [rows, columns] = [0, 0];
  for (let y = 0; y < BLOCK; y++)
    for (let k = corner + y * width, end = k + BLOCK; k < end; k++) {
      rows += across.data[k]! * across.data[k + lag]!;
      columns += down.data[k]! * down.data[k + lag]!;
    }
  const total = lag === 0 ? rows + columns : (i * rows + j * columns) / (i + j);
  return total / (BLOCK * BLOCK);
}

/** Autocorrelation of a block at lags 2 … 6, relative to that at lag 1 where it is positive. */
function rings(across: Plane, down: Plane, corner: number, energy: number): number[] {
  const [first, ...others] = Array.from({ length: LAGS }, (_, index) => {
    const k = index + 1;
    const at = (i: number, j: number) => autocorrelation(across, down, corner, i, j);
    return (at(k, 0) + at(0, k) + at(k, k)) / energy;
  });
  return others.map((value) => (first! > 0 ? value / first! : value));
}

/** Standard deviation (n − 1) of the gradient's magnitude in a block. */
function blockDeviation(across: Plane, down: Plane, corner: number): number {
  let [sum, squares] = [0, 0];
  for (let y = 0; y < BLOCK; y++)
    for (let k = corner + y * across.width, end = k + BLOCK; k < end; k++) {
      const square = across.data[k]! ** 2 + down.data[k]! ** 2;
      sum += Math.sqrt(square);
      squares += square;
    }
  const n = BLOCK * BLOCK;
  return Math.sqrt(Math.max(squares - (sum * sum) / n, 0) / (n - 1));
}

const average = (values: readonly number[]) =>
  values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;

export function sharpnessFeatures(planes: YcbcrPlanes) {
  const lab = labPlanes(planes);
  const strength = edges(lab);
  const reduced = strength.width > WIDEST ? half(strength) : strength;
  const [across, down] = sobel(reduced);
  for (const { data } of [across, down]) for (let i = 0; i < data.length; i++) data[i]! /= 8;
  const blocks = corners(reduced)
    .map((corner) => ({ corner, energy: autocorrelation(across, down, corner, 0, 0) }))
    .filter(({ energy }) => energy > TEXTURED);
  const lags = blocks.map(({ corner, energy }) => rings(across, down, corner, energy));
  const deviations = blocks.map(({ corner }) => blockDeviation(across, down, corner));
  const typical = average(deviations);
  let chroma = 0;
  for (let i = 0; i < lab[1].data.length; i++) chroma += lab[1].data[i]! ** 2 + lab[2].data[i]! ** 2;
  return {
    hc_sobel: meanOf(strength),
    hc_sobel_std: deviationOf(strength),
    hc_chroma: Math.sqrt(chroma / lab[1].data.length) / 50,
    hc_blur5: average(lags.map(average)),
    hc_blur2: average(lags.map((values) => values[0]!)),
    hc_softstd: average(deviations.filter((value) => value <= typical)),
  };
}
