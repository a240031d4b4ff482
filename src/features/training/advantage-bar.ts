/** Bars of advantages: they share one scale in a group and grow from its zero, to the right or to the left. */
export interface Bar {
  /** Percent of the width. */
  readonly left: number;
  readonly width: number;
  readonly negative: boolean;
}

/**
 * The zero stands in the middle whatever the values are, so that bars of one step can be compared with those of the next.
 *
 * @param advantages null = has none: no bar
 */
export function advantageBars(advantages: readonly (number | null)[]): (Bar | null)[] {
  const largest = Math.max(0, ...advantages.map((value) => Math.abs(value ?? 0)));
  return advantages.map((value) => {
    if (value === null) return null;
    const width = largest === 0 ? 0 : (Math.abs(value) / largest) * 50;
    return { left: value < 0 ? 50 - width : 50, width, negative: value < 0 };
  });
}

/** `.971`, `1`, `+.6`: three decimals at most, without those that say nothing. */
export function part(value: number): string {
  const text = value.toFixed(3).replace(/\.?0+$/, '');
  return text.replace(/^(-?)0\./, '$1.').replace('-', '−');
}
