/**
 * One chart on a canvas, drawn by uPlot: lines differ by dash and ink, with their names at their right ends; no legend, no
 * animation. Colours and fonts come from the style sheet and are read again when the theme changes.
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
  /** Position of the pointer on the axis; null when it has left. */
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
  // Room for the widest value, which is one with a power of ten.
  const widest = (line: Line) =>
    measuring.measureText(line.end.value ? `${line.end.name} 0.0e−0` : line.end.name).width;
  return Math.max(20, ...lines.map(widest));
}

function seriesOf({ lines }: PlotContent, palette: () => Palette): uPlot.Series[] {
  return lines.flatMap((line): uPlot.Series[] => {
    const stroke = () => palette().inks[line.ink];
    const plain: uPlot.Series = { stroke, width: 1, points: { show: false } };
    const fill = () => (line.dots === 'full' ? stroke() : palette().inks.surface);
    return [
      ...(line.raw ? [{ ...plain, alpha: RAW_ALPHA }] : []),
      {
        ...plain,
        width: line.primary ? 1.6 : 1.25,
        dash: [...line.dash],
        // A single value has no line: it is a dot.
        points: line.dots === 'none' ? { show: false } : { show: true, size: 6, width: 1.4, stroke, fill },
      },
    ];
  });
}

/** @param side 0 for the axis of steps at the bottom, 1 for the axis of values at the left */
function axisOf(side: 0 | 1, palette: () => Palette): uPlot.Axis {
  const valueWidth = (_: uPlot, values: string[] | null): number => {
    if (!measuring || !values) return 36;
    measuring.font = palette().font(400);
    return Math.ceil(Math.max(16, ...values.map((text) => measuring.measureText(text).width))) + 9;
  };
  return {
    stroke: () => palette().inks['ink-3'],
    font: palette().font(400),
    ticks: { show: false },
    gap: side === 0 ? 5 : 7,
    size: side === 0 ? 24 : valueWidth,
    space: side === 0 ? 56 : 34,
    splits: (u, _, low, high) => {
      const room = side === 0 ? u.bbox.width / uPlot.pxRatio / 64 : u.bbox.height / uPlot.pxRatio / 30;
      return ticks(low, high, Math.max(2, room));
    },
    values: (_, splits) => tickLabels(splits),
    grid: side === 0 ? { show: false } : { stroke: () => palette().inks.line, width: 1 },
    border: { show: false },
  };
}

/** Draws the names of the lines at their right ends, spread so that they do not overlap. */
function drawLabels(u: uPlot, { lines }: PlotContent, palette: Palette): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  const [from, to] = [u.scales.x?.min ?? 0, u.scales.x?.max ?? 0];
  const ends = lines.flatMap((line) => {
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

function drawLimit(u: uPlot, { limit }: PlotContent, palette: Palette): void {
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

/** Cursor, selection by dragging, and reset by a double click, reported to the page. */
function interaction(
  events: PlotEvents,
): Pick<uPlot.Options, 'cursor'> & { readonly hooks: uPlot.Hooks.Arrays } {
  return {
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
  };
}

class UPlotChart implements Plot {
  private readonly host: HTMLElement;
  private readonly events: PlotEvents;
  private readonly resized: ResizeObserver;
  private content: PlotContent = { lines: [], limit: null };
  private range: readonly [number, number] | null = null;
  private cursor: number | null = null;
  private palette: Palette;
  private plot: uPlot | null = null;
  private shape = '';

  constructor(host: HTMLElement, events: PlotEvents) {
    this.host = host;
    this.events = events;
    this.palette = paletteOf(host);
    this.resized = new ResizeObserver(() => {
      if (host.clientWidth > 0)
        this.plot?.setSize({ width: host.clientWidth, height: Math.max(90, host.clientHeight) });
      this.positionCursor();
    });
    this.resized.observe(host);
  }

  show(content: PlotContent, range: readonly [number, number] | null): void {
    this.content = content;
    this.range = range;
    const shape = shapeOf(content);
    if (!this.plot || shape !== this.shape) {
      this.shape = shape;
      this.build();
      return;
    }
    const { plot } = this;
    plot.batch(() => {
      plot.setData(this.data(), false);
      this.applyScales(plot);
    });
    this.positionCursor();
  }

  setCursor(x: number | null): void {
    this.cursor = x;
    this.positionCursor();
  }

  recolour(): void {
    this.palette = paletteOf(this.host);
    this.build();
  }

  destroy(): void {
    this.resized.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  private data(): uPlot.AlignedData {
    const { xs, columns } = aligned(this.content.lines);
    return [xs, ...columns] as uPlot.AlignedData;
  }

  private applyScales(plot: uPlot): void {
    const { lines, ceiling, limit } = this.content;
    const [from, to] = this.range ?? spanOf(lines);
    const [low, high] = valueRange(lines, from, to, ceiling);
    // The limit is drawn once the values have come within half of it.
    const top = limit !== null && high > limit / 2 ? Math.max(high, limit * 1.05) : high;
    plot.setScale('x', { min: from, max: to });
    plot.setScale('y', { min: low, max: top });
  }

  private build(): void {
    this.plot?.destroy();
    const { host, events } = this;
    const palette = () => this.palette;
    const { cursor, hooks } = interaction(events);
    const labelWidth = () => Math.ceil(widestLabel(this.content.lines, this.palette.font(500)));
    const plot = new uPlot(
      {
        width: Math.max(120, host.clientWidth),
        height: Math.max(90, host.clientHeight),
        padding: [8, () => labelWidth() + LABEL_GAP + 2, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: false, auto: false, range: (_, low, high) => [low, high] },
          y: { auto: false, range: (_, low, high) => [low, high] },
        },
        axes: [axisOf(0, palette), axisOf(1, palette)],
        series: [{}, ...seriesOf(this.content, palette)],
        ...(cursor && { cursor }),
        hooks: {
          ...hooks,
          draw: [
            (u) => drawLimit(u, this.content, this.palette),
            (u) => drawLabels(u, this.content, this.palette),
          ],
        },
      },
      this.data(),
      host,
    );
    this.plot = plot;
    plot.batch(() => this.applyScales(plot));
    // A finger moves the cursor along the chart; up and down it scrolls the page.
    plot.over.style.touchAction = 'pan-y';
    plot.over.addEventListener('pointermove', (event) => {
      if (event.pointerType !== 'touch') return;
      events.onPoint(plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x'));
    });
    this.positionCursor();
  }

  private positionCursor(): void {
    const { plot, cursor } = this;
    if (!plot) return;
    const left = cursor === null ? -10 : plot.valToPos(cursor, 'x');
    const outside = left < 0 || left > plot.over.clientWidth;
    plot.setCursor({ left: outside ? -10 : left, top: outside ? -10 : plot.over.clientHeight / 2 }, false);
  }
}

/** @param host element with a size of its own, which the plot follows */
export const createPlot = (host: HTMLElement, events: PlotEvents): Plot => new UPlotChart(host, events);
