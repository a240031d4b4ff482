import { expect, test } from 'vitest';
import { countTests, failedTestFiles, failedTests } from './totals.mjs';

test('closing lines of each runner', () => {
  const vitest =
    ' Test Files  2 passed | 1 skipped (3)\n      Tests  9 passed | 4 skipped (13)\n   Duration  2 s';
  expect(countTests(vitest)).toEqual({ passed: 9, failed: 0, skipped: 4, flaky: 0 });
  const pytest = '==== 1 failed, 120 passed, 3 skipped, 2 warnings in 60.1s ====';
  expect(countTests(pytest)).toEqual({ passed: 120, failed: 1, skipped: 3, flaky: 0 });
  const playwright =
    '  1 failed\n    [engines] › a test\n  1 flaky\n  14 skipped\n  \u001b[32m6 passed\u001b[39m (1.2m)\n';
  expect(countTests(playwright)).toEqual({ passed: 6, failed: 1, skipped: 14, flaky: 1 });
});

test('tests that are all skipped are counted', () => {
  expect(countTests('Running 7 tests\n  7 skipped\n')).toEqual({
    passed: 0,
    failed: 0,
    skipped: 7,
    flaky: 0,
  });
});

test('failed tests and their files', () => {
  const vitest =
    '\u001b[31m FAIL \u001b[39m core/a.test.ts > a law > holds\n FAIL  core/a.test.ts > other\n FAIL  b.test.ts [ b.test.ts ]\n';
  expect(failedTests(vitest)).toEqual([
    'core/a.test.ts > a law > holds',
    'core/a.test.ts > other',
    'b.test.ts',
  ]);
  expect(failedTestFiles(vitest)).toEqual(['core/a.test.ts', 'b.test.ts']);
  const pytest = 'FAILED engine/test_ranks.py::test_two[1 2] - AssertionError: assert 1 == 0\n';
  expect(failedTests(pytest)).toHaveLength(1);
  expect(failedTests('all green\n')).toEqual([]);
});
