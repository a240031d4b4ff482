/** Design tokens: contrast (WCAG 2 relative luminance, ratios rounded down to 0.1), and their use in all sheets. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

type Rgb = readonly [number, number, number];

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** The colours of the first rule that begins with `selector`. */
function colours(selector: string): Map<string, string> {
  const from = css.indexOf(`${selector} {`);
  expect(from).toBeGreaterThan(-1);
  const block = css.slice(from, css.indexOf('\n}', from));
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,6});/g)].map((m) => [m[1]!, m[2]!]));
}

const light = colours(':root');
const dark = new Map([...light, ...colours('[data-theme="dark"]')]);

function rgb(hex: string): Rgb {
  const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join('') : hex.slice(1);
  return [0, 2, 4].map((i) => Number.parseInt(full.slice(i, i + 2), 16)) as unknown as Rgb;
}

const linear = (channel: number): number => {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
};

function luminance(hex: string): number {
  const [r, g, b] = rgb(hex).map(linear) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(theme: Map<string, string>, token: string, ground: string): number {
  const [a, b] = [token, ground].map((name) => luminance(theme.get(name)!)) as [number, number];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return Math.floor(ratio * 10 + 1e-9) / 10;
}

/** token → ratios on the grounds named. */
const LIGHT = {
  ink: [16.1, 17.9, 14.7],
  'ink-2': [8.1, 9.0, 7.4],
  'ink-3': [5.1, 5.7, 4.7],
  edge: [3.3, 3.7, 3.0],
  'side-b': [4.7, 5.2, 4.3],
};
const DARK = {
  ink: [16.1, 14.8, 13.3],
  'ink-2': [9.5, 8.8, 7.9],
  'ink-3': [6.2, 5.7, 5.1],
  edge: [4.1, 3.8, 3.4],
  'side-b': [11.0, 10.1, 9.1],
};
const BANDS = {
  light: { bg: [9.5, 4.7, 3.1, 3.4, 8.4], surface: [10.6, 5.3, 3.4, 3.8, 9.3] },
  dark: { bg: [5.6, 9.4, 15.6, 10.3, 6.4], surface: [5.2, 8.7, 14.4, 9.5, 5.9] },
};

describe('contrast of the tokens', () => {
  it.each(Object.entries(LIGHT))('light %s on bg, surface, sunken', (token, ratios) => {
    expect(['bg', 'surface', 'sunken'].map((ground) => contrast(light, token, ground))).toEqual(ratios);
  });
  it.each(Object.entries(DARK))('dark %s on bg, surface, raised', (token, ratios) => {
    expect(['bg', 'surface', 'raised'].map((ground) => contrast(dark, token, ground))).toEqual(ratios);
  });
  it.each(['bg', 'surface'] as const)('bands on %s', (ground) => {
    const row = (theme: Map<string, string>) =>
      [1, 2, 3, 4, 5].map((band) => contrast(theme, `band-${band}`, ground));
    expect(row(light)).toEqual(BANDS.light[ground]);
    expect(row(dark)).toEqual(BANDS.dark[ground]);
  });
  it('words over the stage', () => {
    const row = (theme: Map<string, string>) =>
      ['on-stage', 'on-stage-2', 'on-stage-3'].map((token) => contrast(theme, token, 'stage'));
    expect(row(light)).toEqual([16.1, 9.2, 6.6]);
    expect(row(dark)).toEqual([18.7, 10.7, 7.7]);
  });
  it('filled buttons read as well as text', () => {
    for (const theme of [light, dark]) expect(contrast(theme, 'on-ink', 'ink')).toBeGreaterThanOrEqual(7);
  });
});

/** Machado, Oliveira and Fernandes (2009), severity 1.0; rows of matrices for linear RGB. */
const SIGHT: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIELAB (D65) of a colour as an eye of that kind sees it. */
function lab(hex: string, sight: string): Rgb {
  const raw = rgb(hex).map(linear);
  const [r, g, b] = SIGHT[sight]!.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, weight, i) => sum + weight * raw[i]!, 0),
      ),
    ),
  ) as unknown as Rgb;
  const [x, y, z] = [
    (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047,
    0.2126729 * r + 0.7151522 * g + 0.072175 * b,
    (0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883,
  ].map((t) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27) * (t / 116) + 16 / 116)) as [
    number,
    number,
    number,
  ];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const RAD = Math.PI / 180;
const degrees = (b: number, a: number): number =>
  a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / RAD + 360) % 360;

