import { useMemo } from 'react';
import { decimate, smooth } from './chart-data.ts';
import type { Cell } from './state/metrics.ts';

const WIDTH = 62;
const HEIGHT = 22;

/** The course of one metric without numbers; the charts have them. */
export function Sparkline({ values }: { readonly values: readonly Cell[] }) {
  const path = useMemo(() => {
    const xs = values.map((_, i) => i);
    const points = decimate(xs, smooth(values, 0.6), WIDTH / 3);
    const ys = points.flatMap(([, y]) => (y === null ? [] : [y]));
    if (ys.length < 2) return null;
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    const x = (value: number) => 1 + (value / Math.max(1, xs.length - 1)) * (WIDTH - 2);
    const y = (value: number) => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
    return points
      .map(([at, value], i) =>
        value === null
          ? ''
          : `${i === 0 || points[i - 1]![1] === null ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`,
      )
      .join('');
  }, [values]);
  return (
    <svg
      className="training-spark"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {path && <path d={path} />}
    </svg>
  );
}
