/** Files of format 1, as the first versions of the page and of the converter wrote them, are read as files of format 2. */
import { describe, expect, test } from 'vitest';
import type { CodedError } from '../errors.ts';
import { builtInProfiles } from '../sampling/profiles.ts';
import { type BatchFile, readBatchFile } from './batch.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { isQualityTimeline, type QualityTimeline, readQualityTimeline } from './quality-timeline.ts';
import { type Result, readResult } from './result.ts';

const sha = 'c'.repeat(64);
const profile = builtInProfiles['test12@560'];
const { sampling: _sampling, ...rest } = profile;
const oldProfile = { ...rest, places: 'official', motion: { pixels: 'squash', take: 'same' } };
const facts = { name: 'small', manifestSha256: sha, dtype: 'q8', backend: 'wasm', adapter: '' } as const;
const model = { ...facts, target: 'wasm' } as const;
const oldModel = { ...facts, dialect: 'wasm' };

const result: Result = {
  format: 2,
  app: 'test',
  createdAt: '2026-01-01T00:00:00Z',
  file: {
    name: 'a.mp4',
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
  model,
  profile,
  seed: null,
  sampled: [{ index: 9, time: 0.36 }],
  answers: [{ text: '<answer>3.87</answer>', score: 3.87, tokens: 40 }],
  score: 3.87,
  timings: { encodeVision: 2.1 },
};
const oldResult = { ...result, format: 1, model: oldModel, profile: oldProfile, timings: { look: 2.1 } };

const manifest: Manifest = {
  format: 2,
  name: 'small',
  family: 'vqathinker',
  producedBy: { converter: 'test', checkpointSha256: sha, command: '' },
  profile,
  scale: { kind: 'unmeasured', range: [1, 5] },
  variants: [
    { dtype: 'q8', target: 'wasm', files: ['a'], gpuBytes: 0, heapBytes: 1, needs: [], decoderParts: 1 },
  ],
  files: [{ path: 'a', bytes: 1, sha256: sha }],
  metrics: [{ name: 'SRCC', value: 0.8, n: 10, command: 'x' }],
  licence: 'MIT',
  card: 'README.md',
};

const timeline: QualityTimeline = {
  format: 2,
  kind: 'quality-timeline',
  app: 'test',
  createdAt: '2026-01-01T00:00:00Z',
  result,
  duration: 10,
  model,
  profile,
  segmentSeconds: 10,
  segments: [{ from: 0, frames: 250, start: 0, end: 10, result: null }],
};

const batch: BatchFile = {
  format: 2,
  kind: 'batch',
  app: 'test',
  createdAt: '2026-01-01T00:00:00Z',
  name: 'set',
  model: { ...model, range: [1, 5] },
  settings: null,
  settingsSha256: null,
  rows: [],
};

describe('format 1 is read as format 2', () => {
  test('manifest', () => {
    const { metrics, variants, ...same } = manifest;
    const { target, ...variant } = variants[0]!;
    const old = { ...same, format: 1, profile: oldProfile, figures: metrics };
    expect(readManifest({ ...old, variants: [{ ...variant, dialect: target }] })).toEqual(manifest);
  });

  test('result', () => {
    expect(readResult(oldResult)).toEqual(result);
  });

  test('quality timeline', () => {
    const old = {
      ...timeline,
      format: 1,
      kind: 'over-time',
      result: oldResult,
      model: oldModel,
      profile: oldProfile,
    };
    expect(isQualityTimeline(old)).toBe(true);
    expect(readQualityTimeline(old)).toEqual(timeline);
  });

  test('batch', () => {
    const old = { ...batch, format: 1, model: { ...oldModel, range: [1, 5] } };
    expect(readBatchFile(old)).toEqual(batch);
    expect(readBatchFile({ ...old, model: null })).toEqual({ ...batch, model: null });
  });
});

test('a key of format 1 is no key of format 2', () => {
  const field = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      return (error as CodedError).params.field;
    }
    return expect.unreachable();
  };
  const { metrics, ...same } = manifest;
  expect(field(() => readManifest({ ...same, figures: metrics }))).toBe('metrics');
  expect(field(() => readResult({ ...result, model: oldModel }))).toBe('model.target');
});
