/** Buffers of a fake device, whose copies are made at once. Oracle: the rows that were written. */
import { describe, expect, it } from 'vitest';
import { KvBuffers, type KvInput } from './kv-buffers.ts';

interface FakeBuffer {
  readonly data: Uint8Array;
  destroyed: boolean;
  destroy(): void;
}

function fakeDevice() {
  const buffers: FakeBuffer[] = [];
  const device = {
    createBuffer({ size }: { size: number }): FakeBuffer {
      const buffer = {
        data: new Uint8Array(size),
        destroyed: false,
        destroy() {
          this.destroyed = true;
        },
      };
      buffers.push(buffer);
      return buffer;
    },
    createCommandEncoder: () => ({
      copyBufferToBuffer(from: FakeBuffer, at: number, to: FakeBuffer, into: number, size: number) {
        if (from.destroyed || to.destroyed) throw new Error('a destroyed buffer is copied');
        to.data.set(from.data.subarray(at, at + size), into);
      },
      finish: () => ({}),
    }),
    queue: { submit() {} },
  };
  return { device: device as unknown as GPUDevice, buffers };
}

const Tensor = {
  fromGpuBuffer: (gpuBuffer: FakeBuffer, { dims }: { dims: readonly number[] }) => ({ gpuBuffer, dims }),
} as never;

const inputs: KvInput[] = [
  { name: 'past_key_values.0.key', type: 'float16', heads: 2, size: 8 },
  { name: 'past_key_values.0.value', type: 'float32', heads: 2, size: 8 },
];

const bufferOf = (buffers: KvBuffers, name: string) =>
  buffers.tensors[name] as unknown as { gpuBuffer: FakeBuffer; dims: readonly number[] };

describe('buffers of keys and values', () => {
  it('hold the prompt and the answer from the start, and are the same objects at each step', () => {
    const { device, buffers } = fakeDevice();
    const kv = new KvBuffers(device, Tensor, inputs);
    kv.reserve(300, 0);
    expect(kv.capacity).toBe(512);
    expect(bufferOf(kv, 'past_key_values.0.key').dims).toEqual([1, 2, 512, 8]);
    expect(buffers.map(({ data }) => data.byteLength)).toEqual([2 * 512 * 8 * 2, 2 * 512 * 8 * 4]);
    const before = kv.tensors;
    kv.reserve(512, 400);
    expect(kv.tensors).toBe(before);
    expect(buffers).toHaveLength(2);
  });

  it('keep the rows of every head where a longer answer needs more room', () => {
    const { device, buffers } = fakeDevice();
    const kv = new KvBuffers(device, Tensor, inputs);
    kv.reserve(256, 0);
    const row = 8 * 2;
    const old = bufferOf(kv, 'past_key_values.0.key').gpuBuffer;
    for (let head = 0; head < 2; head++)
      for (let at = 0; at < 3; at++)
        old.data.fill(10 * head + at + 1, (head * 256 + at) * row, (head * 256 + at + 1) * row);
    kv.reserve(257, 3);
    const { data } = bufferOf(kv, 'past_key_values.0.key').gpuBuffer;
    for (let head = 0; head < 2; head++) {
      const rows = Array.from({ length: 4 }, (_, at) => data[(head * 512 + at) * row + row - 1]);
      expect(rows).toEqual([10 * head + 1, 10 * head + 2, 10 * head + 3, 0]);
    }
    expect(old.destroyed).toBe(true);
    kv.dispose();
    expect(buffers.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
