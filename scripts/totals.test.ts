import { expect, test } from 'vitest';
import { countTests } from './totals.mjs';

test('closing lines of each runner', () => {
  const vitest =
    ' Test Files  2 passed | 1 skipped (3)\n      Tests  9 passed | 4 skipped (13)\n   Duration  2 s';
  expect(countTests(vitest)).toEqual({ passed: 9, failed: 0, skipped: 4 });
  const pytest = '==== 1 failed, 120 passed, 3 skipped, 2 warnings in 60.1s ====';
  expect(countTests(pytest)).toEqual({ passed: 120, failed: 1, skipped: 3 });
  const playwright =
    '  1 failed\n    [engines] › a test\n  1 flaky\n  14 skipped\n  \u001b[32m6 passed\u001b[39m (1.2m)\n';
  expect(countTests(playwright)).toEqual({ passed: 6, failed: 1, skipped: 14 });
});

test('tests that are all skipped are counted', () => {
  expect(countTests('Running 7 tests\n  7 skipped\n')).toEqual({ passed: 0, failed: 0, skipped: 7 });
});
