/** Buffers of a fake adapter with little memory. Oracle: its size, and that everything is freed. */
import { describe, expect, it } from 'vitest';
import { canAllocate } from './allocation.ts';

function fakeGpu({ memory, loses = false }: { readonly memory: number; readonly loses?: boolean }) {
  const scopes: (object | null)[] = [];
  let taken = 0;
  let most = 0;
  let destroyed = false;
  const lost = Promise.withResolvers<object>();
  let isLost = false;
  const device = {
    lost: lost.promise,
    pushErrorScope: () => scopes.push(null),
    popErrorScope: async () => scopes.pop() ?? null,
    createBuffer({ size }: { size: number }) {
      if (taken + size > memory) {
        isLost = loses;
        if (loses) lost.resolve({});
        else scopes[scopes.length - 2] = { message: 'out of memory' };
        return { size: 0, destroy() {} };
      }
      taken += size;
      most = Math.max(most, size);
      return {
        size,
        destroy() {
          taken -= size;
        },
      };
    },
    createCommandEncoder: () => ({ clearBuffer() {}, finish: () => ({}) }),
    queue: {
      submit() {},
      onSubmittedWorkDone: () => (isLost ? new Promise(() => {}) : Promise.resolve()),
    },
    destroy() {
      destroyed = true;
    },
  };
  const gpu = {
    requestAdapter: async () => ({ requestDevice: async () => device }) as unknown as GPUAdapter,
  };
  return { gpu, state: () => ({ taken, most, destroyed }) };
}

describe('graphics memory that a model needs', () => {
  it('is taken in buffers that every adapter allows, and freed', async () => {
    const { gpu, state } = fakeGpu({ memory: 8e9 });
    expect(await canAllocate(gpu, 6e9 + 1)).toBe(true);
    expect(state()).toEqual({ taken: 0, most: 256 << 20, destroyed: true });
  });

  it('is refused where a buffer fails, and where the device is lost over it', async () => {
    for (const loses of [false, true]) {
      const { gpu, state } = fakeGpu({ memory: 4e9, loses });
      expect(await canAllocate(gpu, 6e9)).toBe(false);
      expect(state()).toMatchObject({ taken: 0, destroyed: true });
    }
  });

  it('is not known without an adapter', async () => {
    expect(await canAllocate(undefined, 6e9)).toBeNull();
    expect(await canAllocate({ requestAdapter: async () => null }, 6e9)).toBeNull();
  });
});
