import { describe, expect, it } from 'vitest';
import { readStrictly } from '../../../core/answer/answer.ts';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import type { Result } from '../../../core/files/result.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedModel, RawAnswer } from '../../../workers/model/api.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { STAGES } from '../../assessment/run/stages.ts';
import { answerText, finishedAnswers } from './answers-view.ts';
import { resultRows } from './FilePanel.tsx';
import { ASSESS_MESSAGES } from './messages/useAssessMessages.ts';
import { longNotice, noticesOf } from './Notices.tsx';
import { barStages, clipOf, scoreState, spansOf } from './run-view.ts';

const stages = Object.fromEntries(
  STAGES.map((stage) => [stage, { state: 'waiting', seconds: 0, done: 0, total: 0 }]),
) as unknown as AssessState['stages'];

const model = {
  manifest: { name: 'Tiny', scale: { kind: 'unmeasured', range: [1, 5] } },
} as unknown as LoadedModel;

function stateOf(phase: AssessState['phase'], text: string, change: Partial<AssessState> = {}): AssessState {
  const answer = { text, tokens: 9, end: 'eos', expected: null, framesReused: 0 } as unknown as RawAnswer;
  return {
    phase,
    file: null,
    video: null,
    frames: [],
    stages,
    stage: null,
    startedAt: 0,
    firstToken: null,
    view: viewAnswer(text),
    tokens: 0,
    answer: phase === 'done' ? answer : null,
    answers: phase === 'done' ? [answer] : [],
    requested: 1,
    reading: phase === 'done' ? readStrictly(text, [1, 5]) : null,
    model,
    vqa2: null,
    protocol: null,
    levels: null,
    report: null,
    result: null,
    error: null,
    queue: [],
    estimate: 'none',
    timeline: null,
    closed: null,
    ...change,
  };
}

const WHOLE = '<think>The clip is clear.</think><answer>3.87</answer>';

describe('the score panel', () => {
  it('waits, fills its digits, then has the number as written', () => {
    expect(scoreState(stateOf('running', '<think>The clip')).kind).toBe('waiting');
    expect(scoreState(stateOf('running', '<think>The clip is clear.</think><answer>3.8'))).toEqual({
      kind: 'writing',
      digits: '3.8',
      wordCount: 4,
    });
    expect(scoreState(stateOf('done', WHOLE))).toEqual({
      kind: 'one',
      value: 3.87,
      written: '3.87',
      band: 4,
    });
  });
  it('never has a number that the answer is not', () => {
    const text = '<think>x</think><answer>3.5/5</answer>';
    expect(scoreState(stateOf('done', text))).toMatchObject({ kind: 'unreadable', answer: '3.5/5' });
    expect(scoreState(stateOf('stopped', '<think>The clip is')).kind).toBe('stopped');
    const long = { ...stateOf('done', '<think>on and on'), answer: { end: 'length', tokens: 1024 } };
    expect(scoreState(long as AssessState)).toMatchObject({ kind: 'length', tokens: 1024 });
  });
});

describe('several answers', () => {
  const scale = { kind: 'unmeasured', range: [1, 5] };
  const texts = [WHOLE, '<think>x</think><answer>3.5/5</answer>', '<think>on and on'];
  const raw = texts.map((text, i) => ({ text, tokens: 9, end: i === 2 ? 'length' : 'eos', expected: null }));
  const state = {
    ...stateOf('done', WHOLE),
    answers: raw,
    requested: 3,
    model: { manifest: { name: 'Tiny', scale } },
  } as unknown as AssessState;
  it('say of each one its score, or why it has none', () => {
    const lines = finishedAnswers(state).map((one) => answerText(one, ASSESS_MESSAGES.en));
    expect(lines).toEqual([
      '3.87',
      'No score. The answer “3.5/5” is not a number.',
      'No score. The model wrote 9 tokens without giving a score.',
    ]);
  });
  it('are none while a run goes on', () => {
    expect(finishedAnswers({ ...state, phase: 'running' })).toEqual([]);
  });
});

