/** A chart as an SVG file: title, axes, lines and their names; what the screen shows, at a size of its own. */
import { decimate, type Point, spreadLabels, tickLabels, ticks } from './chart-data.ts';
import { endLabel, type Line, spanOf, valueRange } from './chart-lines.ts';

export interface ChartImage {
  readonly title: string;
  /** Under the title: unit, run, number of steps. */
  readonly note: string;
  readonly xTitle: string;
  readonly lines: readonly Line[];
  readonly range: readonly [number, number] | null;
  readonly ceiling?: number;
}

const WIDTH = 720;
const HEIGHT = 420;
const BOX = { left: 64, top: 64, right: 132, bottom: 52 };
/** Files are printed and put into papers: always ink on white. */
const INKS = { ink: '#171717', 'side-b': '#9c40c6', 'ink-3': '#666666' } as const;
const FONT = 'system-ui, "Liberation Sans", "Noto Sans CJK SC", sans-serif';

const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
const px = (n: number): string => String(Math.round(n * 100) / 100);

/** Scales of the plot: data to SVG coordinates. */
interface Scales {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const PLOT_WIDTH = WIDTH - BOX.left - BOX.right;
const PLOT_HEIGHT = HEIGHT - BOX.top - BOX.bottom;

function scalesOf({ lines, range, ceiling }: ChartImage): Scales {
  const [from, to] = range ?? spanOf(lines);
  const [low, high] = valueRange(lines, from, to, ceiling);
  return {
    from,
    to,
    low,
    high,
    x: (value) => BOX.left + ((value - from) / (to - from)) * PLOT_WIDTH,
    y: (value) => BOX.top + (1 - (value - low) / (high - low)) * PLOT_HEIGHT,
  };
}

const svgText = (at: readonly [number, number], label: string, attributes = ''): string =>
  `<text x="${px(at[0])}" y="${px(at[1])}" ${attributes}>${escapeXml(label)}</text>`;

/** Points within the range, decimated to the width of the plot. */
function visiblePoints({ from, to }: Scales, xs: readonly number[], ys: Line['ys']): Point[] {
  const inside = xs.flatMap((value, i) => (value >= from && value <= to ? [i] : []));
  return decimate(
    inside.map((i) => xs[i]!),
    inside.map((i) => ys[i]),
    PLOT_WIDTH,
  );
}

/** SVG path; a null value interrupts the line. */
function pathOf({ x, y }: Scales, points: readonly Point[]): string {
  let pen = 'M';
  return points
    .map(([px0, py]) => {
      if (py === null) {
        pen = 'M';
        return '';
      }
      const piece = `${pen}${px(x(px0))} ${px(y(py))}`;
      pen = 'L';
      return piece;
    })
    .join('');
}

type Defined = readonly [number, number];
const isDefined = (point: Point): point is Defined => point[1] !== null;

function lineSvg(scales: Scales, line: Line, points: readonly Point[]): string {
  const ink = INKS[line.ink];
  const stroke = `stroke="${ink}" fill="none" stroke-linejoin="round"`;
  const rawPath = line.raw ? pathOf(scales, visiblePoints(scales, line.xs, line.values)) : '';
  const raw = line.raw ? `<path d="${rawPath}" ${stroke} stroke-width="1" opacity="0.22"/>` : '';
  const dash = line.dash.length > 0 ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
  const fill = line.dots === 'full' ? ink : '#fff';
  const dot = ([x, y]: Defined) =>
    `<circle cx="${px(scales.x(x))}" cy="${px(scales.y(y))}" r="3" stroke="${ink}" fill="${fill}"/>`;
  const dots = line.dots === 'none' ? '' : points.filter(isDefined).map(dot).join('');
  return `${raw}<path d="${pathOf(scales, points)}" ${stroke} stroke-width="1.6"${dash}/>${dots}`;
}

function axesSvg({ from, to, low, high, x, y }: Scales): string[] {
  const [xTicks, yTicks] = [ticks(from, to, 8), ticks(low, high, 6)];
  const right = BOX.left + PLOT_WIDTH;
  return [
    ...yTicks.map(
      (value) =>
        `<path d="M${BOX.left} ${px(y(value))}H${right}" stroke="#dadada" stroke-width="1" fill="none"/>`,
    ),
    ...tickLabels(yTicks).map((label, i) =>
      svgText([BOX.left - 8, y(yTicks[i]!) + 4], label, 'text-anchor="end" fill="#666"'),
    ),
    ...tickLabels(xTicks).map((label, i) =>
      svgText([x(xTicks[i]!), BOX.top + PLOT_HEIGHT + 20], label, 'text-anchor="middle" fill="#666"'),
    ),
  ];
}

/** Names of the lines at their right ends, spread so that they do not overlap. */
function endLabelsSvg(
  { y }: Scales,
  drawn: readonly { readonly line: Line; readonly points: readonly Point[] }[],
) {
  const ends = drawn.flatMap(({ line, points }) => {
    const last = points.findLast(isDefined);
    return last ? [{ line, value: last[1], y: y(last[1]) }] : [];
  });
  const positions = spreadLabels(
    ends.map((end) => end.y),
    15,
    BOX.top + 4,
    BOX.top + PLOT_HEIGHT,
  );
  return ends.map(({ line, value }, i) =>
    svgText(
      [BOX.left + PLOT_WIDTH + 8, positions[i]! + 4],
      endLabel(line, value),
      `fill="${INKS[line.ink]}" font-weight="500"`,
    ),
  );
}

export function chartSvg(chart: ChartImage): string {
  const scales = scalesOf(chart);
  const drawn = chart.lines.map((line) => ({ line, points: visiblePoints(scales, line.xs, line.ys) }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${escapeXml(FONT)}" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    svgText([BOX.left - 40, 26], chart.title, 'fill="#171717" font-size="15" font-weight="600"'),
    svgText([BOX.left - 40, 46], chart.note, 'fill="#666"'),
    ...axesSvg(scales),
    svgText([BOX.left + PLOT_WIDTH / 2, HEIGHT - 12], chart.xTitle, 'text-anchor="middle" fill="#666"'),
    ...drawn.map(({ line, points }) => lineSvg(scales, line, points)),
    ...endLabelsSvg(scales, drawn),
    '</svg>',
  ].join('\n');
}

/** The chart as PNG, twice as large in pixels. */
export async function svgToPng(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = new OffscreenCanvas(WIDTH * 2, HEIGHT * 2);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/png' });
  } finally {
    URL.revokeObjectURL(url);
  }
}
