import { describe, expect, test } from 'vitest';
import type { CodedError } from '../errors.ts';
import { builtInProfiles } from '../sampling/profiles.ts';
import { officialCsv, scoreCsv } from './csv.ts';
import { type Result, readResult } from './result.ts';

const sha = 'b'.repeat(64);
const result: Result = {
  format: 2,
  app: 'vqathinker-browser 0.1.0',
  createdAt: '2026-01-01T00:00:00Z',
  file: {
    name: 'bikes.mp4',
    bytes: 9,
    sha256: sha,
    container: 'mp4',
    codec: 'avc1.64001f',
    width: 640,
    height: 360,
    frames: 250,
    fps: 25,
    rotation: 0,
    colour: { matrix: 'bt601', range: 'limited', source: 'none', transfer: 'sdr' },
  },
  model: { name: 'small', manifestSha256: sha, dtype: 'q8', target: 'wasm', backend: 'wasm', adapter: '' },
  profile: builtInProfiles['test12@560'],
  seed: null,
  sampled: [
    { index: 9, time: 0.36 },
    { index: 93, time: 3.72, substituted: 92 },
  ],
  answers: [
    { text: '<answer>3.87</answer>', score: 3.87, tokens: 40, expected: 3.8 },
    { text: 'x', score: null, reason: 'no-answer', tokens: 1 },
  ],
  score: 3.87,
  band: 4,
  timings: { encodeVision: 2.1 },
};

const refusal = (value: unknown) => {
  try {
    readResult(value);
  } catch (error) {
    return (error as CodedError).toData();
  }
  return expect.unreachable();
};

describe('result file', () => {
  test('survives writing and reading', () => {
    expect(readResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  test('keeps scale, quality features and the estimate of people’s score', () => {
    const more: Result = {
      ...result,
      scale: { kind: 'human', datasets: [{ name: 'KoNViD-1k', n: 816, how: 'features' }] },
      humanEstimate: { score: 3.4, halfWidth: 0.9, datasets: ['KoNViD-1k'] },
      qualityFeatures: { set: 'videval47', values: [0.5, null] },
    };
    expect(readResult(JSON.parse(JSON.stringify(more)))).toEqual(more);
  });

  test('reads timings under the earlier stage names', () => {
    const timings = { decode: 1, look: 2.1, motion: 0.2, prompt: 0.3, write: 3 };
    expect(readResult({ ...result, timings }).timings).toEqual({
      decode: 1,
      encodeVision: 2.1,
      encodeMotion: 0.2,
      prefill: 0.3,
      generate: 3,
    });
  });

  test('faults are named', () => {
    expect(refusal({ ...result, format: 7 })).toMatchObject({
      code: 'result/version',
      params: { format: 7, reads: 2 },
    });
    expect(refusal({ ...result, mood: 1 })).toMatchObject({ code: 'result/file', params: { field: 'mood' } });
    expect(refusal({ ...result, answers: [{ text: '', score: '4', tokens: 1 }] }).params.field).toBe(
      'answers[0].score',
    );
    expect(refusal('x').code).toBe('result/file');
  });
});

describe('CSV', () => {
  test('the page', () => {
    expect(
      scoreCsv([
        {
          file: 'a, "b".mp4',
          score: 3.5,
          band: 'good',
          expected: 3.47,
          ciLow: 3.1,
          ciHigh: 3.9,
          k: 8,
          named: ['blur', 'noise'],
          seconds: 2.5,
        },
        { file: 'c.mp4', score: null, k: 1, named: [], error: 'run/no-answer' },
      ]),
    ).toBe(
      'file,score,band,expected,ci_low,ci_high,k,named,seconds,error\r\n' +
        '"a, ""b"".mp4",3.5,good,3.47,3.1,3.9,8,blur;noise,2.5,\r\n' +
        'c.mp4,null,,,,,1,,,run/no-answer\r\n',
    );
  });

  test('the released script: the true score stays as it is written', () => {
    expect(officialCsv([{ filename: 'x/1.mp4', predicted: 3.2, truth: '62.400' }])).toBe(
      'filename,pred_score,gt_score\r\nx/1.mp4,3.2,62.400\r\n',
    );
  });
});
