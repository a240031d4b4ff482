/**
 * One chart on a canvas, drawn by uPlot: lines of ink told apart by dash, their names at their right ends, no legend, no
 * animation. Colours and fonts are those of the style sheet, read anew when the theme changes.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { spreadLabels, tickLabels, ticks } from './chart-data.ts';
import { aligned, endLabel, type Ink, type Line, spanOf, valueRange } from './chart-lines.ts';

export interface PlotContent {
  readonly lines: readonly Line[];
  /** Value above which the run stops itself, drawn where it comes into sight. */
  readonly limit: number | null;
  readonly ceiling?: number;
}

export interface PlotEvents {
  /** The pointer is at this place of the axis; null when it has left. */
  onPoint(x: number | null): void;
  onSelect(range: readonly [number, number]): void;
  onReset(): void;
}

export interface Plot {
  show(content: PlotContent, range: readonly [number, number] | null): void;
  setCursor(x: number | null): void;
  /** After a change of theme. */
  recolour(): void;
  destroy(): void;
}

interface Palette {
  readonly inks: Readonly<Record<Ink | 'line' | 'surface', string>>;
  readonly font: (weight: number) => string;
}

const RAW_ALPHA = 0.22;
const FONT_PX = 11;
/** Between the end of a line and its name, in pixels. */
const LABEL_GAP = 7;
const LABEL_HEIGHT = 13;

function paletteOf(host: HTMLElement): Palette {
  const style = getComputedStyle(host);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    inks: {
      ink: read('ink'),
      'ink-3': read('ink-3'),
      'side-b': read('side-b'),
      line: read('line'),
      surface: read('surface'),
    },
    font: (weight) => `${weight} ${FONT_PX}px ${style.fontFamily}`,
  };
}

/** Lines with the same shape are redrawn in place; any other set needs a new plot. */
const shapeOf = ({ lines }: PlotContent): string =>
  lines.map((line) => `${line.id}/${line.raw}/${line.dots}/${line.ink}/${line.dash}`).join(';');

const measuring = document.createElement('canvas').getContext('2d');

function widestLabel(lines: readonly Line[], font: string): number {
  if (!measuring) return 60;
  measuring.font = font;
  // Every value that comes into sight has its place: the widest is one with a power of ten.
  const widest = (line: Line) =>
    measuring.measureText(line.end.value ? `${line.end.name} 0.0e−0` : line.end.name).width;
  return Math.max(20, ...lines.map(widest));
}

