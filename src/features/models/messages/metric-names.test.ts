/** Every metric of the package that ships has a Chinese name of its own. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readManifest } from '../../../../core/files/manifest.ts';
import { metricNameZh } from './metric-names.zh.ts';

const { metrics } = readManifest(
  JSON.parse(readFileSync(new URL('../../../../public/models/small/manifest.json', import.meta.url), 'utf8')),
);

test('the metrics of the package that ships are named in Chinese, no two alike', () => {
  const names = metrics.map(({ name }) => metricNameZh(name));
  expect(names.filter((name) => !/\p{Script=Han}/u.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(metrics.length);
});

test('a metric of another tool keeps its name', () => {
  expect(metricNameZh('VMAF, held-out clips')).toBe('VMAF, held-out clips');
});