describe('facts', () => {
  it('of a saved result are as exact as those of the video, where the file holds them', () => {
    const file = {
      name: 'a.mp4',
      bytes: 510_000,
      codec: 'avc1.64001e',
      width: 640,
      height: 272,
      frames: 250,
      fps: 25,
      colour: { matrix: 'bt709', range: 'limited', source: 'bitstream', transfer: 'sdr' },
    };
    const result = { file, model: { name: 'Tiny', dtype: 'q8', backend: 'wasm' } } as unknown as Result;
    const values = resultRows(result, ASSESS_MESSAGES.en).map(({ value }) => value);
    expect(values[1]).toBe('10.00\u202fs, 250 frames');
    expect(values[2]).toBe('H.264 High');
    expect(values[4]).toBe('510\u202fkB, 408\u202fkb/s');
    const still = { ...result, file: { ...file, fps: 0 } } as unknown as Result;
    expect(resultRows(still, ASSESS_MESSAGES.en)[4]?.value).toBe('510\u202fkB');
  });
  it('of the decoder say that a frame may be decoded more than once', () => {
    const { decoded } = ASSESS_MESSAGES.en.time;
    expect(decoded(68, 250, 16, 8)).toBe(
      'Decoded 68 of 250 frames to get the 16 it needs (8, each with the one after it).',
    );
    expect(decoded(305, 50, 16, null)).toBe(
      '305 decodes, with retries, of 50 frames to get the 16 it needs.',
    );
  });
});

describe('marks', () => {
  const frames = [0, 1, 2, 3].map((k) => ({ index: k * 10, time: k, thumbnail: null, encoded: true }));
  it('find what is named, what is ruled out and which frames are meant', () => {
    const clip = clipOf({ frames, video: { facts: { duration: 4 } } as OpenedVideo, result: null });
    const spans = spansOf('Some motion blur in frame 2. No noise is visible.', clip, true);
    expect(spans).toMatchObject([
      { kind: 'distortion', id: 'motion-blur', says: 'found' },
      { kind: 'distortion', id: 'noise', says: 'ruled-out' },
      { kind: 'time', frames: [1] },
    ]);
  });
  it('mean no frame before the frames are known', () => {
    const clip = clipOf({
      frames: frames.map((frame) => ({ ...frame, time: Number.NaN })),
      video: null,
      result: null,
    });
    expect(spansOf('See frame 2 here.', clip, true)).toEqual([]);
  });
});

