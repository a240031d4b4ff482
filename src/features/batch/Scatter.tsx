/** Scatter plot of score against MOS: points on a canvas under SVG axes, the fitted curve, a cursor. */
import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Pair, PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { logisticAt } from '../../../core/stats/logistic.ts';
import { correlation } from '../../../core/text/format.ts';
import { fileName } from './rows.ts';
import { histogram, nearestPoint, type Scales, scatterScales } from './scatter-geometry.ts';
import './Scatter.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export interface ScatterProps {
  readonly pairs: readonly Pair[];
  readonly metrics: PairMetrics | null;
  readonly range: readonly [number, number];
  /** Range of all human scores of the batch: the axis stands still while points arrive. */
  readonly opinions: readonly [number, number] | null;
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
}

const WIDTH = 440;
const HEIGHT = 316;
/** Height of the score histogram above the points. */
const TOP = 48;
const BINS = 40;
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 };

export function Scatter({ pairs, metrics, range, opinions, selected, onSelect }: ScatterProps) {
  const t = useBatchMessages();
  const canvas = useRef<HTMLCanvasElement>(null);
  const caption = useId();
  const [low, high] = opinions ?? [null, null];
  const scales = useMemo(
    () => scatterScales(pairs, range, low === null || high === null ? null : [low, high], WIDTH, HEIGHT, TOP),
    [pairs, range, low, high],
  );
  const sorted = useMemo(() => [...pairs].sort((a, b) => a.score - b.score), [pairs]);
  const { at, setAt, onKeyDown, pointAt } = useCursor(sorted, scales, selected, onSelect);
  const shown = at === null ? sorted.find(({ path }) => path === selected) : sorted[at];
  usePoints(canvas, pairs, scales);
  const readout = shown && t.scatter.point(fileName(shown.path), shown.score.toFixed(2), String(shown.mos));
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
        onKeyDown={onKeyDown}
        onPointerMove={pointAt}
        onPointerLeave={() => setAt(null)}
        onClick={(event) => {
          const nearest = pointAt(event as unknown as PointerEvent<HTMLElement>);
          if (nearest !== null) onSelect((sorted[nearest] as Pair).path);
        }}
      >
        <canvas ref={canvas} />
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
          <Density pairs={pairs} scales={scales} />
          <Axes scales={scales} />
          <Curve metrics={metrics} scales={scales} />
          {shown && <Cross pair={shown} scales={scales} />}
        </svg>
      </div>
      <p className="batch-scatter__readout">{readout ?? ' '}</p>
      <figcaption id={caption}>
        {metrics
          ? t.scatter.caption(metrics.n, correlation(metrics.srcc.value), metrics.fit !== null)
          : t.scatter.captionFew(pairs.length)}
      </figcaption>
    </figure>
  );
}

/** Draws the points on the canvas, again after a change of the theme. */
function usePoints(
  canvas: RefObject<HTMLCanvasElement | null>,
  pairs: readonly Pair[],
  scales: Scales,
): void {
  useEffect(() => {
    const target = canvas.current;
    const context = target?.getContext('2d');
    if (!target || !context) return;
    const draw = () => {
      const ratio = devicePixelRatio || 1;
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
    const observer = new MutationObserver(draw);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, [canvas, pairs, scales]);
}

/** Index of the point under the cursor, moved by pointer and keys; null when the cursor is elsewhere. */
function useCursor(
  sorted: readonly Pair[],
  scales: Scales,
  selected: string | null,
  onSelect: (path: string) => void,
) {
  const [at, setAt] = useState<number | null>(null);
  const pointAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    const nearest = nearestPoint(sorted, scales, x, y);
    setAt(nearest);
    return nearest;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const now = at ?? sorted.findIndex(({ path }) => path === selected);
    const step = STEPS[event.key];
    let next: number;
    if (step !== undefined) next = now + step;
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = sorted.length - 1;
    else if (event.key === 'Enter' && sorted[now]) return onSelect(sorted[now].path);
    else return;
    event.preventDefault();
    setAt(Math.min(sorted.length - 1, Math.max(0, next)));
  };
  return { at, setAt, onKeyDown, pointAt };
}

interface LayerProps {
  readonly scales: Scales;
}

/** Histogram of the scores above the points, which overlap. */
function Density({ pairs, scales }: LayerProps & { readonly pairs: readonly Pair[] }) {
  const bars = useMemo(() => {
    const scores = pairs.map(({ score }) => score);
    const bins = histogram(scores, scales.extent, BINS);
    const most = Math.max(1, ...bins);
    return bins.map((n) => n / most);
  }, [pairs, scales]);
  const width = (scales.right - scales.left) / BINS;
  return bars.map((share, i) => (
    <rect
      // biome-ignore lint/suspicious/noArrayIndexKey: the index is the bin
      key={i}
      className="batch-scatter__bar"
      x={scales.left + i * width + 0.5}
      width={width - 1}
      y={TOP - 12 - share * (TOP - 16)}
      height={share * (TOP - 16)}
    />
  ));
}

function Axes({ scales }: LayerProps) {
  const t = useBatchMessages();
  const { left, bottom, x, y, xTicks, yTicks } = scales;
  return (
    <>
      {yTicks.map((value) => (
        <g key={value}>
          <line className="batch-scatter__grid" x1={left} x2={WIDTH} y1={y(value)} y2={y(value)} />
          <text x={left - 8} y={y(value) + 4} textAnchor="end">
            {value}
          </text>
        </g>
      ))}
      {xTicks.map((value) => (
        <g key={value}>
          <line className="batch-scatter__tick" x1={x(value)} x2={x(value)} y1={bottom} y2={bottom + 5} />
          <text x={x(value)} y={bottom + 18} textAnchor="middle">
            {value}
          </text>
        </g>
      ))}
      <line className="batch-scatter__axis" x1={left} x2={WIDTH} y1={bottom} y2={bottom} />
      <text className="batch-scatter__name" x={left - 8} y={TOP - 11} textAnchor="end">
        {t.scatter.y}
      </text>
      <text className="batch-scatter__name" x={(left + WIDTH) / 2} y={HEIGHT - 3} textAnchor="middle">
        {t.scatter.x}
      </text>
    </>
  );
}

/** The fitted logistic. */
function Curve({ metrics, scales }: LayerProps & { readonly metrics: PairMetrics | null }) {
  const fit = metrics?.fit;
  if (!fit) return null;
  const [low, high] = scales.extent;
  const points = Array.from({ length: 61 }, (_, i) => {
    const score = low + ((high - low) * i) / 60;
    return `${scales.x(score).toFixed(1)} ${scales.y(logisticAt(fit, score)).toFixed(1)}`;
  });
  return <path className="batch-scatter__curve" d={`M${points.join('L')}`} />;
}

function Cross({ pair, scales }: LayerProps & { readonly pair: Pair }) {
  const [x, y] = [scales.x(pair.score), scales.y(pair.mos)];
  return (
    <g>
      <path className="batch-scatter__cross" d={`M${scales.left} ${y}H${x}V${scales.bottom}`} />
      <circle className="batch-scatter__here" cx={x} cy={y} r="5" />
    </g>
  );
}
