import { describe, expect, test } from 'vitest';
import { percent, plural, signed } from './format.ts';

describe('numbers as text', () => {
  test('a difference has its sign, a rounded zero has none', () => {
    expect([1.139, -0.34, 0, -0.001].map((x) => signed(x))).toEqual(['+1.14', '−0.34', '0.00', '0.00']);
    expect([signed(3, 0), signed(-1200, 0), signed(0, 0), signed(-1200.5, 1)]).toEqual([
      '+3',
      '−1,200',
      '0',
      '−1,200.5',
    ]);
  });

  test('a count agrees with its noun', () => {
    expect([0, 1, 2400].map((n) => plural(n, 'frame', 'frames'))).toEqual([
      '0 frames',
      '1 frame',
      '2,400 frames',
    ]);
  });

  test('a share is a length in CSS', () => {
    expect([0, 1 / 3, 1].map(percent)).toEqual(['0.0000%', '33.3333%', '100.0000%']);
  });
});
