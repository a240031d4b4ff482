/** Score against MOS: points on a canvas under SVG axes, the fitted curve, a cursor for keys and pointer. */
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Pair, PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { logisticAt } from '../../../core/stats/logistic.ts';
import { correlation } from '../../../core/text/format.ts';
import { fileName } from './rows.ts';
import { histogram, nearestPoint, scatterScales } from './scatter-geometry.ts';
import './Scatter.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export interface ScatterProps {
  readonly pairs: readonly Pair[];
  readonly metrics: PairMetrics | null;
  readonly range: readonly [number, number];
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
}

const WIDTH = 440;
const HEIGHT = 316;
/** Room above the points for how many of them stand over each other. */
const TOP = 48;
const BINS = 40;

export function Scatter({ pairs, metrics, range, selected, onSelect }: ScatterProps) {
  const t = useBatchMessages();
  const canvas = useRef<HTMLCanvasElement>(null);
  const caption = useId();
  const [at, setAt] = useState<number | null>(null);
  const scales = useMemo(() => scatterScales(pairs, range, WIDTH, HEIGHT, TOP), [pairs, range]);
  const bars = useMemo(() => {
    const bins = histogram(
      pairs.map(({ score }) => score),
      scales.extent,
      BINS,
    );
    const most = Math.max(1, ...bins);
    return bins.map((n) => n / most);
  }, [pairs, scales]);
  const bar = (scales.right - scales.left) / BINS;
  const sorted = useMemo(() => [...pairs].sort((a, b) => a.score - b.score), [pairs]);
  const shown = at === null ? sorted.find(({ path }) => path === selected) : sorted[at];

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context) return;
    const draw = () => {
      const ratio = devicePixelRatio || 1;
      const target = canvas.current as HTMLCanvasElement;
      target.width = WIDTH * ratio;
      target.height = HEIGHT * ratio;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, WIDTH, HEIGHT);
      context.fillStyle = getComputedStyle(target).color;
      context.globalAlpha = pairs.length > 300 ? 0.35 : 0.55;
      for (const { score, mos } of pairs) {
        context.beginPath();
        context.arc(scales.x(score), scales.y(mos), 2.2, 0, 2 * Math.PI);
        context.fill();
      }
    };
    draw();
    // Another theme is another colour of ink.
    const watch = new MutationObserver(draw);
    watch.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => watch.disconnect();
  }, [pairs, scales]);

  const point = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const nearest = nearestPoint(
      sorted,
      scales,
      ((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * HEIGHT,
    );
    setAt(nearest);
    return nearest;
  };
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 };
    const now = at ?? sorted.findIndex(({ path }) => path === selected);
    let next: number;
    if (event.key in steps) next = now + (steps[event.key] as number);
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = sorted.length - 1;
    else if (event.key === 'Enter' && sorted[now]) return onSelect((sorted[now] as Pair).path);
    else return;
    event.preventDefault();
    setAt(Math.min(sorted.length - 1, Math.max(0, next)));
  };
  const readout = shown && t.scatter.point(fileName(shown.path), shown.score.toFixed(2), String(shown.mos));
  const curve =
    metrics?.fit &&
    Array.from({ length: 61 }, (_, i) => {
      const [low, high] = scales.extent;
      const x = low + ((high - low) * i) / 60;
      return `${i === 0 ? 'M' : 'L'}${scales.x(x).toFixed(1)} ${scales.y(logisticAt(metrics.fit as NonNullable<typeof metrics.fit>, x)).toFixed(1)}`;
    }).join('');
  return (
    <figure className="batch-scatter" aria-labelledby={caption}>
      <div
        className="batch-scatter__field"
        role="slider"
        tabIndex={0}
        aria-label={t.scatter.cursor}
        aria-valuemin={1}
        aria-valuemax={Math.max(1, sorted.length)}
        aria-valuenow={(at ?? 0) + 1}
        aria-valuetext={readout ?? ''}
        onKeyDown={key}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
        onClick={(event) => {
          const nearest = point(event as unknown as PointerEvent<HTMLElement>);
          if (nearest !== null) onSelect((sorted[nearest] as Pair).path);
        }}
      >
        <canvas ref={canvas} />
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
          {bars.map((share, i) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its place
              key={i}
              className="batch-scatter__bar"
              x={scales.left + i * bar + 0.5}
              width={bar - 1}
              y={TOP - 12 - share * (TOP - 16)}
              height={share * (TOP - 16)}
            />
          ))}
          {scales.yTicks.map((value) => (
            <g key={value}>
              <line
                className="batch-scatter__grid"
                x1={scales.left}
                x2={WIDTH}
                y1={scales.y(value)}
                y2={scales.y(value)}
              />
              <text x={scales.left - 8} y={scales.y(value) + 4} textAnchor="end">
                {value}
              </text>
            </g>
          ))}
          {scales.xTicks.map((value) => (
            <g key={value}>
              <line
                className="batch-scatter__tick"
                x1={scales.x(value)}
                x2={scales.x(value)}
                y1={scales.bottom}
                y2={scales.bottom + 5}
              />
              <text x={scales.x(value)} y={scales.bottom + 18} textAnchor="middle">
                {value}
              </text>
            </g>
          ))}
          <line
            className="batch-scatter__axis"
            x1={scales.left}
            x2={WIDTH}
            y1={scales.bottom}
            y2={scales.bottom}
          />
          {curve && <path className="batch-scatter__curve" d={curve} />}
          {shown && (
            <g>
              <path
                className="batch-scatter__cross"
                d={`M${scales.left} ${scales.y(shown.mos)}H${scales.x(shown.score)}V${scales.bottom}`}
              />
              <circle
                className="batch-scatter__here"
                cx={scales.x(shown.score)}
                cy={scales.y(shown.mos)}
                r="5"
              />
            </g>
          )}
          <text className="batch-scatter__name" x={scales.left - 8} y={TOP - 11} textAnchor="end">
            {t.scatter.y}
          </text>
          <text
            className="batch-scatter__name"
            x={(scales.left + WIDTH) / 2}
            y={HEIGHT - 3}
            textAnchor="middle"
          >
            {t.scatter.x}
          </text>
        </svg>
      </div>
      <p className="batch-scatter__readout">{readout ?? ' '}</p>
      <figcaption id={caption}>
        {metrics
          ? t.scatter.caption(metrics.n, correlation(metrics.srcc.value))
          : t.scatter.captionFew(pairs.length)}
      </figcaption>
    </figure>
  );
}
