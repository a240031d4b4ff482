/** Numbers of tests from the closing lines of vitest, pytest, Playwright and the conformance runner. */

/** Matches colour codes of the runners. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with the escape character
const COLOURS = /\x1b\[[0-9;]*m/g;

/** Tests, not files of tests, on a line of their own (Playwright) or together. */
const CLOSING = /\b\d+ (passed|failed|skipped|flaky)\b/;

/**
 * Counts of a run. Flaky tests passed when their runner repeated them.
 *
 * @param {string} output of a runner; its last lines count
 * @returns {{ passed: number, failed: number, skipped: number, flaky: number }}
 */
export function countTests(output) {
  const lines = output
    .replace(COLOURS, '')
    .split('\n')
    .filter((line) => CLOSING.test(line) && !/^\s*Test Files/.test(line))
    .slice(-5);
  const count = (word) => {
    const matches = lines.flatMap((line) => [...line.matchAll(new RegExp(`(\\d+) ${word}\\b`, 'g'))]);
    return Number(matches.at(-1)?.[1] ?? 0);
  };
  return {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    flaky: count('flaky'),
  };
}

/**
 * Names of the failed tests in the output of vitest (` FAIL  file > suite > test`) or pytest (`FAILED file::test - why`).
 *
 * @param {string} output
 * @returns {string[]}
 */
export function failedTests(output) {
  const lines = output.replace(COLOURS, '').matchAll(/^ ?(?:FAIL {2}|FAILED |ERROR )(\S+(?: > .+|::\S+)?)/gm);
  return [...new Set([...lines].map(([, name]) => name.trim()))];
}

/**
 * Files of the failed tests in the output of vitest.
 *
 * @param {string} output
 * @returns {string[]}
 */
export const failedTestFiles = (output) => [
  ...new Set(failedTests(output).map((name) => name.split(' > ')[0])),
];
