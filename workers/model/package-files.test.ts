import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
    expect(await loaded.get('onnx-wasm/vision_encoder.onnx')!.read(1, 4)).toEqual(weights.slice(1));
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

  it('trusts what the store has checked on arrival, and reads none of it', async () => {
    const source = folder(manifest());
    const unread = Object.assign(new File([weights], 'x'), {
      slice: () => {
        throw new Error('a checked file is read');
      },
    });
    const checked = source.files.map((file) =>
      file.path.endsWith('.onnx') ? { ...file, file: unread, checked: true } : file,
    );
    const files = await PackageFiles.open({ kind: 'files', files: checked });
    const loaded = await files.load(files.manifest.variants[0]!, () => {});
    expect(loaded.get('onnx-wasm/vision_encoder.onnx')!.size).toBe(4);
  });

  it('refuses a checked file of another size: it was cut after it arrived', async () => {
    const source = folder(manifest(), { 'onnx-wasm/vision_encoder.onnx': weights.slice(0, 3) });
    const files = await PackageFiles.open({
      kind: 'files',
      files: source.files.map((file) => ({ ...file, checked: true })),
    });
    expect(await codeOf(files.load(files.manifest.variants[0]!, () => {}))).toBe('model/checksum');
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

describe('package behind an address', () => {
  const large = new Uint8Array((33 << 20) + 5).map((_, i) => (i * 7 + (i >> 12)) & 255);
  const small = new Uint8Array([1, 2, 3, 4]);
  const listed = manifest({
    variants: [{ ...manifest().variants[0]!, files: ['onnx-wasm/a.onnx', 'onnx-wasm/a.onnx_data'] }],
    files: [
      { path: 'onnx-wasm/a.onnx', bytes: 4, sha256: sha(small) },
      { path: 'onnx-wasm/a.onnx_data', bytes: large.length, sha256: sha(large) },
    ],
  });
  const requests: string[] = [];

  /** A server of the package; `ranges` false for one that always sends whole files. */
  function serve(content: Uint8Array, ranges = true): void {
    vi.stubGlobal('self', { location: { href: 'https://here.example/' } });
    vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
      const name = url.slice(url.lastIndexOf('/') + 1);
      const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init.headers).get('range') ?? '');
      requests.push(`${name} ${range?.[0] ?? ''}`.trim());
      if (name === 'manifest.json') return new Response(JSON.stringify(listed));
      const bytes = name === 'a.onnx' ? small : content;
      if (!range || !ranges) return new Response(bytes as BodyInit);
      return new Response(bytes.slice(Number(range[1]), Number(range[2]) + 1), { status: 206 });
    });
  }
  beforeEach(() => void requests.splice(0));
  afterEach(() => vi.unstubAllGlobals());

  const opened = async () => {
    const files = await PackageFiles.open({ kind: 'url', base: 'https://there.example/p/' });
    return files.load(files.manifest.variants[0]!, () => {});
  };

  it('keeps small files, hashes large ones as they pass, and reads those by ranges', async () => {
    serve(large);
    const loaded = await opened();
    expect(loaded.get('onnx-wasm/a.onnx')!.held).toEqual(small);
    const data = loaded.get('onnx-wasm/a.onnx_data')!;
    expect(data.held).toBeUndefined();
    expect(Buffer.compare(await data.read(1_000_000, 1_000_100), large.slice(1_000_000, 1_000_100))).toBe(0);
    expect(requests.at(-1)).toBe('a.onnx_data bytes=1000000-1000099');
  });

  it('refuses a large file with another hash, and a server without ranges', async () => {
    serve(large.slice().fill(1, 0, 1));
    expect(await codeOf(opened())).toBe('model/checksum');
    serve(large, false);
    const loaded = await opened();
    expect(await codeOf(loaded.get('onnx-wasm/a.onnx_data')!.read(10, 20))).toBe('model/network');
  });
});