/** CIEDE2000 (Sharma, Wu and Dalal 2005), all weights 1. */
function ciede2000([L1, a1, b1]: Rgb, [L2, a2, b2]: Rgb): number {
  const c = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = 0.5 * (1 - Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)));
  const [A1, A2] = [a1 * (1 + g), a2 * (1 + g)];
  const [C1, C2] = [Math.hypot(A1, b1), Math.hypot(A2, b2)];
  const [h1, h2] = [degrees(b1, A1), degrees(b2, A2)];
  const turn = Math.abs(h2 - h1) <= 180 ? 0 : h2 <= h1 ? 360 : -360;
  const dh = C1 * C2 === 0 ? 0 : h2 - h1 + turn;
  const dH = 2 * Math.sqrt(C1 * C2) * Math.sin((dh / 2) * RAD);
  const [L, C] = [(L1 + L2) / 2, (C1 + C2) / 2];
  const around = Math.abs(h1 - h2) <= 180 ? 0 : h1 + h2 < 360 ? 360 : -360;
  const h = C1 * C2 === 0 ? h1 + h2 : (h1 + h2 + around) / 2;
  const T =
    1 -
    0.17 * Math.cos((h - 30) * RAD) +
    0.24 * Math.cos(2 * h * RAD) +
    0.32 * Math.cos((3 * h + 6) * RAD) -
    0.2 * Math.cos((4 * h - 63) * RAD);
  const SL = 1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2);
  const SC = 1 + 0.045 * C;
  const SH = 1 + 0.015 * C * T;
  const RT =
    -Math.sin(2 * 30 * Math.exp(-(((h - 275) / 25) ** 2)) * RAD) * 2 * Math.sqrt(C ** 7 / (C ** 7 + 25 ** 7));
  const [l, ch, hu] = [(L2 - L1) / SL, (C2 - C1) / SC, dH / SH];
  return Math.sqrt(l * l + ch * ch + hu * hu + RT * ch * hu);
}

/** Smallest difference among the tokens, or of `other` against them. */
function smallest(theme: Map<string, string>, sight: string, other?: string): number {
  const bands = [1, 2, 3, 4, 5].map((band) => lab(theme.get(`band-${band}`)!, sight));
  const pairs = other
    ? bands.map((band) => ciede2000(band, lab(theme.get(other)!, sight)))
    : bands.flatMap((band, i) => bands.slice(i + 1).map((next) => ciede2000(band, next)));
  return Math.min(...pairs);
}

describe('difference of the bands for every sight', () => {
  it('is CIEDE2000 as its authors tabulate it', () => {
    // Pairs 1, 7 and 17 of the test data of Sharma et al.
    expect(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
    expect(ciede2000([50, 0, 0], [50, -1, 2])).toBeCloseTo(2.3669, 4);
    expect(ciede2000([50, 2.5, 0], [73, 25, -18])).toBeCloseTo(27.1492, 4);
  });
  it('keeps bands apart', () => {
    const row = (theme: Map<string, string>) => Object.keys(SIGHT).map((sight) => smallest(theme, sight));
    // Tolerance 0.15: the table has one decimal.
    for (const [i, expected] of [24.1, 17.1, 9.2, 14.8].entries())
      expect(Math.abs(row(light)[i]! - expected)).toBeLessThan(0.15);
    for (const [i, expected] of [20.8, 15.0, 12.9, 15.4].entries())
      expect(Math.abs(row(dark)[i]! - expected)).toBeLessThan(0.15);
  });
  it('keeps side B apart from the bands', () => {
    for (const sight of Object.keys(SIGHT)) {
      expect(smallest(light, sight, 'side-b')).toBeGreaterThanOrEqual(9.45);
      expect(smallest(dark, sight, 'side-b')).toBeGreaterThanOrEqual(7.85);
    }
  });
});

describe('hue', () => {
  it('belongs to the bands and to side B alone', () => {
    for (const theme of [light, dark])
      for (const [token, hex] of theme) {
        const [r, g, b] = rgb(hex);
        const hasHue = r !== g || g !== b;
        expect([token, hasHue]).toEqual([token, token.startsWith('band-') || token.startsWith('side-b')]);
      }
  });
  it('is in no other style sheet', async () => {
    const { globSync } = await import('node:fs');
    const root = new URL('../..', import.meta.url).pathname;
    for (const file of globSync('src/**/*.css', { cwd: root })) {
      if (file.endsWith('tokens.css')) continue;
      const text = readFileSync(`${root}/${file}`, 'utf8').replace(/\/\*.*?\*\//gs, '');
      for (const [hex] of text.matchAll(/#[0-9a-f]{3,8}\b/gi)) {
        const [r, g, b] = rgb(hex.length > 4 ? hex.slice(0, 7) : hex);
        expect([file, hex, r === g && g === b]).toEqual([file, hex, true]);
      }
    }
  });
});

/** Lines of all sheets but tokens.css, without comments, as `path:line: text`. */
function declarations(): string[] {
  const root = join(import.meta.dirname, '..');
  return globSync('**/*.css', { cwd: root })
    .filter((path) => !path.endsWith('tokens.css'))
    .sort()
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const bare = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
      return bare.split('\n').map((line, i) => `${path}:${i + 1}: ${line.trim()}`);
    });
}

/** Hairlines: borders, underlines and their compensation in a padding. */
const HAIRLINE = 2;

describe('use of the tokens', () => {
  it('colours are tokens', () => {
    expect(declarations().length).toBeGreaterThan(5000);
    expect(declarations().filter((line) => /#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\(/i.test(line))).toEqual([]);
  });
  it('lengths are tokens or in rem, as the type is; px only for hairlines up to 2 px', () => {
    const raw = declarations().filter((line) =>
      [...line.matchAll(/(?<![\w.])(\d*\.?\d+)px\b/g)].some(([, px]) => Number(px) > HAIRLINE),
    );
    expect(raw).toEqual([]);
  });
  it('breakpoints are in em or rem: they follow the font size that the reader has set', () => {
    const queries = declarations().filter((line) => /: @(media|container) .*(width|height)/.test(line));
    expect(queries.length).toBeGreaterThan(50);
    expect(queries.filter((line) => /\dpx\b/.test(line))).toEqual([]);
  });
});
