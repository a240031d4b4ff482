import { describe, expect, test } from 'vitest';
import { stallDigits, stallFacts, stallSummary, streamingText } from './stall.ts';

const frames = (text: string) => [...text].map((c) => c === '1');

describe('stalls', () => {
  test('counted in frames', () => {
    expect(stallFacts(frames('0011100100'))).toEqual({ total: 10, stalled: 4, events: 2, sinceLast: 2 });
    expect(stallFacts(frames('0000'))).toEqual({ total: 4, stalled: 0, events: 0, sinceLast: null });
    expect(stallDigits(frames('0101'))).toBe('0101');
  });

  test('shares with six decimals, as in the published record of 374 frames', () => {
    const text = stallSummary({ total: 374, stalled: 125, events: 1, sinceLast: 123 });
    expect(text).toBe(
      'The total stalling duration of this video is 125 frames, accounting for 33.422460 percent of the total duration. The number of stalling events of the video is 1. The time elapsed from the end of the last stalling event to the end of the video is 123 frames, accounting for 32.887701 percent of the total playback duration.',
    );
  });

  test('whole text: motion features of a multiple of 8 frames', () => {
    const text = streamingText(13.44, Array<boolean>(374).fill(false), 'summary');
    expect(text).toContain('This video is 13.4 seconds long, and');
    expect(text).toContain(
      'motion features of the 368 frames of the entire video:\n <image> The stalling condition of this video is: The video plays smoothly, without any stalling happens. Based on',
    );
    expect(text.split('<image>').length).toBe(3);
    expect(streamingText(1, frames('011'), 'digits')).toContain(
      '<image>. The temporal sequence of the stalling information of each frame is shown as follows: 011',
    );
    expect(streamingText(1, frames('011'), 'digits')).toMatch(/011$/);
  });

  test('an exact tie goes to the even digit, as C prints it', () => {
    // 100 · 1 / 12,800 is 0.0078125 in binary too, and 61 / 4 s are 15.25.
    const still = [true, ...Array<boolean>(12_799).fill(false)];
    expect(streamingText(15.25, still, 'summary')).toContain('1 frames, accounting for 0.007812 percent');
    expect(streamingText(15.25, still, 'summary')).toContain('This video is 15.2 seconds long');
    expect(streamingText(15.75, still, 'summary')).toContain('This video is 15.8 seconds long');
  });
});
