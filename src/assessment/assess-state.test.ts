/** Each change of the Assess page's state, without a store. */
import { describe, expect, test } from 'vitest';
import type { Result } from '../../core/files/result.ts';
import type { DeliveredFrame, OpenedVideo } from '../../workers/media/api.ts';
import type { LoadedModel, RawAnswer } from '../../workers/model/api.ts';
import { type AssessState, type AssessStoreEvent, EMPTY, reduceAssess } from './assess-state.ts';
import type { Answer } from './run/answer.ts';
import type { FileAssessment } from './run/assess-file.ts';
import { NO_VIEW } from './run/growing-answer.ts';

function stateAfter(state: AssessState, ...events: AssessStoreEvent[]): AssessState {
  let now = state;
  for (const event of events) now = { ...now, ...reduceAssess(now, event) };
  return now;
}

const file = new File([], 'a.mp4');
const began: AssessStoreEvent = { kind: 'began', file, startedAt: 1000, view: NO_VIEW, requested: 2 };
const video = { id: 1, times: Float64Array.of(0, 0.04, 0.08) } as unknown as OpenedVideo;
const planned = (...vision: (number | null)[]): AssessStoreEvent => ({
  kind: 'planned',
  plan: { vision, motion: [] },
});
const delivered = (index: number, change: Partial<DeliveredFrame> = {}): AssessStoreEvent => ({
  kind: 'frame',
  frame: { index, time: index * 0.05, rgb: [], ...change },
});
const answer = (text: string, end: RawAnswer['end'] = 'eos'): Answer => ({
  raw: { text, end, tokens: 3, expected: null, framesReused: 0 } as unknown as RawAnswer,
  reading: null,
  seed: null,
});

describe('stages', () => {
  test('one runs at a time and keeps its seconds when it is left', () => {
    const state = stateAfter(
      EMPTY,
      began,
      { kind: 'stage', stage: 'index' },
      { kind: 'left', time: { stage: 'index', seconds: 0.5 } },
      { kind: 'stage', stage: 'decode' },
      { kind: 'decoding', done: 1, total: 8, cached: 4 },
    );
    expect(state.stage).toBe('decode');
    expect(state.stages.index).toEqual({ state: 'done', seconds: 0.5, done: 0, total: 0 });
    expect(state.stages.decode).toEqual({ state: 'running', seconds: 0, done: 5, total: 12 });
  });

  test('the wait for the model moves the start', () => {
    expect(stateAfter(EMPTY, began, { kind: 'waited', seconds: 2 }).startedAt).toBe(3000);
  });

  test('a new run begins with none of the last one’s, and keeps the frames', () => {
    const before = stateAfter(EMPTY, began, planned(0), { kind: 'stage', stage: 'index' });
    const state = stateAfter(before, began);
    expect(state.stages.index.state).toBe('waiting');
    expect(state.frames).toBe(before.frames);
  });
});

describe('frames', () => {
  const open: AssessStoreEvent = { kind: 'opened', video };

  test('stand in the order of the plan, at the times of the index, and take over what is decoded', () => {
    const state = stateAfter(
      EMPTY,
      open,
      planned(2, null, 1),
      delivered(1, { substituted: 0, foreignColour: true }),
    );
    expect(state.frames).toEqual([
      { index: 2, time: 0.08, thumbnail: null, encoded: false },
      { index: 1, time: 0.05, thumbnail: null, encoded: false, substituted: 0, foreignColour: true },
    ]);
  });

  test('another plan of the same video keeps what is there of its frames', () => {
    const open: AssessStoreEvent = { kind: 'opened', video };
    const before = stateAfter(EMPTY, open, planned(0, 2), delivered(2, { substituted: 1 }));
    const { frames } = stateAfter(before, planned(2, 2, 1));
    expect(frames.map(({ index, time, substituted }) => [index, time, substituted])).toEqual([
      [2, 0.1, 1],
      [2, 0.1, 1],
      [1, 0.04, undefined],
    ]);
  });

  test('the same plan keeps them', () => {
    const state = stateAfter(EMPTY, open, planned(2, 1), delivered(1));
    expect(stateAfter(state, planned(2, 1)).frames).toBe(state.frames);
    expect(stateAfter(state, planned(1, 2)).frames).not.toBe(state.frames);
  });

  test('are encoded from the first on', () => {
    const state = stateAfter(EMPTY, planned(2, 1), { kind: 'encoding', k: 0, done: 1, total: 2 });
    expect(state.frames.map(({ encoded }) => encoded)).toEqual([true, false]);
  });
});

describe('answers', () => {
  const drawn: AssessStoreEvent = { kind: 'drawn', view: { ...NO_VIEW, thinking: 'x' }, tokens: 7 };

  test('the next of several clears the text, the first does not', () => {
    const state = stateAfter(EMPTY, began, drawn);
    expect(stateAfter(state, { kind: 'asked', k: 0, of: 2 }).tokens).toBe(7);
    expect(stateAfter(state, { kind: 'asked', k: 1, of: 2 })).toMatchObject({ tokens: 0, view: NO_VIEW });
    expect(state.stages.generate).toMatchObject({ done: 7, total: 1024 });
  });

  test('an assessment is done with its first answer, and stopped with one that was stopped', () => {
    const seconds = { index: 0, decode: 1, encodeVision: 2, encodeMotion: 3, prefill: 4, generate: 5 };
    const assessment = (...answers: Answer[]): FileAssessment => ({
      answers,
      features: null,
      seconds,
      reused: ['decode'],
      video,
      model: {} as LoadedModel,
    });
    const done = stateAfter(EMPTY, began, {
      kind: 'assessed',
      assessment: assessment(answer('a'), answer('b')),
    });
    expect(done).toMatchObject({ phase: 'done', stage: null, answer: { text: 'a' } });
    expect(done.answers.map(({ text }) => text)).toEqual(['a', 'b']);
    expect([done.stages.decode.state, done.stages.generate]).toMatchObject([
      'reused',
      { state: 'done', seconds: 5 },
    ]);
    const stopped = stateAfter(EMPTY, began, {
      kind: 'assessed',
      assessment: assessment(answer('a', 'aborted')),
    });
    expect(stopped.phase).toBe('stopped');
  });
});

test('the queue keeps its order; the file that opens leaves it', () => {
  const [b, c] = [new File([], 'b.mp4'), new File([], 'c.mp4')];
  const state = stateAfter(EMPTY, began, { kind: 'queued', file: b }, { kind: 'queued', file: c });
  expect(state.queue).toEqual([b, c]);
  expect(stateAfter(state, { kind: 'dequeued', file: b }).queue).toEqual([c]);
  expect(stateAfter(state, { kind: 'opening', file: b })).toEqual({ ...EMPTY, queue: [c] });
});

test('a reopened result has the seconds of its file, and its frames have been encoded', () => {
  const result = {
    timings: { generate: 2 },
    answers: [{ text: '<think>why</think>', tokens: 4 }],
    sampled: [{ index: 3, time: 0.1 }],
  } as unknown as Result;
  const state = stateAfter(EMPTY, { kind: 'reopened', result, thumbnails: [], timeline: null });
  expect(state).toMatchObject({ phase: 'reopened', tokens: 4, view: { thinking: 'why' } });
  expect([state.stages.generate.seconds, state.stages.decode.seconds]).toEqual([2, 0]);
  expect(state.frames).toEqual([{ index: 3, time: 0.1, thumbnail: null, encoded: true }]);
});
