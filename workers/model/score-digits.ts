/**
 * The expected score: the mean of the score under the model's probabilities at the generated digits. Greedy decoding keeps
 * the most likely digit only; the expectation includes the model's uncertainty.
 */

/** Probabilities of the ten digits at one step of generation, or null when it was not recorded. */
export type DigitProbabilities = Float64Array | null;

/** Softmax over the ten digit tokens of one row of logits. */
export function digitProbabilities(logits: Float32Array, digitIds: readonly number[]): Float64Array {
  const values = digitIds.map((id) => logits[id] as number);
  const top = Math.max(...values);
  const weights = values.map((value) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return Float64Array.from(weights, (weight) => weight / sum);
}

/**
 * @param pieces text of each generated token
 * @param steps digit probabilities of the same steps
 * @returns Σ over the digits of the last answer of E[digit] · 10^−decimal, or null without a number of one digit before
 *   the point, or where a token holds more than one digit
 */
export function expectedScore(
  pieces: readonly string[],
  steps: readonly DigitProbabilities[],
): number | null {
  const text = pieces.join('');
  const open = text.lastIndexOf('<answer>');
  if (open < 0) return null;
  const match = /^\s*(\d)(?:\.(\d+))?\s*(?:<|$)/.exec(text.slice(open + '<answer>'.length));
  if (!match) return null;
  const digits = [match[1], ...(match[2] ?? '')] as string[];
  let at = text.indexOf(match[1] as string, open + '<answer>'.length);
  let expected = 0;
  for (const [decimal, digit] of digits.entries()) {
    const step = tokenAt(pieces, at);
    const probabilities = steps[step];
    if (pieces[step] !== digit || !probabilities) return null;
    const mean = probabilities.reduce((sum, p, value) => sum + p * value, 0);
    expected += mean * 10 ** -decimal;
    at += decimal === 0 ? 2 : 1;
  }
  return expected;
}

function tokenAt(pieces: readonly string[], at: number): number {
  let end = 0;
  return pieces.findIndex((piece) => {
    end += piece.length;
    return at < end;
  });
}
