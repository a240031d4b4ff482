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

export function chartSvg({ title, note, xTitle, lines, range, ceiling }: ChartImage): string {
  const [from, to] = range ?? spanOf(lines);
  const [low, high] = valueRange(lines, from, to, ceiling);
  const width = WIDTH - BOX.left - BOX.right;
  const height = HEIGHT - BOX.top - BOX.bottom;
  const x = (value: number) => BOX.left + ((value - from) / (to - from)) * width;
  const y = (value: number) => BOX.top + (1 - (value - low) / (high - low)) * height;
  const text = (at: readonly [number, number], label: string, attributes = '') =>
    `<text x="${px(at[0])}" y="${px(at[1])}" ${attributes}>${escapeXml(label)}</text>`;

  const visible = (xs: readonly number[], ys: Line['ys']): Point[] => {
    const inside = xs.flatMap((value, i) => (value >= from && value <= to ? [i] : []));
    return decimate(
      inside.map((i) => xs[i]!),
      inside.map((i) => ys[i]),
      width,
    );
  };
  const path = (points: readonly Point[]): string => {
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
  };

  const xTicks = ticks(from, to, 8);
  const yTicks = ticks(low, high, 6);
  const grid = yTicks.map(
    (value) =>
      `<path d="M${BOX.left} ${px(y(value))}H${BOX.left + width}" stroke="#dadada" stroke-width="1" fill="none"/>`,
  );
  const yLabels = tickLabels(yTicks).map((words, i) =>
    text([BOX.left - 8, y(yTicks[i]!) + 4], words, 'text-anchor="end" fill="#666"'),
  );
  const xLabels = tickLabels(xTicks).map((words, i) =>
    text([x(xTicks[i]!), BOX.top + height + 20], words, 'text-anchor="middle" fill="#666"'),
  );
  const drawn = lines.map((line) => {
    const ink = INKS[line.ink];
    const points = visible(line.xs, line.ys);
    const stroke = `stroke="${ink}" fill="none" stroke-linejoin="round"`;
    const raw = line.raw
      ? `<path d="${path(visible(line.xs, line.values))}" ${stroke} stroke-width="1" opacity="0.22"/>`
      : '';
    const dash = line.dash.length > 0 ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
    const dots =
      line.dots === 'none'
        ? ''
        : points
            .filter((point): point is readonly [number, number] => point[1] !== null)
            .map(
              ([px0, py]) =>
                `<circle cx="${px(x(px0))}" cy="${px(y(py))}" r="3" stroke="${ink}" fill="${line.dots === 'full' ? ink : '#fff'}"/>`,
            )
            .join('');
    return {
      line,
      svg: `${raw}<path d="${path(points)}" ${stroke} stroke-width="1.6"${dash}/>${dots}`,
      points,
    };
  });
  const ends = drawn.flatMap(({ line, points }) => {
    const last = points.findLast((point): point is readonly [number, number] => point[1] !== null);
    return last ? [{ line, value: last[1], y: y(last[1]) }] : [];
  });
  const places = spreadLabels(
    ends.map((end) => end.y),
    15,
    BOX.top + 4,
    BOX.top + height,
  );
  const names = ends.map(({ line, value }, i) =>
    text(
      [BOX.left + width + 8, places[i]! + 4],
      endLabel(line, value),
      `fill="${INKS[line.ink]}" font-weight="500"`,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${escapeXml(FONT)}" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text([BOX.left - 40, 26], title, 'fill="#171717" font-size="15" font-weight="600"'),
    text([BOX.left - 40, 46], note, 'fill="#666"'),
    ...grid,
    ...yLabels,
    ...xLabels,
    text([BOX.left + width / 2, HEIGHT - 12], xTitle, 'text-anchor="middle" fill="#666"'),
    ...drawn.map(({ svg }) => svg),
    ...names,
    '</svg>',
  ].join('\n');
}

/** The same picture as PNG, twice as large in pixels. */
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
