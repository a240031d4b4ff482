/** From a file's scores to labels of training. */
import { labelRange, type Source } from '../../src/core/training/source.ts';

/** The released labels have six decimals. */
const six = (x: number) => Math.round(x * 1e6) / 1e6;

/** The label of a score by the source's rule (`labelRules`). */
export function labelOf(source: Source, mos: number): number {
  switch (source.labels) {
    case 'mos/20':
      return six(mos / 20);
    case '1-5': {
      const [low, high] = source.mosRange!;
      return six(1 + (4 * (mos - low)) / (high - low));
    }
    default:
      return mos;
  }
}

/** Range that labels of the rule must keep; null where anything goes. */
export function rangeOf(source: Source): readonly [number, number] | null {
  if (source.labels === 'raw') return null;
  return source.labels === '1-5' ? [1, 5] : labelRange;
}
