import { describe, expect, it } from 'vitest';
import { type Result, readResult } from '../../../core/files/result.ts';
import { builtInProfiles } from '../../../core/sampling/profiles.ts';
import { resultCsv, resultJson, resultOfficialCsv, resultText, scaleSentence } from './export-text.ts';
import { ASSESS_MESSAGES } from './messages/useAssessMessages.ts';
import { wrapText } from './result-card.ts';
import { sortFiles } from './sort-files.ts';

const result: Result = {
  format: 2,
  app: 'test 1',
  createdAt: '2026-01-02T03:04:05.000Z',
  file: {
    name: 'bikes, "old".mp4',
    bytes: 510_000,
    sha256: 'a'.repeat(64),
    container: 'mp4',
    codec: 'avc1.64001f',
    width: 640,
    height: 272,
    frames: 250,
    fps: 25,
    rotation: 0,
    colour: { matrix: 'bt601', range: 'limited', source: 'none', transfer: 'sdr' },
  },
  model: {
    name: 'Small',
    manifestSha256: 'b'.repeat(64),
    dtype: 'q8',
    target: 'wasm',
    backend: 'wasm',
    adapter: '',
  },
  profile: builtInProfiles['test12@560'],
  seed: null,
  sampled: [
    { index: 10, time: 0.4 },
    { index: 31, time: 1.24 },
  ],
  answers: [
    {
      text: '<think>There is motion blur.\nNo noise is visible.</think><answer>3.50</answer>',
      score: 3.5,
      tokens: 20,
      expected: 3.46,
    },
  ],
  score: 3.5,
  band: 4,
  percentile: { percent: 71.4, population: 'held-out clips', n: 2400, kind: 'own' },
  timings: {
    index: 0.02,
    decode: 0.31,
    encodeVision: 1.42,
    encodeMotion: 0.22,
    prefill: 0.68,
    generate: 3.05,
  },
};

const unread: Result = (() => {
  const { band: _, percentile: __, ...rest } = result;
  return {
    ...rest,
    score: null,
    answers: [{ text: '<answer>3.5/5</answer>', score: null, reason: 'not-a-number', tokens: 9 }],
  };
})();
const state = { kind: 'one', value: 3.5, written: '3.50', band: 4 } as const;

describe('copy as text', () => {
  it('says everything in eight lines, the score as the model wrote it', () => {
    const lines = resultText(result, state, ASSESS_MESSAGES.en, 'en').split('\n');
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe('Score 3.50 of 5, Good');
    expect(lines[1]).toBe(
      'Scale: Above 71\u202f% of this model’s 2,400 held-out clips. The model’s own scale, not a human rating.',
    );
    expect(lines[4]).toBe('Frames: 11 (0:00.40), 32 (0:01.24)');
    expect(lines[5]).toBe('Time: 5.70\u202fs');
    expect(lines[6]).toMatch(/^Named: motion blur; ruled out: noise$/);
    expect(lines[7]).toBe('Reasoning: There is motion blur. No noise is visible.');
  });
  it('names the estimate of people’s score apart from the score', () => {
    const humanEstimate = { score: 3.412, halfWidth: 0.931, datasets: ['KoNViD-1k', 'LIVE-VQC'] };
    const lines = resultText({ ...result, humanEstimate }, state, ASSESS_MESSAGES.en, 'en').split('\n');
    expect(lines[0]).toBe('Score 3.50 of 5, Good');
    expect(lines[2]).toBe('Estimate of people’s score: 3.41 ± 0.93 (KoNViD-1k, LIVE-VQC)');
  });
  it('never puts a number where there is none', () => {
    const none = { kind: 'unreadable', answer: '3.5/5', reason: 'not-a-number' } as const;
    const [head] = resultText(unread, none, ASSESS_MESSAGES.en, 'en').split('\n');
    expect(head).toMatch(/^No score\. .*3\.5\/5/);
    expect(scaleSentence(unread, ASSESS_MESSAGES.en)).toBe('');
  });
  it('speaks Chinese', () => {
    expect(resultText(result, state, ASSESS_MESSAGES.zh, 'zh').split('\n')[0]).toContain('得分3.50');
  });
});

describe('files', () => {
  it('JSON is read back as it was', () => {
    expect(readResult(JSON.parse(resultJson(result)))).toEqual(result);
  });
  it('CSV quotes names, and says null with a reason where there is no score', () => {
    const [, row] = resultCsv(result).split('\r\n');
    expect(row).toBe('"bikes, ""old"".mp4",3.5,good,3.46,,,1,motion-blur,5.7,');
    expect(resultCsv(unread).split('\r\n')[1]).toMatch(/,null,,,,,1,,5\.7,not-a-number$/);
    expect(resultOfficialCsv(unread).split('\r\n')[1]).toMatch(/,null,$/);
  });
});

describe('lines of the card', () => {
  const measure = (text: string) => text.length;
  it('break at spaces and between Han characters, and lose nothing', () => {
    expect(wrapText('one two three', 8, measure)).toEqual(['one two', 'three']);
    expect(wrapText('画面清晰，色彩自然。', 4, measure)).toEqual(['画面清', '晰，色彩', '自然。']);
    expect(wrapText('a\n\nb', 9, measure)).toEqual(['a', 'b']);
  });
});

describe('what comes in', () => {
  const file = (name: string, type = '') => new File(['x'], name, { type });
  it('is a video, a result or a picture', () => {
    expect(sortFiles([file('a.MKV')])).toMatchObject({ kind: 'videos', others: 0 });
    expect(sortFiles([file('a.json')])).toMatchObject({ kind: 'result' });
    expect(sortFiles([file('a.png', 'image/png')])).toEqual({ kind: 'image' });
    expect(sortFiles([file('IMG_1.HEIC')])).toEqual({ kind: 'image' });
  });
  it('takes the videos out of many files, and tries one file of any kind', () => {
    const many = sortFiles([file('notes.txt'), file('a.mp4'), file('b.webm')]);
    expect(many).toMatchObject({ kind: 'videos', others: 1 });
    expect(sortFiles([file('thing.bin')])).toMatchObject({ kind: 'videos', others: 0 });
  });
});
