import { describe, expect, it } from 'vitest';
import { advantageBars, part } from './advantage-bar.ts';

describe('advantageBars', () => {
  it('grow from the middle on one scale', () => {
    expect(advantageBars([-0.34, 0.4, 1.14, -1.19])).toEqual([
      {
        left: expect.closeTo(50 - (0.34 / 1.19) * 50),
        width: expect.closeTo((0.34 / 1.19) * 50),
        negative: true,
      },
      { left: 50, width: expect.closeTo((0.4 / 1.19) * 50), negative: false },
      { left: 50, width: expect.closeTo((1.14 / 1.19) * 50), negative: false },
      { left: 0, width: 50, negative: true },
    ]);
  });
  it('have none where there is no advantage, and no width at zero', () => {
    expect(advantageBars([null, 0])).toEqual([null, { left: 50, width: 0, negative: false }]);
    expect(advantageBars([])).toEqual([]);
  });
});

describe('numbers', () => {
  it('leave out what says nothing', () => {
    expect([1, 0.971, 0.6, 0, -0.25].map(part)).toEqual(['1', '.971', '.6', '0', '−.25']);
  });
});
