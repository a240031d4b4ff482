import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Manifest, Variant } from '../../core/files/manifest.ts';
import { type AdapterFacts, chooseBackend } from './backend.ts';

const variant = (
  target: Variant['target'],
  dtype: Variant['dtype'],
  needs: Variant['needs'] = [],
): Variant => ({
  target,
  dtype,
  needs,
  files: ['x'],
  gpuBytes: 0,
  heapBytes: 0,
  decoderParts: 1,
});
const package_ = (...variants: Variant[]) => ({ variants }) as Manifest;
const both = package_(
  variant('wasm', 'fp32'),
  variant('wasm', 'q8'),
  variant('webgpu', 'q4'),
  variant('webgpu', 'q4f16', ['shader-f16']),
);
const gpu: AdapterFacts = { name: 'apple', software: false, shaderF16: true, maxBuffer: 1 << 30 };

afterEach(() => vi.unstubAllGlobals());

function choose(manifest: Manifest, adapter: AdapterFacts | null, options = {}) {
  const { backend, reason, variant: taken } = chooseBackend(manifest, adapter, options);
  return `${backend} ${taken.dtype} ${reason}`;
}

describe('back end', () => {
  it('takes WebGPU on a real adapter, with half precision only where the adapter has it', () => {
    expect(choose(both, gpu)).toBe('webgpu q4f16 gpu');
    expect(choose(both, { ...gpu, shaderF16: false })).toBe('webgpu q4 gpu');
  });

  it('takes WASM on a software adapter or none, and says which', () => {
    vi.stubGlobal('navigator', { gpu: {} });
    expect(choose(both, { ...gpu, software: true })).toBe('wasm q8 software-adapter');
    expect(choose(both, null)).toBe('wasm q8 no-adapter');
    vi.stubGlobal('navigator', {});
    expect(choose(both, null)).toBe('wasm q8 no-webgpu');
  });

  it('does what is asked, and falls back where the package lacks a target', () => {
    expect(choose(both, gpu, { backend: 'wasm', dtype: 'fp32' })).toBe('wasm fp32 asked');
    expect(choose(both, { ...gpu, software: true }, { backend: 'webgpu' })).toBe('webgpu q4f16 asked');
    expect(choose(package_(variant('wasm', 'q8')), gpu)).toBe('wasm q8 no-variant');
  });

  it('takes the next variant where the adapter computes the best one wrongly, and the processor last', () => {
    const wrong = new Set<Variant>();
    const rungs: string[] = [];
    for (let rung = 0; rung < 3; rung++) {
      const { backend, variant: taken, reason } = chooseBackend(both, gpu, {}, wrong);
      rungs.push(`${backend} ${taken.dtype} ${reason}`);
      wrong.add(taken);
    }
    expect(rungs).toEqual(['webgpu q4f16 gpu', 'webgpu q4 self-test', 'wasm q8 self-test']);
    expect(() => chooseBackend(both, gpu, { dtype: 'q4f16' }, wrong)).toThrow(
      expect.objectContaining({ code: 'model/variant' }),
    );
  });

  it('says so when nothing in the package can run here', () => {
    expect(() => choose(package_(variant('webgpu', 'q4')), null)).toThrow(
      expect.objectContaining({ code: 'model/variant' }),
    );
    expect(() => choose(both, gpu, { backend: 'wasm', dtype: 'q4' })).toThrow(
      expect.objectContaining({ code: 'model/variant' }),
    );
  });
});
