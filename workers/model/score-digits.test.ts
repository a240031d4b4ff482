import { describe, expect, it } from 'vitest';
import { digitProbabilities, expectedScore } from './score-digits.ts';

const sure = (digit: number) => Float64Array.from({ length: 10 }, (_, value) => Number(value === digit));
const even = (a: number, b: number) =>
  Float64Array.from({ length: 10 }, (_, value) => (value === a || value === b ? 0.5 : 0));

describe('expected score', () => {
  const pieces = ['It is 4 of 5', '</think>', '<answer>', '3', '.', '8', '7', '</answer>'];
  const steps = (first: Float64Array, second: Float64Array, third: Float64Array) => [
    null,
    null,
    null,
    first,
    null,
    second,
    third,
    null,
  ];

  it('is the written score when the model is sure', () => {
    expect(expectedScore(pieces, steps(sure(3), sure(8), sure(7)))).toBeCloseTo(3.87, 12);
  });

  it('moves with the probabilities of each digit by its place', () => {
    expect(expectedScore(pieces, steps(even(3, 4), sure(8), sure(7)))).toBeCloseTo(4.37, 12);
    expect(expectedScore(pieces, steps(sure(3), even(8, 6), sure(7)))).toBeCloseTo(3.77, 12);
  });

  it('is null without an answer, with words in it, or with two digits in one token', () => {
    expect(expectedScore(['3', '.', '8'], [sure(3), null, sure(8)])).toBeNull();
    expect(expectedScore(['<answer>', 'good', '</answer>'], [null, null, null])).toBeNull();
    expect(expectedScore(['<answer>', '3', '.', '87'], [null, sure(3), null, sure(8)])).toBeNull();
  });

  it('renormalises over the ten digits, whatever else the vocabulary holds', () => {
    const logits = new Float32Array(40).fill(100);
    for (let digit = 0; digit < 10; digit++) logits[20 + digit] = digit === 4 ? Math.log(3) : 0;
    const p = digitProbabilities(
      logits,
      Array.from({ length: 10 }, (_, digit) => 20 + digit),
    );
    expect(p[4]).toBeCloseTo(3 / 12, 6);
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });
});
