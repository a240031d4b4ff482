import { describe, expect, test } from 'vitest';
import type { Ladder } from '../node/ladder-files.ts';
import { ladderCsv, ladderText } from './ladder.ts';
import { ladderSvg, rateText } from './ladder-svg.ts';

const rendition = (path: string, rate: number, score: number | null, gain: number | null) => ({
  path,
  rate,
  score,
  gain,
  width: 1280,
  height: 720,
  fps: 25,
  psnr: 38.125,
  ssim: 0.97125,
  pairs: 50,
  text: '',
});

const ladder: Ladder = {
  source: { path: 'a&b.mp4', rate: 8e6, width: 1920, height: 1080, fps: 25, score: 4.2 },
  renditions: [
    rendition('250.mp4', 250_000, 2, null),
    rendition('1000.mp4', 1_000_000, 3.6, 0.8),
    { ...rendition('4000.mp4', 4_000_000, 3.8, 0.1), psnr: null },
  ],
  unreadable: [{ path: 'bad.mp4', error: { code: 'media/damaged', params: {}, message: '' } }],
  knee: '1000.mp4',
  scale: [1, 5],
};

test('rates are for people', () => {
  expect([9_400, 850_000, 4_200_000, 25_000_000].map(rateText)).toEqual([
    '9.4 kb/s',
    '850 kb/s',
    '4.20 Mb/s',
    '25.0 Mb/s',
  ]);
});

describe('a ladder as', () => {
  test('a table: ascending rates, what a doubling gains, the knee and what could not be read', () => {
    const text = ladderText(ladder);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/source {2}1920 × 1080 {3}4\.20 .* a&b\.mp4/);
    expect(lines[3]).toMatch(/1\.00 Mb\/s .* 3\.60 .*\+0\.80 .*38\.13 dB .*0\.9712 .*1000\.mp4 {2}← knee/);
    expect(lines[4]).toContain('equal');
    expect(text).toContain('error bad.mp4');
    expect(text).toContain('More rate than 1.00 Mb/s gains little');
    expect(ladderText({ ...ladder, knee: null })).toContain('No rendition stands out');
  });

  test('CSV: a line a rendition, rates in kb/s', () => {
    const lines = ladderCsv(ladder).trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe('1000.mp4,1000.000,1280,720,25,3.6,0.8,38.125,0.97125,1');
  });

  test('a picture: a point a scored rendition within the frame, the knee named, names escaped', () => {
    const svg = ladderSvg(ladder);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    for (const [, x, y] of svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThan(52);
      expect(Number(x)).toBeLessThan(616);
      expect(Number(y)).toBeGreaterThan(40);
      expect(Number(y)).toBeLessThan(376);
    }
    expect(svg).toContain('knee: 1.00 Mb/s');
    expect(svg).toContain('a&amp;b.mp4');
    const none = ladderSvg({
      ...ladder,
      renditions: ladder.renditions.map((one) => ({ ...one, score: null })),
    });
    expect(none).not.toMatch(/<circle|NaN|Infinity/);
  });
});
