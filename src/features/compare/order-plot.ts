/** Geometry of the plot of source frame against position, in parts of the plot, 0 … 1. */
import type { DrawnPerturbation } from './state/timeline.ts';
import { orderOf } from './state/timeline.ts';

export interface OrderPoint {
  readonly position: number;
  /** Null for a frame of zeros. */
  readonly source: number | null;
  readonly displaced: boolean;
  readonly repeated: boolean;
}

export interface PlottedOrder {
  readonly points: readonly OrderPoint[];
  /** Number of source frames. */
  readonly sources: number;
  /** Source frames that are not shown, ascending. */
  readonly missing: readonly number[];
}

/** Order of B, shifted by the offset; the first and last frame are held. */
export function shownOrder(
  perturbation: DrawnPerturbation | null,
  sampled: readonly number[],
  positions: number,
  offset: number,
): (number | null)[] {
  const drawn = perturbation?.drawn;
  const order =
    drawn?.kind === 'perturbed' ? orderOf(drawn, sampled) : Array.from({ length: positions }, (_, i) => i);
  return Array.from(
    { length: positions },
    (_, p) => order[Math.min(order.length - 1, Math.max(0, p + offset))] ?? null,
  );
}

export function plottedOrder(order: readonly (number | null)[], sources: number): PlottedOrder {
  const seen = new Set<number>();
  const points = order.map((source, position): OrderPoint => {
    const repeated = source !== null && seen.has(source);
    if (source !== null) seen.add(source);
    return { position, source, displaced: source !== position, repeated };
  });
  const missing = Array.from({ length: sources }, (_, i) => i).filter((source) => !seen.has(source));
  return { points, sources, missing };
}

/** Tick labels of an axis from 1 to `count`: both ends and round numbers between. */
export function axisTicks(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i + 1);
  const rough = count / (most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough && s % 1 === 0) ?? 10 * power;
  const inner = Array.from({ length: Math.floor((count - 1) / step) }, (_, i) => (i + 1) * step);
  // Labels next to the last one would overlap it.
  return [1, ...inner.filter((n) => n > 1 && count - n > step * 0.4), count];
}

/** Middle of a 0-based index on an axis of `count`, 0 … 1. */
export const along = (index: number, count: number): number => (index + 0.5) / count;

const num = (x: number): string => String(Math.round(x * 100) / 100);

/** SVG paths of the plot: dots as strokes of length 0, and the line through them, in a box of width × height. */
export function orderPaths({ points, sources }: PlottedOrder, width: number, height: number) {
  const at = ({ position, source }: OrderPoint): string =>
    `${num(along(position, points.length) * width)} ${num((1 - along(source ?? 0, sources)) * height)}`;
  const there = points.filter(({ source }) => source !== null);
  const dots = (some: readonly OrderPoint[]) => some.map((point) => `M${at(point)}h0`).join('');
  let line = '';
  for (const [i, point] of points.entries()) {
    if (point.source === null) continue;
    // A removed frame leaves a gap in the line.
    line += `${i > 0 && points[i - 1]!.source !== null ? 'L' : 'M'}${at(point)}`;
  }
  return {
    line,
    displaced: dots(there.filter(({ displaced, repeated }) => displaced && !repeated)),
    unmoved: dots(there.filter(({ displaced, repeated }) => !displaced && !repeated)),
    repeated: dots(there.filter(({ repeated }) => repeated)),
  };
}

/** The plot as an SVG file, black on white with B in violet. `lines` are printed under it. */
export function orderSvg(plot: PlottedOrder, title: string, lines: readonly string[]): string {
  const [width, height, left, top] = [720, 360, 56, 40];
  const { line, displaced, unmoved, repeated } = orderPaths(plot, width, height);
  const text = (x: number, y: number, content: string, anchor = 'start', size = 12) =>
    `<text x="${num(x)}" y="${num(y)}" font-size="${size}" text-anchor="${anchor}">${asText(content)}</text>`;
  const dense = plot.points.length > 64;
  const dot = (d: string, size: number, colour: string) =>
    d && `<path d="${d}" stroke="${colour}" stroke-width="${size}" stroke-linecap="square"/>`;
  const size = dense ? 2 : 7;
  const xs = axisTicks(plot.points.length, 12).map((n) =>
    text(along(n - 1, plot.points.length) * width, height + 18, String(n), 'middle'),
  );
  const ys = axisTicks(plot.sources, 6).map((n) =>
    text(-10, (1 - along(n - 1, plot.sources)) * height + 4, String(n), 'end'),
  );
  const gaps = plot.missing.map((source) => {
    const y = num((1 - along(source, plot.sources)) * height);
    return `<path d="M-6 ${y}H0" stroke="#171717"/>`;
  });
  const body = [
    `<path d="M0 0V${height}H${width}" fill="none" stroke="#848484"/>`,
    `<path d="M${num(0.5 * (width / plot.points.length))} ${num((1 - along(0, plot.sources)) * height)}L${num(width - 0.5 * (width / plot.points.length))} ${num((1 - along(plot.sources - 1, plot.sources)) * height)}" stroke="#171717"/>`,
    dense ? '' : `<path d="${line}" fill="none" stroke="#9c40c6" stroke-dasharray="3 3"/>`,
    dot(unmoved, size, '#9c40c6'),
    dense ? '' : dot(unmoved, size - 3, '#fff'),
    dot(displaced, size, '#9c40c6'),
    dot(repeated, size + 5, '#9c40c6'),
    dot(repeated, size + 2, '#fff'),
    dot(repeated, size, '#9c40c6'),
    ...gaps,
    ...xs,
    ...ys,
  ].join('');
  const all = height + top + 40 + lines.length * 18;
  const foot = lines.map((content, i) => text(left, top + height + 44 + i * 18, content)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + left + 24} ${all}" font-family="system-ui,sans-serif"><rect width="100%" height="100%" fill="#fff"/>${text(left, 24, title, 'start', 14)}<g transform="translate(${left} ${top})">${body}</g>${foot}</svg>`;
}

function asText(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
