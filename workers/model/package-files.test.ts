import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import type { Manifest } from '../../core/files/manifest.ts';
import { builtInProfiles } from '../../core/sampling/profiles.ts';
import { PackageFiles } from './package-files.ts';

const profile = builtInProfiles['test12@560'];
const sha = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const weights = new Uint8Array([1, 2, 3, 4]);

const manifest = (change: Partial<Manifest> = {}) =>
  ({
    format: 2,
    name: 'Tiny',
    family: 'vqathinker',
    producedBy: { converter: '0.1.0', checkpointSha256: sha('x'), command: 'npm run convert' },
    profile,
    scale: {
      kind: 'human',
      range: [0, 5],
      datasets: [{ name: 'LSVQ', n: 7182, how: 'videos' }],
      map: 'MOS/20',
    },
    variants: [
      {
        dtype: 'fp32',
        target: 'wasm',
        files: ['onnx-wasm/vision_encoder.onnx'],
        gpuBytes: 0,
        heapBytes: 4,
        needs: [],
        decoderParts: 1,
      },
    ],
    files: [
      { path: 'config.json', bytes: 2, sha256: sha('{}') },
      { path: 'README.md', bytes: 2, sha256: sha('no') },
      { path: 'onnx-wasm/vision_encoder.onnx', bytes: 4, sha256: sha(weights) },
    ],
    metrics: [],
    licence: 'Apache-2.0',
    card: 'README.md',
    ...change,
  }) satisfies Manifest;

function folder(json: unknown, files: Record<string, BlobPart> = {}, root = 'small/') {
  const all: Record<string, BlobPart> = {
    'manifest.json': typeof json === 'string' ? json : JSON.stringify(json),
    'config.json': '{}',
    'onnx-wasm/vision_encoder.onnx': weights,
    ...files,
  };
  return {
    kind: 'files' as const,
    files: Object.entries(all).map(([path, part]) => ({ path: root + path, file: new File([part], path) })),
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
  );

describe('package files', () => {
  it('hands on the files of a variant and the small shared ones, all checked', async () => {
    const files = await PackageFiles.open(folder(manifest()));
    const seen: number[] = [];
    const loaded = await files.load(files.manifest.variants[0]!, (p) => seen.push(p.loadedBytes));
    expect([...loaded.keys()]).toEqual(['config.json', 'onnx-wasm/vision_encoder.onnx']);
    expect(loaded.get('onnx-wasm/vision_encoder.onnx')).toEqual(weights);
    expect(seen.at(-1)).toBe(6);
    expect(files.manifestSha256).toBe(sha(JSON.stringify(manifest())));
  });

  it.each<[string, unknown, Record<string, BlobPart>]>([
    ['model/checksum', manifest(), { 'onnx-wasm/vision_encoder.onnx': new Uint8Array([1, 2, 3, 5]) }],
    ['model/checksum', manifest(), { 'onnx-wasm/vision_encoder.onnx': new Uint8Array([1, 2, 3]) }],
    ['model/version', { ...manifest(), format: 3 }, {}],
    ['model/manifest', 'not json', {}],
    ['model/manifest', { ...manifest(), surprise: true }, {}],
    ['model/unsafe', manifest({ files: [{ path: '../x', bytes: 1, sha256: sha('x') }] }), {}],
  ])('refuses with %s', async (code, json, change) => {
    const open = PackageFiles.open(folder(json, change)).then((files) =>
      files.load(files.manifest.variants[0]!, () => {}),
    );
    expect(await codeOf(open)).toBe(code);
  });

  it('names a file that the folder lacks', async () => {
    const source = folder(manifest());
    const files = await PackageFiles.open({
      kind: 'files',
      files: source.files.filter(({ path }) => !path.endsWith('.onnx')),
    });
    await expect(files.load(files.manifest.variants[0]!, () => {})).rejects.toMatchObject({
      code: 'model/manifest',
      params: { field: 'onnx-wasm/vision_encoder.onnx' },
    });
  });
});
