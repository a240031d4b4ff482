/** Geometry of the score ruler. Positions are percent of its length, so that the drawing needs no measuring. */

/** A score scale: its ends and the four cuts between the five grades, ascending. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly cuts: readonly [number, number, number, number];
}

export interface Tick {
  /** Percent from the low end. */
  readonly at: number;
  readonly kind: 'grade' | 'half' | 'tenth';
}

export interface Zone {
  readonly band: 1 | 2 | 3 | 4 | 5;
  /** Percent from the low end. */
  readonly from: number;
  readonly to: number;
}

const percent = (value: number, { low, high }: Scale): number =>
  Math.round(((value - low) / (high - low)) * 1e6) / 1e4;

/** Ticks each 0.1: `grade` at whole numbers, `half` at .5. Counted in tenths, so that no rounding error adds up. */
export function ticks(scale: Scale): Tick[] {
  const first = Math.round(scale.low * 10);
  const last = Math.round(scale.high * 10);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const tenths = first + i;
    const kind = tenths % 10 === 0 ? 'grade' : tenths % 5 === 0 ? 'half' : 'tenth';
    return { at: percent(tenths / 10, scale), kind };
  });
}

/** The five zones between the ends and the cuts. */
export function zones(scale: Scale): Zone[] {
  const ends = [scale.low, ...scale.cuts, scale.high];
  return ([1, 2, 3, 4, 5] as const).map((band) => ({
    band,
    from: percent(ends[band - 1]!, scale),
    to: percent(ends[band]!, scale),
  }));
}

/** Position of a grade's name, at the value of the grade, 1 … 5. */
export function gradeAt(grade: number, scale: Scale): number {
  return percent(grade, scale);
}

/** Position of a value; beyond the scale its end, with the side on which the value lies. */
export function position(value: number, scale: Scale): { at: number; off: 'below' | 'above' | null } {
  if (value < scale.low) return { at: 0, off: 'below' };
  if (value > scale.high) return { at: 100, off: 'above' };
  return { at: percent(value, scale), off: null };
}

export interface Dot {
  /** Index into the values given. */
  readonly index: number;
  readonly at: number;
  /** Height in the stack, 0 at the ruler. */
  readonly level: number;
}

/**
 * A dot plot after Wilkinson (1999): values closer than one dot to the first of a stack stand on it, and the stack
 * stands at their mean. So dots never overlap and no value moves by more than one dot.
 * @param dot diameter of a dot in units of the score
 */
export function dotPlot(values: readonly number[], scale: Scale, dot: number): Dot[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const dots: Dot[] = [];
  for (let i = 0; i < order.length; ) {
    let j = i;
    // The tolerance keeps 3.60 and 3.66 apart where the difference in binary is a hair under one dot.
    while (j < order.length && order[j]!.value - order[i]!.value < dot - 1e-9) j += 1;
    const stack = order.slice(i, j);
    const mean = stack.reduce((sum, { value }) => sum + value, 0) / stack.length;
    stack.forEach(({ index }, level) => {
      dots.push({ index, at: position(mean, scale).at, level });
    });
    i = j;
  }
  return dots;
}
