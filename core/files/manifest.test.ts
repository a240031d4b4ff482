import { describe, expect, test } from 'vitest';
import { percentileOf } from '../answer/percentile.ts';
import { CodedError } from '../errors.ts';
import { builtInProfiles } from '../sampling/profiles.ts';
import { isPackagePath, readManifest } from './manifest.ts';

const sha = 'a'.repeat(64);
const manifest = () => ({
  format: 2,
  name: 'small',
  family: 'vqathinker',
  producedBy: { converter: '0.1.0', checkpointSha256: sha, command: 'npm run convert' },
  profile: builtInProfiles['test12@560'],
  scale: {
    kind: 'own',
    range: [1, 5],
    population: 'held-out clips',
    n: 512,
    quantiles: Array.from({ length: 101 }, (_, i) => 1 + i / 25),
  },
  variants: [
    {
      dtype: 'q8',
      target: 'wasm',
      files: ['onnx-wasm/embed_tokens_quantized.onnx'],
      gpuBytes: 0,
      heapBytes: 9,
    },
  ],
  files: [{ path: 'onnx-wasm/embed_tokens_quantized.onnx', bytes: 7, sha256: sha }],
  metrics: [{ name: 'A SRCC', value: 0.77, n: 512, command: 'npm run evaluate-small' }],
  licence: 'Apache-2.0',
  card: 'README.md',
});

function refusal(change: object): CodedError {
  try {
    readManifest({ ...manifest(), ...change });
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError);
    return error as CodedError;
  }
  return expect.unreachable();
}

describe('manifest', () => {
  test('a whole one is read; needs and parts have defaults', () => {
    const read = readManifest(manifest());
    expect(read.variants[0]).toMatchObject({ needs: [], decoderParts: 1 });
    expect(read.profile).toEqual(builtInProfiles['test12@560']);
  });

  test('a model that nobody measured has a range and claims no population', () => {
    const read = readManifest({ ...manifest(), scale: { kind: 'unmeasured', range: [1, 5] } });
    expect(percentileOf(read.scale, 3)).toBeNull();
  });

  test('a human scale of several data sets, and one of the earlier form', () => {
    const datasets = [{ name: 'KoNViD-1k', n: 816, how: 'features' }];
    const human = { kind: 'human', range: [1, 5], datasets, map: 'INLSA' };
    const qualityFeatures = { set: 'videval47', version: 1 };
    expect(readManifest({ ...manifest(), scale: human, qualityFeatures })).toMatchObject({
      scale: human,
      qualityFeatures,
    });
    const earlier = { kind: 'human', range: [0, 5], dataset: 'LSVQ-test', n: 7182, map: 'MOS/20' };
    expect(readManifest({ ...manifest(), scale: earlier }).scale).toEqual({
      kind: 'human',
      range: [0, 5],
      datasets: [{ name: 'LSVQ-test', n: 7182, how: 'videos' }],
      map: 'MOS/20',
    });
  });

  test('another format', () => {
    expect(refusal({ format: 3 })).toMatchObject({ code: 'model/version', params: { format: 3, reads: 2 } });
  });

  test('a fault is named by its path', () => {
    const field = (change: object) => {
      const error = refusal(change);
      expect(error.code).toBe('model/manifest');
      return error.params.field;
    };
    expect(field({ files: [{ path: 'a', bytes: -1, sha256: sha }] })).toBe('files[0].bytes');
    expect(field({ files: [{ path: 'a', bytes: 1, sha256: 'x' }] })).toBe('files[0].sha256');
    expect(field({ author: 'x' })).toBe('author');
    expect(field({ profile: { ...builtInProfiles['test12@560'], extra: 1 } })).toBe('profile.extra');
    expect(field({ variants: [{ ...manifest().variants[0], dtype: 'q4' }] })).toBe('variants[0].dtype');
    expect(field({ variants: [{ ...manifest().variants[0], files: ['b'] }] })).toBe('variants[0].files[0]');
    expect(field({ scale: { ...manifest().scale, quantiles: [1] } })).toBe('scale.quantiles');
    const human = { kind: 'human', range: [1, 5], map: 'x' };
    expect(field({ scale: { ...human, datasets: [] } })).toBe('scale.datasets');
    expect(field({ scale: { ...human, datasets: [{ name: 'A', n: 1, how: 'guess' }] } })).toBe(
      'scale.datasets[0].how',
    );
    expect(field({ qualityFeatures: { set: 'videval47', version: 2 } })).toBe('qualityFeatures.version');
    expect(field({ format: '1' })).toBe('format');
    expect(() => readManifest(null)).toThrow(CodedError);
  });

  test.each([
    '../x',
    'a/../../x',
    '/etc/passwd',
    'C:\\x',
    'a\\..\\x',
    'https://x/y',
    '%2e%2e/x',
    'a//b',
    './x',
    '',
    'x?y',
    'a\u0000',
  ])('path %j is refused as unsafe', (path) => {
    expect(isPackagePath(path)).toBe(false);
    expect(refusal({ files: [{ path, bytes: 1, sha256: sha }] })).toMatchObject({
      code: 'model/unsafe',
      params: { path },
    });
    expect(refusal({ variants: [{ ...manifest().variants[0], files: [path] }] }).code).toBe('model/unsafe');
  });
});
