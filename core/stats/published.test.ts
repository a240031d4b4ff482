import { expect, test } from 'vitest';
import { publishedFor } from './published.ts';

test('a data set is known by its names and by nothing less', () => {
  for (const name of ['KoNViD-1k', 'konvid_1k', 'Konvid-1k_total_ds_score.json']) {
    expect(publishedFor(name)).toMatchObject({ name: 'KoNViD-1k', videos: 1200 });
  }
  for (const name of ['KoN', 'my konvid-1k copy', 'LSVQ', '']) expect(publishedFor(name)).toBeNull();
});

test('the paper’s own figures, best first', () => {
  const set = publishedFor('KoNViD-1k');
  expect(set?.methods.find(({ name }) => name === 'VQAThinker')).toMatchObject({ srcc: 0.881, plcc: 0.884 });
  expect(set?.methods[0]?.srcc).toBe(0.881);
  expect(publishedFor('YouTube-UGC')?.methods.some(({ name }) => name === 'VQ-Insight')).toBe(false);
});
