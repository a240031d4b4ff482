import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bytesToAllocate,
  checkMachine,
  filesOf,
  loadedFiles,
  type Machine,
  withAllocation,
} from './machine.ts';
import { type Manifest, readManifest } from './manifest.ts';

const small = readManifest(
  JSON.parse(readFileSync(new URL('../../public/models/small/manifest.json', import.meta.url), 'utf8')),
);
const variant = (change: Partial<Manifest['variants'][number]>): Manifest['variants'][number] => ({
  dtype: 'q4f16',
  target: 'webgpu',
  files: ['onnx/decoder.onnx'],
  gpuBytes: 5.5e9,
  heapBytes: 8e8,
  needs: ['shader-f16'],
  decoderParts: 4,
  ...change,
});
const big = (change: Partial<Manifest['variants'][number]> = {}): Manifest => ({
  ...small,
  files: [{ path: 'onnx/decoder.onnx', bytes: 4.9e9, sha256: 'a'.repeat(64) }],
  variants: [variant(change)],
});
const gpu = { name: 'gpu', software: false, shaderF16: true, maxBuffer: 2 ** 30 };
const machine = (change: Partial<Machine> = {}): Machine => ({
  adapter: gpu,
  memory: 8e9,
  free: 60e9,
  streams: true,
  ...change,
});
const met = (m: Manifest, here: Machine, stored = 0) => {
  const { runs, needs } = checkMachine(m, here, stored);
  return [runs, Object.fromEntries(needs.map((need) => [need.name, need.met]))];
};

describe('will it run here', () => {
  test('the shipped model runs on any machine', () => {
    expect(checkMachine(small, machine({ adapter: null }))).toMatchObject({ runs: true, backend: 'wasm' });
    expect(checkMachine(small, machine({ adapter: { ...gpu, software: true } })).backend).toBe('wasm');
    expect(checkMachine(small, machine()).backend).toBe('webgpu');
  });
  test('the memory of an adapter is told by nobody', () => {
    expect(met(big(), machine())).toEqual([
      null,
      {
        adapter: true,
        'shader-f16': true,
        buffer: true,
        'gpu-memory': null,
        streaming: true,
        memory: true,
        storage: true,
      },
    ]);
  });
  test('each need that is not met is named', () => {
    // Without a graphics adapter the other needs are told too: what else this machine has and lacks.
    const without = { adapter: false, 'shader-f16': false, buffer: null, 'gpu-memory': null };
    const rest = { streaming: true, memory: true, storage: true };
    expect(met(big(), machine({ adapter: null }))).toEqual([false, { ...without, ...rest }]);
    expect(met(big(), machine({ adapter: { ...gpu, software: true } }))).toEqual([
      false,
      { ...without, ...rest },
    ]);
    expect(met(big(), machine({ adapter: { ...gpu, shaderF16: false } }))).toMatchObject([
      false,
      { adapter: true, 'shader-f16': false, buffer: true },
    ]);
    expect(met(big(), machine({ adapter: { ...gpu, maxBuffer: 2 ** 27 } }))).toMatchObject([
      false,
      { buffer: false },
    ]);
    expect(met(big(), machine({ free: 1e9 }))).toMatchObject([false, { storage: false }]);
    const wasm: Partial<Manifest['variants'][number]> = { target: 'wasm', dtype: 'q8', needs: [] };
    expect(met(big({ ...wasm, heapBytes: 5e9 }), machine())).toMatchObject([false, { memory: false }]);
    expect(met(big({ heapBytes: 9e9 }), machine({ memory: 4e9 }))).toMatchObject([false, { memory: false }]);
    // The browser reports at most 8 GB: a machine that reports it may have more.
    expect(met(big({ heapBytes: 9e9 }), machine({ memory: 2 ** 33 }))).toMatchObject([
      null,
      { memory: null },
    ]);
  });
  test('bytes that are here already need no room', () => {
    expect(met(big(), machine({ free: 1e9 }), 4e9)).toMatchObject([null, { storage: true }]);
  });
});

test('the human head beside the model is stored and loaded with every variant', () => {
  const head = { path: 'human_head.safetensors' };
  const one = variant({ files: ['onnx-wasm/a.onnx'] });
  const files = [{ path: 'onnx-wasm/a.onnx' }, { path: 'onnx/a.onnx' }, head, { path: 'config.json' }];
  for (const select of [filesOf, loadedFiles]) {
    const paths = (humanHead?: { readonly path: string }) =>
      select({ files, ...(humanHead && { humanHead }) }, one).map(({ path }) => path);
    expect(paths(head)).toEqual(['onnx-wasm/a.onnx', 'human_head.safetensors', 'config.json']);
    expect(paths()).toEqual(['onnx-wasm/a.onnx', 'config.json']);
  }
});

describe('streamed weights', () => {
  test('are a need of a package that is too large to be held whole', () => {
    expect(met(big(), machine({ streams: false }))[0]).toBe(false);
    const held = { ...big(), files: [{ path: 'onnx/decoder.onnx', bytes: 2e9, sha256: 'a'.repeat(64) }] };
    expect(checkMachine(held, machine({ streams: false })).needs.map(({ name }) => name)).not.toContain(
      'streaming',
    );
  });
});

describe('an allocation of graphics memory', () => {
  const gpuMemory = (here: Machine, gpuBytes = 5.5e9) =>
    checkMachine(big({ gpuBytes }), here).needs.find(({ name }) => name === 'gpu-memory');

  test('that failed refuses what needs as much or more', () => {
    const after = withAllocation(machine(), 5.5e9, false);
    expect(gpuMemory(after)).toMatchObject({ met: false, needs: 5.5e9 });
    expect(gpuMemory(after, 6e9)?.met).toBe(false);
    expect(gpuMemory(after, 5e9)?.met).toBeNull();
    expect(checkMachine(big(), after).runs).toBe(false);
  });
  test('that succeeded is told, and proves nothing', () => {
    const after = withAllocation(machine(), 5.5e9, true);
    expect(gpuMemory(after)).toEqual({ name: 'gpu-memory', needs: 5.5e9, here: 5.5e9, met: null });
    expect(gpuMemory(after, 6e9)?.here).toBeNull();
  });
  test('replaces an earlier one that it contradicts', () => {
    const failed = withAllocation(machine(), 5.5e9, false);
    expect(gpuMemory(withAllocation(failed, 6e9, true))?.met).toBeNull();
    const fits = withAllocation(machine(), 6e9, true);
    expect(gpuMemory(withAllocation(fits, 5.5e9, false))).toMatchObject({ met: false, here: null });
  });
  test('is made once, of large packages that nothing else refuses', () => {
    expect(bytesToAllocate(big(), machine())).toBe(5.5e9);
    expect(bytesToAllocate(big({ gpuBytes: 5e8 }), machine())).toBeNull();
    expect(bytesToAllocate(small, machine())).toBeNull();
    expect(bytesToAllocate(big(), machine({ free: 1e9 }))).toBeNull();
    expect(bytesToAllocate(big(), withAllocation(machine(), 5.5e9, true))).toBeNull();
    expect(bytesToAllocate(big(), withAllocation(machine(), 5.5e9, false))).toBeNull();
  });
});
