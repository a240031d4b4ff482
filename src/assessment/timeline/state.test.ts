/** Each change of a quality timeline's state, without a store. */
import { expect, test } from 'vitest';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import {
  EMPTY,
  type QualityTimelineState,
  reduceTimeline,
  type SegmentResult,
  type StoredTimeline,
  scoresOf,
  type TimelineEvent,
  type TimelineModel,
} from './state.ts';

function stateAfter(state: QualityTimelineState, ...events: TimelineEvent[]): QualityTimelineState {
  let now = state;
  for (const event of events) now = { ...now, ...reduceTimeline(now, event) };
  return now;
}

const file = new File([], 'a.mp4');
const video = {
  times: Float64Array.from({ length: 400 }, (_, i) => i / 10),
  facts: { duration: 40 },
} as unknown as OpenedVideo;
const opened: TimelineEvent = { kind: 'opened', file, video, stored: null };
const result = (score: number | null) => ({ score, thumbnail: null }) as unknown as SegmentResult;
const model = (manifestSha256: string) =>
  ({ model: { manifestSha256, dtype: 'q8', backend: 'wasm' }, profile: {} }) as unknown as TimelineModel;
const assessed = (segment: number, score: number | null): TimelineEvent => ({
  kind: 'assessed',
  segment,
  result: result(score),
});

test('a video is cut into segments without results', () => {
  const state = stateAfter({ ...EMPTY, seconds: 20 }, opened);
  expect(state).toMatchObject({ phase: 'idle', seconds: 20, results: [null, null] });
  expect(state.segments.map(({ from, frames }) => [from, frames])).toEqual([
    [0, 200],
    [200, 200],
  ]);
});

test('results stay with their frames through other segment lengths', () => {
  const state = stateAfter(EMPTY, opened, { kind: 'began' }, assessed(0, 3), assessed(3, null), {
    kind: 'paused',
    error: null,
  });
  expect(scoresOf(state.results)).toEqual([3, undefined, undefined, null]);
  const longer = stateAfter(state, { kind: 'cut', seconds: 20 });
  expect([longer.phase, scoresOf(longer.results)]).toEqual(['paused', [undefined, undefined]]);
  const back = stateAfter(longer, { kind: 'cut', seconds: 10 });
  expect(back.results).toEqual(state.results);
});

test('another model drops the results, the same one keeps them', () => {
  const state = stateAfter(EMPTY, opened, { kind: 'loaded', model: model('a') }, assessed(1, 4));
  const same = stateAfter(state, { kind: 'loaded', model: model('a') });
  expect(scoresOf(same.results)[1]).toBe(4);
  expect(scoresOf(stateAfter(same, { kind: 'loaded', model: model('b') }).results)[1]).toBeUndefined();
});

test('a retry drops the results without a score', () => {
  const state = stateAfter(EMPTY, opened, assessed(0, 3), assessed(1, null), { kind: 'retried' });
  expect([state.phase, scoresOf(state.results)]).toEqual(['paused', [3, undefined, undefined, undefined]]);
});

test('a stored timeline is shown as it was cut, and completed when its video is there', () => {
  const stored = {
    timeline: {
      model: {},
      profile: {},
      segmentSeconds: 20,
      segments: [
        { from: 0, frames: 200, start: 0, end: 20, result: { score: 2 } },
        { from: 200, frames: 200, start: 20, end: 40, result: null },
      ],
    },
    thumbnails: [],
  } as unknown as StoredTimeline;
  const shown = stateAfter(EMPTY, { kind: 'shown', stored });
  expect(shown).toMatchObject({ phase: 'paused', video: null, seconds: 20 });
  expect(stateAfter(shown, { kind: 'cut', seconds: 10 }).segments).toBe(shown.segments);
  const open = stateAfter(shown, { kind: 'opened', file, video, stored });
  expect([open.phase, scoresOf(open.results)]).toEqual(['paused', [2, undefined]]);
  expect(stateAfter(open, assessed(1, 3), { kind: 'cut', seconds: 20 }).phase).toBe('done');
  expect(stateAfter(open, { kind: 'cleared' })).toEqual({ ...EMPTY, seconds: 20 });
});
