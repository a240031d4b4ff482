import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pythonFloat, pythonRepr } from '../text/python-text.ts';
import {
  formatReward,
  lacksPrecision,
  readAsOfficialTest,
  readAsOfficialTrain,
  readStrictly,
} from './answer.ts';
import { answerStream, viewAnswer } from './answer-stream.ts';

const answered = (content: string) => `<think>x</think><answer>${content}</answer>`;

describe('strict reading', () => {
  test('a number in range, as written', () => {
    expect(readStrictly(answered(' 3.50\n'))).toEqual({
      score: 3.5,
      reason: null,
      written: '3.50',
      decimals: 2,
    });
    expect(readStrictly(answered('4'))).toMatchObject({ score: 4, decimals: 0 });
    expect(readStrictly(answered('0.87'), [0, 5])).toMatchObject({ score: 0.87 });
  });

  const unreadable: [string, string][] = [
    ['3.5', 'no-answer'],
    ['<answer>3.5', 'no-answer'],
    [answered('3.5/5'), 'not-a-number'],
    [answered(''), 'not-a-number'],
    [answered('1e0'), 'not-a-number'],
    [answered('.5'), 'not-a-number'],
    [answered('４.２'), 'not-a-number'],
    [answered('nan'), 'not-a-number'],
    [answered('0.87'), 'out-of-range'],
    [answered('5.01'), 'out-of-range'],
    [answered('-2'), 'out-of-range'],
    ['<answer>3</answer><answer>4</answer>', 'several-answers'],
    ['<answer><answer>3</answer>', 'several-answers'],
    ['<answer>3</answer> x </answer>', 'several-answers'],
  ];
  test.each(unreadable)('%j: %s', (text, reason) => {
    expect(readStrictly(text)).toMatchObject({ score: null, reason });
  });
});

describe('released readings', () => {
  test('examples of the fact sheet', () => {
    const train = (t: string) => readAsOfficialTrain(t).value;
    expect(["I'd give 3 to 4.", '3.50', 'score: 4/5', '.5', '1,234', '-2'].map(train)).toEqual([
      3, 3.5, 4, 5, 1, -2,
    ]);
    const official = (t: string) => readAsOfficialTest(answered(t)).score;
    expect(["I'd give 3 to 4.", '3.50', '4/5', '.5', '1,234', '-2'].map(official)).toEqual([
      3, 3.5, 3, 0.5, 1234, -2,
    ]);
    expect(readAsOfficialTest('<answer>1</answer><answer>2</answer>').score).toBe(1);
    expect(readAsOfficialTrain('<answer>1</answer><answer>2</answer>').value).toBe(2);
  });

  test('format', () => {
    expect(formatReward('<think>a</think><answer>3.2</answer>')).toBe(1);
    expect(formatReward('<think>a</think><answer>3.2</answer> ')).toBe(0);
    expect(formatReward(' <think>a</think><answer>3.2</answer>')).toBe(0);
    expect(formatReward('<think>a</think><answer>3.2</answer> x </answer>')).toBe(1);
    expect(formatReward('<think>a</think> b <answer>3.2</answer>')).toBe(0);
    expect(formatReward('<think></think><answer></answer>')).toBe(1);
    expect(formatReward('<think></think><answer>')).toBe(0);
  });

  test('format equals the released pattern on texts made of its tags', () => {
    const pattern = /^<think>[\s\S]*?<\/think>\s*<answer>[\s\S]*?<\/answer>$/;
    const piece = fc.constantFrom('<think>', '</think>', '<answer>', '</answer>', ' ', '\n', 'a', '<');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join('');
        expect(formatReward(text)).toBe(pattern.test(text) ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });

  test('precision rule: 41 of the 401 two-decimal scores from 1 to 5', () => {
    const scores = Array.from({ length: 401 }, (_, i) => (100 + i) / 100);
    expect(scores.filter(lacksPrecision).length).toBe(41);
    expect([0.00001, 0.000015, 1e17, 3.123].map(lacksPrecision)).toEqual([true, false, true, false]);
  });
});

const python = (() => {
  try {
    return execFileSync('python3', ['--version']).length > 0;
  } catch {
    return false;
  }
})();

describe('numbers as Python reads and prints them', () => {
  test('float()', () => {
    expect(
      ['1_0', '1__0', '_1', '1_', '1_.5', '1e5_0', '+.5', '.', 'e5', '0x1', 'inf', '-iNfinity', '1 2'].map(
        pythonFloat,
      ),
    ).toEqual([10, null, null, null, null, 1e50, 0.5, null, null, null, Infinity, -Infinity, null]);
    expect(pythonFloat('nan')).toBeNaN();
    expect(pythonFloat('\ufeff1')).toBeNull();
    expect(pythonFloat('\u001c\u0663.5\u0085')).toBe(3.5);
  });

  test.skipIf(!python)('repr() equals Python on a thousand floats', () => {
    const floats = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 1000, seed: 7 });
    const lines = execFileSync('python3', ['-c', 'import sys\nfor l in sys.stdin: print(repr(float(l)))'], {
      input: floats.map((f) => f.toExponential()).join('\n'),
      encoding: 'utf8',
    });
    expect(floats.map((f) => pythonRepr(f + 0))).toEqual(
      lines
        .trim()
        .split('\n')
        .map((l) => (l === '-0.0' ? '0.0' : l)),
    );
  });
});

