/** Rates of a fake adapter whose queue takes a fixed time for its work. Oracle: that time, and its faults by name. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { measureAdapter } from './adapter-rates.ts';

interface Faults {
  /** Milliseconds of one copy, write or dispatch. */
  readonly ms: number;
  readonly f16?: boolean;
  /** Largest buffer that can be allocated. */
  readonly memory?: number;
  /** Word that the last number of each product is. */
  readonly word?: number;
  readonly onSubmit?: () => void;
}

let clock = 0;
beforeEach(() => {
  clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

/** 2 ** -1 and 2 in both formats, by bytes of a product's matrix. */
const right: Readonly<Record<number, number>> = {
  [512 * 512 * 4]: 0x3f000000,
  [512 * 512 * 2]: 0x38003800,
  [2048 * 2048 * 4]: 0x40000000,
  [2048 * 2048 * 2]: 0x40004000,
};

function fakeGpu({ ms, f16 = true, memory = Number.POSITIVE_INFINITY, word, onSubmit }: Faults) {
  let queued = 0;
  let scopes: (string | null)[] = [];
  let destroyed = false;
  let matrix = 0;
  const device = {
    pushErrorScope: () => scopes.push(null),
    popErrorScope: async () => {
      const message = scopes.pop() ?? null;
      return message === null ? null : { message };
    },
    createBuffer({ size }: { size: number }) {
      if (size > memory) scopes = [...scopes.slice(0, -1), `${size} bytes`];
      return {
        size,
        destroy() {},
        mapAsync: async () => {},
        getMappedRange: () => new Uint32Array(4).fill(word ?? (right[matrix] as number)).buffer,
      };
    },
    createCommandEncoder: () => ({
      copyBufferToBuffer(from: { size: number }, _: number, to: { size: number }) {
        queued += 1;
        if (to.size === 16) matrix = from.size;
      },
      beginComputePass: () => ({
        setPipeline() {},
        setBindGroup() {},
        dispatchWorkgroups() {
          queued += 1;
        },
        end() {},
      }),
      finish: () => ({}),
    }),
    createShaderModule: () => ({}),
    createComputePipelineAsync: async () => ({ getBindGroupLayout: () => ({}) }),
    createBindGroup: () => ({}),
    queue: {
      submit() {
        onSubmit?.();
      },
      writeBuffer(_: unknown, __: number, data: ArrayBufferView) {
        if (data.byteLength === 32 << 20) queued += 1;
      },
      async onSubmittedWorkDone() {
        clock += queued * ms;
        queued = 0;
      },
    },
    destroy() {
      destroyed = true;
    },
  };
  const adapter = {
    features: new Set(f16 ? ['shader-f16'] : []),
    info: { vendor: 'vendor', architecture: '', description: 'A card', device: '' },
    requestDevice: async () => device,
  };
  const gpu = { requestAdapter: async () => adapter as unknown as GPUAdapter };
  return { gpu, isDestroyed: () => destroyed };
}

const never = () => new AbortController().signal;
const number = (measured: unknown) => (measured as { value: number }).value;

describe('rates of an adapter', () => {
  it('are bytes and operations by the time that the queue takes', async () => {
    const { gpu, isDestroyed } = fakeGpu({ ms: 2 });
    const rates = await measureAdapter(gpu, never());
    expect(rates.adapter).toBe('A card · vendor');
    // 128 MiB read and written in 2 ms; 32 MiB written; a product of 2048 columns.
    expect(number(rates.copy)).toBeCloseTo((2 * (128 << 20)) / 0.002, -3);
    expect(number(rates.upload)).toBeCloseTo((32 << 20) / 0.002, -3);
    expect(number(rates.float32)).toBeCloseTo((2 * 2048 ** 3) / 0.002, -3);
    expect(number(rates.float16)).toBeCloseTo((2 * 2048 ** 3) / 0.002, -3);
    expect(isDestroyed()).toBe(true);
  });

  it('take the small product on a slow adapter', async () => {
    const { gpu } = fakeGpu({ ms: 500 });
    expect(number((await measureAdapter(gpu, never())).float32)).toBeCloseTo((2 * 512 ** 3) / 0.5, -3);
  });

  it('are reasons where there is no adapter, no 16-bit arithmetic, no memory, or a wrong result', async () => {
    for (const none of [undefined, null, { requestAdapter: async () => null }])
      expect(await measureAdapter(none, never())).toMatchObject({
        adapter: '',
        copy: { why: 'no-adapter' },
        float16: { why: 'no-adapter' },
      });
    expect((await measureAdapter(fakeGpu({ ms: 2, f16: false }).gpu, never())).float16).toEqual({
      why: 'no-f16',
    });
    const small = await measureAdapter(fakeGpu({ ms: 2, memory: 100 << 20 }).gpu, never());
    expect(small.copy).toEqual({ why: 'no-memory', detail: `${128 << 20} bytes` });
    expect(number(small.upload)).toBeGreaterThan(0);
    expect((await measureAdapter(fakeGpu({ ms: 2, word: 0 }).gpu, never())).float32).toEqual({
      why: 'wrong',
    });
  });

  it('stop at once, and free the device', async () => {
    const stop = new AbortController();
    let submits = 0;
    const { gpu, isDestroyed } = fakeGpu({
      ms: 2,
      onSubmit: () => {
        submits += 1;
        stop.abort();
      },
    });
    await expect(measureAdapter(gpu, stop.signal)).rejects.toThrow(/abort/i);
    expect(submits).toBe(1);
    expect(isDestroyed()).toBe(true);
  });
});
