import { describe, expect, test } from 'vitest';
import { placeholder } from './prompts.ts';
import {
  orderedStalls,
  type PlayerEvent,
  readStalls,
  stalledPlayback,
  stallPlan,
  stallsOfEvents,
  writeStalls,
} from './stalls.ts';

const video = { frames: 250, fps: 25 };
const network = { positions: 2000, pooled: 14 };
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('playback with stalls', () => {
  test('repeats the frame that it stands on, and keeps every other', () => {
    const { source, stalled, seconds } = stalledPlayback(video, [{ at: 2, duration: 0.12 }]);
    expect(source.slice(48, 55)).toEqual([48, 49, 50, 50, 50, 50, 51]);
    expect(stalled.slice(49, 55)).toEqual([false, false, true, true, true, false]);
    expect(source.length).toBe(253);
    expect(seconds).toBeCloseTo(10.12, 12);
  });

  test('stalls are put in order, and two on one frame are one', () => {
    const given = [
      { at: 5, duration: 1 },
      { at: 1, duration: 0.5 },
      { at: 5.01, duration: 1 },
    ];
    expect(orderedStalls(given, video)).toEqual([
      { at: 1, duration: 0.5 },
      { at: 5, duration: 2 },
    ]);
  });

  test.each([
    [{ at: 0, duration: 1 }, 'stall/initial'],
    [{ at: -1, duration: 1 }, 'stall/initial'],
    [{ at: 10, duration: 1 }, 'stall/outside'],
    [{ at: 5, duration: 0.01 }, 'stall/short'],
    [{ at: Number.NaN, duration: 1 }, 'stall/initial'],
    [{ at: 5, duration: Number.NaN }, 'stall/short'],
  ])('%o is refused', (stall, wanted) => {
    expect(() => orderedStalls([stall], video)).toThrow(code(wanted));
  });
});

describe('plan', () => {
  test('one key frame a second of the playback, dense frames in eights, and both in the text', () => {
    const { keyFrames, denseFrames, text } = stallPlan(video, [{ at: 2, duration: 3 }], network);
    expect(keyFrames).toEqual([0, 25, 50, 50, 50, 50, 75, 100, 125, 150, 175, 200, 225]);
    expect(denseFrames.length).toBe(320);
    expect(text).toContain('This video is 13.0 seconds long');
    expect(text).toContain('motion features of the 320 frames');
    // 75 of 325 frames stand still, and 199 follow the stall.
    expect(text).toContain(
      'The total stalling duration of this video is 75 frames, accounting for 23.076923 percent',
    );
    expect(text).toContain('end of the video is 199 frames');
    expect(text.split(placeholder)).toHaveLength(3);
    expect(text.endsWith('<|im_start|>assistant\nThe quality of this video is')).toBe(true);
  });

  test('without stalls the text says so', () => {
    expect(stallPlan(video, [], network).text).toContain('plays smoothly, without any stalling happens.');
  });

  test('stalls count against the positions of the motion network', () => {
    expect(() => stallPlan(video, [{ at: 2, duration: 71 }], network)).toThrow(code('run/dense'));
    expect(() => stallPlan({ frames: 5, fps: 25 }, [], network)).toThrow(code('run/short'));
  });
});

describe('lists', () => {
  test.each([
    [
      'start,duration\n2,3\n5.5,0.25',
      [
        [2, 3],
        [5.5, 0.25],
      ],
    ],
    [
      '2\t3\r\n\r\n# a note\r\n1:02.5\t1',
      [
        [2, 3],
        [62.5, 1],
      ],
    ],
    ['begin;end\n2;5', [[2, 3]]],
    ['2 3', [[2, 3]]],
    ['2,5;1', [[2.5, 1]]],
    ['', []],
  ])('%j', (text, wanted) => {
    expect(readStalls(text).map(({ at, duration }) => [at, duration])).toEqual(wanted);
  });

  test.each(['2', 'a,b\nx,1', '2,0', '2,-1', '1,2,3', 'begin;end\n5;2'])(
    '%j is refused with its line',
    (text) => {
      expect(() => readStalls(text)).toThrow(code('stall/list'));
    },
  );

  test('what is written is read', () => {
    const stalls = [{ at: 1.5, duration: 0.25 }];
    expect(readStalls(writeStalls(stalls))).toEqual(stalls);
  });
});

test('events of a player: stalls between waiting and playing; jumps, pauses and the first wait are none', () => {
  const events = (
    [
      ['waiting', 0, 0],
      ['playing', 0, 1.5],
      ['waiting', 4, 5.5],
      ['playing', 4, 7],
      ['seeking', 9, 8],
      ['waiting', 9, 8],
      ['playing', 9, 9],
      ['waiting', 9.5, 9.5],
      ['pause', 9.5, 10],
      ['playing', 9.5, 20],
    ] as const
  ).map(([kind, position, clock]): PlayerEvent => ({ kind, position, clock }));
  expect(stallsOfEvents(events)).toEqual({ stalls: [{ at: 4, duration: 1.5 }], initial: 1.5 });
});
