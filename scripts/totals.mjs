/** Numbers of tests from the closing lines of vitest, pytest, Playwright and the conformance runner. */

/** Matches colour codes of the runners. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with the escape character
const COLOURS = /\x1b\[[0-9;]*m/g;

/** Tests, not files of tests, on a line of their own (Playwright) or together. */
const CLOSING = /\b\d+ (passed|failed|skipped)\b/;

/**
 * @param {string} output of a runner; its last lines count
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countTests(output) {
  const lines = output
    .replace(COLOURS, '')
    .split('\n')
    .filter((line) => CLOSING.test(line) && !/^\s*Test Files/.test(line))
    .slice(-4);
  const count = (word) => {
    const matches = lines.flatMap((line) => [...line.matchAll(new RegExp(`(\\d+) ${word}\\b`, 'g'))]);
    return Number(matches.at(-1)?.[1] ?? 0);
  };
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