describe('answer stream', () => {
  test('phases, digits, no tags', () => {
    const stream = answerStream();
    expect(stream.feed('<thi')).toMatchObject({ thinking: '', phase: 'start' });
    expect(stream.feed('nk>\nSome blur')).toMatchObject({ thinking: 'Some blur', phase: 'think' });
    expect(stream.feed(', a < b</th')).toMatchObject({ thinking: 'Some blur, a < b', phase: 'think' });
    expect(stream.feed('ink><answer>3')).toMatchObject({ answer: '3', digits: '3', phase: 'answer' });
    expect(stream.feed('.')).toMatchObject({ digits: '3.' });
    expect(stream.feed('42</answer>')).toMatchObject({ answer: '3.42', digits: '3.42', phase: 'done' });
    expect(stream.feed(' more')).toMatchObject({
      thinking: 'Some blur, a < b',
      answer: '3.42',
      phase: 'done',
    });
    expect(viewAnswer('<answer>3.5/5</answer>')).toMatchObject({ digits: '', answer: '3.5/5' });
    expect(viewAnswer('no tags at all <')).toMatchObject({ thinking: 'no tags at all <', phase: 'start' });
    for (const cut of ['<', '</', '<answer', '</answer'])
      expect(viewAnswer(`<think>Soft.</think>${cut}`)).toMatchObject({ thinking: 'Soft.', phase: 'between' });
    expect(viewAnswer('<think>Soft.</thin')).toMatchObject({ thinking: 'Soft.', phase: 'think' });
  });

  const piece = fc.oneof(
    fc.constantFrom(
      '<think>',
      '</think>',
      '<answer>',
      '</answer>',
      '<',
      '</',
      '<ans',
      '3',
      '.',
      ' ',
      '\n',
      'blur ',
    ),
    fc.string({ maxLength: 5 }),
  );

  test('any cutting gives what the whole text gives, and no tag ever shows', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        fc.array(fc.nat(6), { minLength: 1, maxLength: 40 }),
        (pieces, cuts) => {
          const text = pieces.join('');
          const stream = answerStream();
          for (let at = 0, k = 0; at < text.length; k++) {
            const length = 1 + cuts[k % cuts.length]!;
            const before = stream.view.thinking;
            const view = stream.feed(text.slice(at, at + length));
            expect(view.thinking.startsWith(before)).toBe(true);
            expect(view.thinking).not.toMatch(/<\/?(?:think|answer)>/);
            at += length;
          }
          expect(stream.end()).toEqual(viewAnswer(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a long answer is read in linear time', () => {
    const run = (n: number) => {
      const stream = answerStream();
      const start = performance.now();
      stream.feed('<think>');
      for (let i = 0; i < n; i++) stream.feed('a < b ');
      expect(stream.end().thinking.length).toBe(6 * n);
      return performance.now() - start;
    };
    run(20_000);
    expect(run(200_000)).toBeLessThan(60 * Math.max(run(20_000), 2)); // quadratic would be 100-fold and more
  });
});
