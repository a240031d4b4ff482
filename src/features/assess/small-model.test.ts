/** The introduction of the small model, held to its model card and its manifest. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readManifest } from '../../../core/files/manifest.ts';
import { featureColumns } from '../../../core/sampling/human-features.ts';
import { ASSESS_MESSAGES } from './messages/useAssessMessages.ts';
import { isSmallModel, MEASURED, SHIPPED, sheetLines } from './SmallModelNote.tsx';

const folder = new URL('../../../public/models/small/', import.meta.url);
const card = readFileSync(new URL('README.md', folder), 'utf8');
const manifest = readManifest(JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')));

test('is shown for the package that ships, of which the page knows the scale before it is loaded', () => {
  expect(isSmallModel(manifest)).toBe(true);
  expect(manifest.scale).toMatchObject(SHIPPED.scale);
  expect(isSmallModel({ name: manifest.name, scale: { kind: 'unmeasured', range: [1, 5] } })).toBe(false);
  expect(isSmallModel({ name: 'Another model', scale: manifest.scale })).toBe(false);
});

test.each(['en', 'zh'] as const)('its limits are those of the model card, in %s', (lang) => {
  const { small } = ASSESS_MESSAGES[lang];
  const { cannot } = sheetLines(manifest, small);
  expect(cannot.length).toBeGreaterThanOrEqual(6);
  expect(card).toContain('4.8 million parameters');
  expect(small.sentence).toMatch(lang === 'en' ? /4\.8 M parameters/ : /480万/);
  expect(card).toContain('17 sources');
  expect(cannot.join()).toMatch(lang === 'en' ? /17 sources/ : /17处来源/);
  expect(card).toContain('It names at most three distortions');
  expect(card).toContain('It names 17 distortions');
  expect(small.cannot.join()).toMatch(lang === 'en' ? /three distortions of 17/ : /17种失真中的三种/);
});

test.each(['en', 'zh'] as const)('its values are those of the manifest, in %s', (lang) => {
  const { measured } = ASSESS_MESSAGES[lang].small;
  for (const [key, name] of MEASURED) {
    const metric = manifest.metrics.find((one) => one.name === name);
    expect(metric, name).toBeDefined();
    const line = measured[key](metric!.value, metric!.n);
    const shown = [
      metric!.value.toFixed(3).slice(1),
      `${(metric!.value * 100).toFixed(0)}`,
      (metric!.value * 100).toFixed(1),
    ];
    expect(
      shown.some((value) => line.includes(value)),
      line,
    ).toBe(true);
    expect(line).toContain(metric!.n.toLocaleString('en'));
  }
});

test.each(['en', 'zh'] as const)(
  'a score learnt from ratings says what it rests on, limits first, in %s',
  (lang) => {
    const { small } = ASSESS_MESSAGES[lang];
    const metric = (name: string, value: number, n: number) => ({ name, value, n, command: 'x' });
    const set = (name: string, n: number) => ({ name, n, how: 'features' as const });
    const { cannot, measured } = sheetLines(
      {
        scale: {
          kind: 'human',
          range: [1, 5],
          datasets: [set('KoNViD-1k', 800), set('LIVE-VQC', 500)],
          map: 'INLSA',
        },
        metrics: [
          metric('SRCC, KoNViD-1k, test clips', 0.789, 144),
          metric('SRCC of the text, KoNViD-1k, test clips', 0.759, 144),
          metric('SRCC, LIVE-VQC, test clips', 0.706, 87),
          metric('SRCC, KoNViD-1k, trained on the other sets', 0.636, 960),
          metric('SRCC, LIVE-VQC, trained on the other sets', 0.606, 585),
        ],
      },
      small,
    );
    expect(cannot[0]).toContain('1,300');
    expect(cannot[0]).toContain('KoNViD-1k, LIVE-VQC');
    expect(cannot[0]).toContain(`${featureColumns.length}`);
    expect(cannot[1]).toMatch(/\.606.*\.636/);
    expect(cannot.join()).not.toContain(small.cannotUnrated[0]);
    expect(measured).toEqual([
      small.human.test('KoNViD-1k', 0.759, 144),
      small.human.test('LIVE-VQC', 0.706, 87),
    ]);
  },
);
