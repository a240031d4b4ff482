/** The scatter plot as a file, black on white in every theme. */
import type { Pair, PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { logisticAt } from '../../../core/stats/logistic.ts';
import { correlation } from '../../../core/text/format.ts';
import type { BatchMessages } from './messages/en.ts';
import { opinionRange, scatterScales } from './scatter-geometry.ts';

const WIDTH = 640;
const HEIGHT = 440;
const CAPTION = 30;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export function scatterSvg(
  pairs: readonly Pair[],
  metrics: PairMetrics | null,
  range: readonly [number, number],
  t: BatchMessages,
): string {
  const s = scatterScales(pairs, range, opinionRange(pairs), WIDTH, HEIGHT);
  const fixed = (value: number) => value.toFixed(1);
  const text = (x: number, y: number, anchor: string, content: string, ink = '#494949') =>
    `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="${ink}">${escaped(content)}</text>`;
  const fit = metrics?.fit;
  const curve = fit
    ? Array.from({ length: 121 }, (_, i) => {
        const x = s.extent[0] + ((s.extent[1] - s.extent[0]) * i) / 120;
        return `${i === 0 ? 'M' : 'L'}${fixed(s.x(x))} ${fixed(s.y(logisticAt(fit, x)))}`;
      }).join('')
    : '';
  const caption = metrics
    ? t.scatter.caption(metrics.n, correlation(metrics.srcc.value), metrics.fit !== null)
    : t.scatter.captionFew(pairs.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT + CAPTION}" viewBox="0 0 ${WIDTH} ${HEIGHT + CAPTION}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT + CAPTION}" fill="#fff"/>`,
    ...s.yTicks.map(
      (v) =>
        `<path d="M${s.left} ${fixed(s.y(v))}H${WIDTH}" stroke="#dadada"/>${text(s.left - 8, s.y(v) + 4, 'end', String(v))}`,
    ),
    ...s.xTicks.map(
      (v) =>
        `<path d="M${fixed(s.x(v))} ${s.bottom}v5" stroke="#848484"/>${text(s.x(v), s.bottom + 19, 'middle', String(v))}`,
    ),
    `<path d="M${s.left} ${s.bottom}H${WIDTH}" stroke="#848484"/>`,
    text(s.left - 8, 12, 'end', t.scatter.y),
    text((s.left + WIDTH) / 2, HEIGHT - 2, 'middle', t.scatter.x),
    `<g fill="#171717" fill-opacity=".5">`,
    ...pairs.map(({ score, mos }) => `<circle cx="${fixed(s.x(score))}" cy="${fixed(s.y(mos))}" r="2.2"/>`),
    '</g>',
    curve && `<path d="${curve}" fill="none" stroke="#171717" stroke-width="1.5"/>`,
    text(8, HEIGHT + CAPTION - 10, 'start', caption, '#666666'),
    '</svg>',
    '',
  ].join('\n');
}

export async function scatterPng(...parts: Parameters<typeof scatterSvg>): Promise<Blob> {
  const scale = 2;
  const image = new Image();
  const address = URL.createObjectURL(new Blob([scatterSvg(...parts)], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(WIDTH * scale, (HEIGHT + CAPTION) * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/png' });
  } finally {
    URL.revokeObjectURL(address);
  }
}
