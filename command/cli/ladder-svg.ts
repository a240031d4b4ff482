/** The curve of a ladder as a picture: rate on a logarithmic axis against score, black on white. */
import { basename } from 'node:path';
import type { Ladder, Rendition } from '../node/ladder-files.ts';

const WIDTH = 640;
const HEIGHT = 420;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 24, 40, 44];

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A rate for people: 850 kb/s, 4.2 Mb/s. */
export function rateText(rate: number): string {
  const kilobits = rate / 1000;
  return kilobits < 1000
    ? `${kilobits < 10 ? kilobits.toFixed(1) : kilobits.toFixed(0)} kb/s`
    : `${(kilobits / 1000).toFixed(kilobits < 10_000 ? 2 : 1)} Mb/s`;
}

/** Powers of two of 1 kb/s within the range, at least its lower end. */
function ticksOf(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let k = Math.ceil(Math.log2(low / 1000)); 1000 * 2 ** k <= high; k++) ticks.push(1000 * 2 ** k);
  return ticks;
}

type Scored = Rendition & { readonly score: number };

/** @returns an SVG document; without a scored rendition an empty frame */
export function ladderSvg({ source, renditions, knee, scale: [low, high] }: Ladder): string {
  const scored = renditions.filter((each): each is Scored => each.score !== null);
  const rates = scored.map(({ rate }) => rate);
  const [least, most] = [Math.min(...rates, 1e12) / 1.15, Math.max(...rates, 1) * 1.15];
  const fixed = (value: number) => value.toFixed(1);
  const x = (rate: number) =>
    fixed(LEFT + ((WIDTH - LEFT - RIGHT) * Math.log2(rate / least)) / Math.log2(most / least));
  const y = (score: number) =>
    fixed(HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (score - low)) / (high - low));
  const text = (at: string, top: string | number, anchor: string, content: string, ink = '#494949') =>
    `<text x="${at}" y="${top}" text-anchor="${anchor}" fill="${ink}">${escaped(content)}</text>`;
  const whole = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, k) => Math.ceil(low) + k);
  const grid = whole.length > 12 ? [low, (low + high) / 2, high] : whole;
  const line = scored.map(({ rate, score }, k) => `${k === 0 ? 'M' : 'L'}${x(rate)} ${y(score)}`).join('');
  const end = WIDTH - RIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text('8', 20, 'start', `Score and rate, ${basename(source.path)}`, '#171717'),
    ...grid.map(
      (value) =>
        `<path d="M${LEFT} ${y(value)}H${end}" stroke="#dadada"/>${text(String(LEFT - 8), Number(y(value)) + 4, 'end', String(value))}`,
    ),
    ...ticksOf(least, most).map((rate) => text(x(rate), HEIGHT - BOTTOM + 18, 'middle', rateText(rate))),
    `<path d="M${LEFT} ${HEIGHT - BOTTOM}H${end}" stroke="#848484"/>`,
    ...(source.score === null
      ? []
      : [
          `<path d="M${LEFT} ${y(source.score)}H${end}" stroke="#848484" stroke-dasharray="4 4"/>`,
          text(String(end), Number(y(source.score)) - 6, 'end', `source ${source.score.toFixed(2)}`),
        ]),
    `<path d="${line}" fill="none" stroke="#171717" stroke-width="1.5"/>`,
    ...scored.map(({ path, rate, score }) => {
      const circle = `<circle cx="${x(rate)}" cy="${y(score)}" r="${path === knee ? 6 : 3.5}" fill="#171717"><title>${escaped(basename(path))}</title></circle>`;
      const label =
        path === knee ? text(x(rate), Number(y(score)) + 22, 'middle', `knee: ${rateText(rate)}`) : '';
      return circle + label;
    }),
    '</svg>',
    '',
  ].join('\n');
}
