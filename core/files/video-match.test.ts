import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchScores as matchRated } from './video-match.ts';

/** Scores of different values, by their paths. */
const matchScores = (videos: readonly string[], paths: readonly string[]) =>
  matchRated(
    videos,
    paths.map((path, mos) => ({ path, mos })),
  );

describe('scores and videos', () => {
  test('another root on either side', () => {
    const { scoreOf, withoutVideo } = matchScores(
      ['LSVQ/yfcc-batch1/747.mp4', 'LSVQ/yfcc-batch2/747.mp4'],
      ['yfcc-batch2/747.mp4', 'yfcc-batch1/747.mp4', 'yfcc-batch3/1.mp4'],
    );
    expect(scoreOf).toEqual([1, 0]);
    expect(withoutVideo).toEqual([2]);
  });
  test('a table without endings, Windows separators', () => {
    expect(matchScores(['k/8129160337.mp4'], ['8129160337']).scoreOf).toEqual([0]);
    expect(matchScores(['k/a.mp4'], ['C:\\data\\k\\a.mp4']).scoreOf).toEqual([0]);
  });
  test('one name, two files: nobody guesses', () => {
    const { scoreOf, ambiguous } = matchScores(['x/a.mp4', 'y/a.mp4'], ['a.mp4']);
    expect(scoreOf).toEqual([null, null]);
    expect(ambiguous).toEqual([0]);
  });
  test('different scores of one video are not chosen between', () => {
    const { scoreOf, ambiguous, contradictions, withoutVideo } = matchScores(
      ['k/a.mp4', 'b.mp4'],
      ['a.mp4', 'a.mp4', 'b.mp4'],
    );
    expect(scoreOf).toEqual([null, 2]);
    expect([ambiguous, withoutVideo, contradictions]).toEqual([[], [], [[0, 1]]]);
  });
  test('equal scores of one video are one score', () => {
    const twice = [
      { path: 'a.mp4', mos: 3 },
      { path: './a.mp4', mos: 3 },
    ];
    expect(matchRated(['a.mp4'], twice)).toEqual({
      scoreOf: [0],
      withoutVideo: [],
      ambiguous: [],
      contradictions: [],
    });
  });
  test('equal paths always pair, in any order', () => {
    const path = fc.array(fc.stringMatching(/^[a-c]{1,2}$/), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 12, selector: (p) => p.join('/') }), (paths) => {
        const videos = paths.map((p) => `${p.join('/')}.mp4`);
        const scores = videos.toReversed();
        const { scoreOf } = matchScores(videos, scores);
        scoreOf.forEach((j, i) => {
          expect(j).not.toBeNull();
          expect(scores[j as number]).toBe(videos[i]);
        });
      }),
    );
  });
});