/** @param host has a size of its own; the plot follows it */
export function createPlot(host: HTMLElement, events: PlotEvents): Plot {
  let content: PlotContent = { lines: [], limit: null };
  let range: readonly [number, number] | null = null;
  let cursor: number | null = null;
  let palette = paletteOf(host);
  let plot: uPlot | null = null;
  let shape = '';

  function scales(): { x: [number, number]; y: [number, number] } {
    const x = range ? ([...range] as [number, number]) : spanOf(content.lines);
    const y = valueRange(content.lines, x[0], x[1], content.ceiling);
    // The limit is drawn once the values have come within half of it.
    if (content.limit !== null && y[1] > content.limit / 2) y[1] = Math.max(y[1], content.limit * 1.05);
    return { x, y };
  }

  function series(): uPlot.Series[] {
    return content.lines.flatMap((line): uPlot.Series[] => {
      const stroke = () => palette.inks[line.ink];
      const plain: uPlot.Series = { stroke, width: 1, points: { show: false } };
      return [
        ...(line.raw ? [{ ...plain, alpha: RAW_ALPHA }] : []),
        {
          ...plain,
          width: line.primary ? 1.6 : 1.25,
          dash: [...line.dash],
          points:
            line.dots === 'none'
              ? // A single value has no line: it is a dot.
                { show: false }
              : {
                  show: true,
                  size: 6,
                  width: 1.4,
                  stroke,
                  fill: () => (line.dots === 'full' ? palette.inks[line.ink] : palette.inks.surface),
                },
        },
      ];
    });
  }

  function drawLabels(u: uPlot): void {
    const { ctx, bbox } = u;
    const ratio = uPlot.pxRatio;
    const [from, to] = [u.scales.x?.min ?? 0, u.scales.x?.max ?? 0];
    const ends = content.lines.flatMap((line) => {
      for (let i = line.xs.length - 1; i >= 0; i -= 1) {
        const y = line.ys[i];
        if (typeof y === 'number' && line.xs[i]! <= to && line.xs[i]! >= from)
          return [{ line, value: y, y: u.valToPos(y, 'y', true) }];
      }
      return [];
    });
    const positions = spreadLabels(
      ends.map(({ y }) => y),
      LABEL_HEIGHT * ratio,
      bbox.top + 4 * ratio,
      bbox.top + bbox.height - 2 * ratio,
    );
    ctx.save();
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.font = palette.font(500).replace(`${FONT_PX}px`, `${FONT_PX * ratio}px`);
    for (const [i, { line, value }] of ends.entries()) {
      ctx.fillStyle = palette.inks[line.ink];
      ctx.fillText(endLabel(line, value), bbox.left + bbox.width + LABEL_GAP * ratio, positions[i]!);
    }
    ctx.restore();
  }

  function drawLimit(u: uPlot): void {
    const { limit } = content;
    if (limit === null || limit > (u.scales.y?.max ?? 0)) return;
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(limit, 'y', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = palette.inks.ink;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([2 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  function build(): void {
    plot?.destroy();
    const axis = (side: 0 | 1): uPlot.Axis => ({
      stroke: () => palette.inks['ink-3'],
      font: palette.font(400),
      ticks: { show: false },
      gap: side === 0 ? 5 : 7,
      size:
        side === 0
          ? 24
          : (_, values) => {
              if (!measuring || !values) return 36;
              measuring.font = palette.font(400);
              return Math.ceil(Math.max(16, ...values.map((text) => measuring.measureText(text).width))) + 9;
            },
      space: side === 0 ? 56 : 34,
      splits: (u, _, low, high) => {
        const room = side === 0 ? u.bbox.width / uPlot.pxRatio / 64 : u.bbox.height / uPlot.pxRatio / 30;
        return ticks(low, high, Math.max(2, room));
      },
      values: (_, splits) => tickLabels(splits),
      grid: side === 0 ? { show: false } : { stroke: () => palette.inks.line, width: 1 },
      border: { show: false },
    });
    const { xs, columns } = aligned(content.lines);
    const limits = scales();
    plot = new uPlot(
      {
        width: Math.max(120, host.clientWidth),
        height: Math.max(90, host.clientHeight),
        padding: [8, () => Math.ceil(widestLabel(content.lines, palette.font(500))) + LABEL_GAP + 2, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: false, auto: false, range: (_, low, high) => [low, high] },
          y: { auto: false, range: (_, low, high) => [low, high] },
        },
        axes: [axis(0), axis(1)],
        series: [{}, ...series()],
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 6 },
          bind: {
            dblclick: () => () => {
              events.onReset();
              return null;
            },
          },
        },
        hooks: {
          draw: [drawLimit, drawLabels],
          setCursor: [
            (u) => {
              const left = u.cursor.left ?? -1;
              events.onPoint(left < 0 ? null : u.posToVal(left, 'x'));
            },
          ],
          setSelect: [
            (u) => {
              if (u.select.width < 1) return;
              const { left, width } = u.select;
              events.onSelect([u.posToVal(left, 'x'), u.posToVal(left + width, 'x')]);
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [xs, ...columns] as uPlot.AlignedData,
      host,
    );
    plot.batch(() => {
      plot?.setScale('x', { min: limits.x[0], max: limits.x[1] });
      plot?.setScale('y', { min: limits.y[0], max: limits.y[1] });
    });
    // A finger moves the cursor along the chart; up and down it scrolls the page.
    plot.over.style.touchAction = 'pan-y';
    plot.over.addEventListener('pointermove', (event) => {
      if (event.pointerType !== 'touch' || !plot) return;
      events.onPoint(plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x'));
    });
    positionCursor();
  }

  function positionCursor(): void {
    if (!plot) return;
    const left = cursor === null ? -10 : plot.valToPos(cursor, 'x');
    const outside = left < 0 || left > plot.over.clientWidth;
    plot.setCursor({ left: outside ? -10 : left, top: outside ? -10 : plot.over.clientHeight / 2 }, false);
  }

  const resized = new ResizeObserver(() => {
    if (plot && host.clientWidth > 0)
      plot.setSize({ width: host.clientWidth, height: Math.max(90, host.clientHeight) });
    positionCursor();
  });
  resized.observe(host);

  return {
    show(next, nextRange) {
      content = next;
      range = nextRange;
      const nextShape = shapeOf(next);
      if (!plot || nextShape !== shape) {
        shape = nextShape;
        build();
        return;
      }
      const { xs, columns } = aligned(next.lines);
      const limits = scales();
      plot.batch(() => {
        plot?.setData([xs, ...columns] as uPlot.AlignedData, false);
        plot?.setScale('x', { min: limits.x[0], max: limits.x[1] });
        plot?.setScale('y', { min: limits.y[0], max: limits.y[1] });
      });
      positionCursor();
    },
    setCursor(x) {
      cursor = x;
      positionCursor();
    },
    recolour() {
      palette = paletteOf(host);
      build();
    },
    destroy() {
      resized.disconnect();
      plot?.destroy();
      plot = null;
    },
  };
}