describe('the bar', () => {
  it('draws only what is measured', () => {
    const shares = {
      index: 0.1,
      decode: 0.1,
      encodeVision: 0.4,
      encodeMotion: 0.1,
      prefill: 0.1,
      generate: 0.2,
    };
    const running = {
      ...stages,
      index: { state: 'done', seconds: 0.1, done: 0, total: 0 },
      decode: { state: 'reused', seconds: 0, done: 0, total: 0 },
      encodeVision: { state: 'running', seconds: 0, done: 3, total: 12 },
      generate: { state: 'running', seconds: 0, done: 50, total: 1024 },
    } as const;
    const bar = (tokens: number | null) =>
      barStages(
        running,
        shares,
        tokens,
        (stage) => stage,
        ({ seconds }) => `${seconds} s`,
      );
    expect(bar(null).map(({ fraction }) => fraction)).toEqual([0, 0, 0.25, 0, 0, 0]);
    expect(bar(100).at(-1)?.fraction).toBe(0.5);
    expect(bar(20).at(-1)?.fraction).toBe(0.97);
    expect(bar(null).map(({ took }) => took)).toEqual([
      '0.1 s',
      '0 s',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('notices', () => {
  const facts = {
    frames: 74,
    missing: 176,
    duration: 150,
    colour: { transfer: 'hlg' },
    notices: [
      { code: 'clock-restart', params: { frame: 26, recordings: 2 } },
      { code: 'single-frame', params: {} },
    ],
  } as unknown as OpenedVideo['facts'];
  const frames = [
    { index: 10, time: 10, thumbnail: null, encoded: true },
    { index: 93, time: 60.5, thumbnail: null, encoded: true, substituted: 92 },
  ];
  it('say what is cut off, what was put in place, and what was not converted', () => {
    const machine = { isolated: true, serviceWorker: true };
    const present = noticesOf(
      { video: { facts } as OpenedVideo, frames, model: null },
      machine,
      ASSESS_MESSAGES.en,
      'en',
    );
    expect(present).toHaveLength(5);
    expect(present[0]).toContain('74 of 250');
    expect(present[1]).toMatch(/clock starts again at frame 26: it holds 2 recordings/);
    expect(present[2]).toContain('One picture only');
    expect(present[3]).toContain('HLG');
    expect(present[4]).toBe('Frame 94 could not be decoded; frame 93 was used.');
  });
  it('claim nothing about the values of HDR video that the browser has converted', () => {
    const of = (transfer: string) =>
      noticesOf(
        {
          video: {
            facts: { ...facts, missing: 0, clockRestarts: [], notices: [], colour: { transfer } },
          } as unknown as OpenedVideo,
          frames: [{ ...frames[0]!, foreignColour: true }],
          model: null,
        },
        { isolated: true, serviceWorker: true },
        ASSESS_MESSAGES.en,
        'en',
      );
    expect(of('hlg')).toEqual([expect.stringContaining('HLG video. The browser converted its colours')]);
    expect(of('sdr')).toEqual([ASSESS_MESSAGES.en.assess.foreign]);
  });
  it('say that the picture changes its size', () => {
    const machine = { isolated: true, serviceWorker: true };
    const small = { width: 160, height: 90 };
    const of = (...sizes: (typeof small | null)[]) =>
      noticesOf(
        {
          video: {
            facts: { ...facts, width: 320, height: 180, missing: 0, notices: [] },
          } as unknown as OpenedVideo,
          frames: sizes.map((size, index) => ({
            index: 10 * index,
            time: index,
            thumbnail: {} as ImageBitmap,
            encoded: true,
            ...(size ? { size } : {}),
          })),
          model: null,
        },
        machine,
        ASSESS_MESSAGES.en,
        'en',
      );
    expect(of(null, null, small)[0]).toMatch(/changes its size inside the video: frame 21 is 160 × 90/);
    expect(of(null, null)).toHaveLength(1);
    expect(of(small, small)).toHaveLength(1);
  });
  it('are one for any number of substituted frames', () => {
    const lost = [31, 34, 38, 48].map((index) => ({
      index,
      time: index / 10,
      thumbnail: null,
      encoded: true,
      substituted: 30,
    }));
    const machine = { isolated: true, serviceWorker: true };
    const state = { video: null, frames: [...frames.slice(0, 1), ...lost], model: null };
    expect(noticesOf(state, machine, ASSESS_MESSAGES.en, 'en')).toEqual([
      '4 of 5 frames could not be decoded; their neighbours were used (32, 35, 39, 49).',
    ]);
  });
  it('say how much of a long clip one score leaves out, and nothing of a short one', () => {
    const of = (duration: number) =>
      longNotice(
        { video: { facts: { ...facts, duration } } as OpenedVideo, frames, timeline: null },
        ASSESS_MESSAGES.en,
        'en',
      );
    expect(of(60)).toBeNull();
    expect(of(61)).toContain('50.5\u202fs apart');
    expect(of(3 * 3600)).toMatch(/^The video is 3\u202fh 0\u202fmin long/);
  });
  it('say why there is one thread', () => {
    const one = { backend: 'wasm', threads: 1 } as LoadedModel;
    const on = (serviceWorker: boolean) =>
      noticesOf(
        { video: null, frames: [], model: one },
        { isolated: false, serviceWorker },
        ASSESS_MESSAGES.en,
        'en',
      );
    expect(on(true)[0]).toContain('Reload');
    expect(on(false)[0]).not.toContain('Reload');
  });
});
