import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTimes } from './phrases.ts';

/** Twelve frames, one in the middle of each 0.8 s of a clip of 9.6 s. */
const clip = { times: Array.from({ length: 12 }, (_, k) => k * 0.8 + 0.4), duration: 9.6 };

/** Marked words and the frames they mean, counted from 1. */
const marks = (text: string) =>
  findTimes(text, clip).map((m) => [text.slice(m.start, m.end), m.frames.map((k) => k + 1)]);

const cases: [string, [string, number[]][]][] = [
  ['Blur in frame 6 only', [['frame 6', [6]]]],
  ['frames 3 and 4 shake', [['frames 3 and 4', [3, 4]]]],
  ['Frames 2-4, 6 and 8 are dark', [['Frames 2-4, 6 and 8', [2, 3, 4, 6, 8]]]],
  ['frames 3 to frame 5', [['frames 3 to frame 5', [3, 4, 5]]]],
  ['frame three', [['frame three', [3]]]],
  ['frame 3 and one more', [['frame 3', [3]]]],
  ['Frame1 and Frame2', [['Frame1 and Frame2', [1, 2]]]],
  ['frame 13, frame 3.5, frame rate 30', []],
  [
    'in the 3rd frame and the last frame',
    [
      ['the 3rd frame', [3]],
      ['the last frame', [12]],
    ],
  ],
  ['first two frames', [['first two frames', [1, 2]]]],
  ['last 2 seconds', [['last 2 seconds', [10, 11, 12]]]],
  ['at 0:04 it', [['at 0:04', [5]]]],
  ['at 0:40 it', []],
  ['between 2 and 4 seconds', [['between 2 and 4 seconds', [3, 4, 5]]]],
  ['from 0:02 to 0:05', [['from 0:02 to 0:05', [3, 4, 5, 6]]]],
  ['around the 4-second mark', [['around the 4-second mark', [5]]]],
  ['a 10-second clip stalls for 2 seconds at 30 fps in 16:9', []],
  ['the second half', [['the second half', [7, 8, 9, 10, 11, 12]]]],
  ['third quarter', [['third quarter', [7, 8, 9]]]],
  ['at the end, not in the end', [['at the end', [10, 11, 12]]]],
  ['I go through the frames one by one.', []],
  ['I compare the first frames with the last ones.', []],
  ['in the last two seconds', [['the last two seconds', [10, 11, 12]]]],
  [
    'blur early on, noise later on',
    [
      ['early on', [1, 2, 3, 4, 5, 6]],
      ['later on', [7, 8, 9, 10, 11, 12]],
    ],
  ],
  ['in the opening half', [['the opening half', [1, 2, 3, 4, 5, 6]]]],
  ['banding from start to end', [['from start to end', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]]],
  ['frames three and four', [['frames three and four', [3, 4]]]],
  ['throughout', [['throughout', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]]],
  ['第6帧模糊', [['第6帧', [6]]]],
  ['第3帧和第5帧', [['第3帧和第5帧', [3, 5]]]],
  ['第三到五帧', [['第三到五帧', [3, 4, 5]]]],
  [
    '前两帧与最后一帧',
    [
      ['前两帧', [1, 2]],
      ['最后一帧', [12]],
    ],
  ],
  ['丢了3帧', []],
  [
    '第4秒和后半段',
    [
      ['第4秒', [5]],
      ['后半段', [7, 8, 9, 10, 11, 12]],
    ],
  ],
];

describe('times in a text', () => {
  test.each(cases)('%s', (text, expected) => {
    expect(marks(text)).toEqual(expected);
  });

  test('a click goes to the time that is said, else to the first frame', () => {
    expect(findTimes('at 0:04', clip)[0]!.time).toBe(4);
    expect(findTimes('frames 8 and 3', clip)[0]!.time).toBeCloseTo(2, 9);
    expect(findTimes('at 10 s', clip)[0]!.time).toBe(9.6);
  });

  test('a clip of one frame', () => {
    const one = { times: [0], duration: 0.04 };
    expect(findTimes('the second half; frame 1; frame 2', one).map((m) => m.frames)).toEqual([[0], [0]]);
    expect(findTimes('frame 1', { times: [], duration: 0 })).toEqual([]);
  });

  test('frames lie in the clip and ascend, whatever the text', () => {
    const part = fc.constantFrom(
      'frame',
      'frames',
      '3',
      '12',
      '99',
      'and',
      ',',
      '-',
      'to',
      'at',
      '0:04',
      'seconds',
      'the',
      'last',
      'half',
      '第',
      '帧',
      '十',
      '秒',
      ' ',
      'first',
      '0',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.constantFrom('', ' '), (parts, glue) => {
        let end = 0;
        for (const mark of findTimes(parts.join(glue), clip)) {
          expect(mark.start).toBeGreaterThanOrEqual(end);
          end = mark.end;
          expect(mark.frames.length).toBeGreaterThan(0);
          for (const [i, k] of mark.frames.entries())
            expect(k > (mark.frames[i - 1] ?? -1) && k < 12).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('while the text is written', () => {
  const sentence = fc.constantFrom(...cases.map(([text]) => text), 'it moves.', 'and', '，', '。');
  test('a mark once given stays as it is', () => {
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join(' ');
        const whole = findTimes(text, clip);
        for (let end = 0; end <= text.length; end++) {
          const given = findTimes(text.slice(0, end), clip, false);
          expect(given).toEqual(whole.slice(0, given.length));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('half a phrase is plain, a whole one is marked before the text ends', () => {
    expect(findTimes('Blur in frame 1', clip, false)).toEqual([]);
    expect(findTimes('Blur in frames 1 and', clip, false)).toEqual([]);
    expect(findTimes('Blur in frame 1. The', clip, false).map((m) => m.frames)).toEqual([[0]]);
  });
});
