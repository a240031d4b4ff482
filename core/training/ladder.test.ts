import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import ladder from './ladder.json' with { type: 'json' };

const media = `${process.env.VQA_SHARED ?? '../shared'}/media`;

describe('ladder', () => {
  test('twelve clips, eight grids of five severities, each harder than the last', () => {
    expect(new Set(ladder.clips).size).toBe(12);
    expect(ladder.grids.map((g) => g.id)).toEqual([
      'crf',
      'scale',
      'sigma',
      'noise',
      'gain',
      'contrast',
      'freeze',
      'drop',
    ]);
    for (const grid of ladder.grids) {
      for (const levels of [grid.levels, grid.levelsOdd ?? grid.levels]) {
        expect(levels.length).toBe(5);
        const steps = levels.slice(1).map((v, i) => Math.sign(v - levels[i]!));
        expect(new Set(steps).size).toBe(1);
      }
    }
  });

  test('hold-out clips are other clips, and the rule for the best names clips of the lists', () => {
    const every = [...ladder.clips, ...ladder.holdOut, ...ladder.holdOutRule.patterns];
    expect(new Set(every).size).toBe(every.length);
    for (const clip of ladder.best.compressed) expect([...ladder.clips, ...ladder.holdOut]).toContain(clip);
  });

  test.skipIf(!existsSync(media))('the clips are there', () => {
    for (const clip of [...ladder.clips, ...ladder.holdOut, ...ladder.holdOutRule.patterns])
      expect(existsSync(`${media}/${clip}`), clip).toBe(true);
  });
});
