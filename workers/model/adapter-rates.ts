/**
 * Rates of a graphics adapter, measured with small programs: a copy between buffers, writes from the page, and a matrix
 * product in 32 and 16 bits. They are the ceilings that a model's speeds are read against.
 */
import type { AdapterRates, Measured } from '../../core/stats/benchmark.ts';
import { adapterName } from './backend.ts';

/** GPUBufferUsage and GPUMapMode, which Node has not. */
const [MAP_READ, COPY_SRC, COPY_DST, UNIFORM, STORAGE] = [0x1, 0x4, 0x8, 0x40, 0x80];
const READ = 1;

/** Bytes of a copy: more than the caches of a graphics adapter hold. */
const COPY_BYTES = 128 << 20;
const UPLOAD_BYTES = 32 << 20;

/** A measurement repeats its work until it takes so long, so that the way to the adapter and back counts little. */
const LEAST_MS = 100;
const MOST_REPEATS = 1 << 14;
/** Measurements of which the fastest counts: others were interrupted. */
const ROUNDS = 3;

/** Rows and columns of the product: the small one for adapters that need longer than this for it. */
const [SMALL, LARGE] = [512, 2048];
const SLOW_MS = 20;

class Refused extends Error {}

/** Runs work under an error scope for memory and one for faults of use. */
async function checked<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const done = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const memory = await device.popErrorScope();
  const fault = await device.popErrorScope();
  if (memory) throw new Refused(memory.message);
  if (fault) throw new Error(fault.message);
  if ('error' in done) throw done.error;
  return done.value;
}

async function measured(work: () => Promise<Measured>): Promise<Measured> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    const detail = String((error as Error).message);
    return { why: error instanceof Refused ? 'no-memory' : 'failed', detail };
  }
}

/** Repetitions a second of what `submit` gives the queue so many times. */
async function repeatsPerSecond(
  device: GPUDevice,
  signal: AbortSignal,
  submit: (repeats: number) => void,
): Promise<number> {
  const time = async (repeats: number) => {
    signal.throwIfAborted();
    const started = performance.now();
    submit(repeats);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - started;
  };
  // The first run compiles and clears.
  await time(1);
  let repeats = 1;
  let ms = await time(1);
  while (ms < LEAST_MS && repeats < MOST_REPEATS) {
    repeats = Math.min(MOST_REPEATS, repeats * Math.max(2, Math.ceil((1.2 * LEAST_MS) / Math.max(ms, 1))));
    ms = await time(repeats);
  }
  for (let round = 1; round < ROUNDS; round++) ms = Math.min(ms, await time(repeats));
  return (1000 * repeats) / ms;
}

/** Numbers that no hardware can compress. */
function noise(bytes: number): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(bytes / 4);
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state;
  }
  return values;
}

function copyRate(device: GPUDevice, signal: AbortSignal): Promise<Measured> {
  return measured(() =>
    checked(device, async () => {
      const usage = COPY_SRC | COPY_DST | STORAGE;
      const buffers = [0, 1].map(() => device.createBuffer({ size: COPY_BYTES, usage }));
      const [from, to] = buffers as [GPUBuffer, GPUBuffer];
      try {
        const piece = noise(UPLOAD_BYTES);
        for (let at = 0; at < COPY_BYTES; at += UPLOAD_BYTES) device.queue.writeBuffer(from, at, piece);
        const copies = await repeatsPerSecond(device, signal, (repeats) => {
          const encoder = device.createCommandEncoder();
          for (let i = 0; i < repeats; i++)
            encoder.copyBufferToBuffer(i % 2 ? to : from, 0, i % 2 ? from : to, 0, COPY_BYTES);
          device.queue.submit([encoder.finish()]);
        });
        return { value: copies * 2 * COPY_BYTES };
      } finally {
        for (const buffer of buffers) buffer.destroy();
      }
    }),
  );
}

function uploadRate(device: GPUDevice, signal: AbortSignal): Promise<Measured> {
  return measured(() =>
    checked(device, async () => {
      const buffer = device.createBuffer({ size: UPLOAD_BYTES, usage: COPY_DST | STORAGE });
      const piece = noise(UPLOAD_BYTES);
      try {
        const writes = await repeatsPerSecond(device, signal, (repeats) => {
          for (let i = 0; i < repeats; i++) device.queue.writeBuffer(buffer, 0, piece);
        });
        return { value: writes * UPLOAD_BYTES };
      } finally {
        buffer.destroy();
      }
    }),
  );
}

const rows = [0, 1, 2, 3];

/**
 * C = A · B of size × size: workgroups of 16 × 16 compute 64 × 128 numbers, each invocation 4 × 8, from 16 columns of A
 * and rows of B at a time in workgroup memory. Sums are variables of their own, since not every compiler keeps an array
 * in registers.
 */
const product = (type: 'f32' | 'f16') => /* wgsl */ `
${type === 'f16' ? 'enable f16;' : ''}
alias V = vec4<${type}>;
@group(0) @binding(0) var<storage, read> a: array<V>;
@group(0) @binding(1) var<storage, read> b: array<V>;
@group(0) @binding(2) var<storage, read_write> c: array<V>;
@group(0) @binding(3) var<uniform> size: vec4<u32>;
var<workgroup> ta: array<array<V, 4>, 64>;
var<workgroup> tb: array<array<V, 32>, 16>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
        @builtin(local_invocation_index) at: u32) {
  let quads = size.x / 4u;
  let row = group.y * 64u;
  let column = group.x * 32u;
  ${rows.map((i) => `var l${i} = V(); var r${i} = V();`).join(' ')}
  for (var k = 0u; k < quads; k += 4u) {
    ta[at / 4u][at % 4u] = a[(row + at / 4u) * quads + k + at % 4u];
    tb[at / 32u][at % 32u] = b[(k * 4u + at / 32u) * quads + column + at % 32u];
    tb[at / 32u + 8u][at % 32u] = b[(k * 4u + at / 32u + 8u) * quads + column + at % 32u];
    workgroupBarrier();
    for (var q = 0u; q < 4u; q++) {
      ${rows.map((i) => `let a${i} = ta[id.y * 4u + ${i}u][q];`).join(' ')}
      ${['x', 'y', 'z', 'w']
        .map((element, e) =>
          [
            `let left${e} = tb[q * 4u + ${e}u][id.x]; let right${e} = tb[q * 4u + ${e}u][id.x + 16u];`,
            ...rows.map(
              (i) => `l${i} += a${i}.${element} * left${e}; r${i} += a${i}.${element} * right${e};`,
            ),
          ].join('\n      '),
        )
        .join('\n      ')}
    }
    workgroupBarrier();
  }
  let out = (row + id.y * 4u) * quads + column + id.x;
  ${rows.map((i) => `c[out + ${i}u * quads] = l${i}; c[out + ${i}u * quads + 16u] = r${i};`).join('\n  ')}
}`;

/** 1 and 2⁻¹⁰ in both formats: their products add up without any rounding. */
const ONE = { f32: 0x3f800000, f16: 0x3c003c00 };
const SMALLER = { f32: 0x3a800000, f16: 0x14001400 };

interface Product {
  readonly device: GPUDevice;
  readonly type: 'f32' | 'f16';
  readonly size: number;
}

/** Products a second, and the first number of the result. */
async function products({ device, type, size }: Product, signal: AbortSignal) {
  const bytes = size * size * (type === 'f32' ? 4 : 2);
  const storage = { size: bytes, usage: STORAGE | COPY_DST | COPY_SRC };
  const buffers = [storage, storage, storage, { size: 16, usage: UNIFORM | COPY_DST }].map((descriptor) =>
    device.createBuffer(descriptor),
  );
  const read = device.createBuffer({ size: 16, usage: COPY_DST | MAP_READ });
  const [a, b, c, uniform] = buffers as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
  try {
    device.queue.writeBuffer(a, 0, new Uint32Array(bytes / 4).fill(ONE[type]));
    device.queue.writeBuffer(b, 0, new Uint32Array(bytes / 4).fill(SMALLER[type]));
    device.queue.writeBuffer(uniform, 0, new Uint32Array([size, 0, 0, 0]));
    const module = device.createShaderModule({ code: product(type) });
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    });
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const submit = (repeats: number) => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(size / 128, size / 64);
      pass.end();
      device.queue.submit([encoder.finish()]);
    };
    const rate = await repeatsPerSecond(device, signal, submit);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(c, bytes - 16, read, 0, 16);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(READ);
    const pairs = new Uint32Array(read.getMappedRange().slice(0));
    return { rate, last: pairs[3] as number };
  } finally {
    for (const buffer of [...buffers, read]) buffer.destroy();
  }
}

/** size · 2⁻¹⁰ in each format. */
const EXPECTED: Readonly<Record<number, { readonly f32: number; readonly f16: number }>> = {
  [SMALL]: { f32: 0x3f000000, f16: 0x38003800 },
  [LARGE]: { f32: 0x40000000, f16: 0x40004000 },
};

function productRate(device: GPUDevice, type: 'f32' | 'f16', signal: AbortSignal): Promise<Measured> {
  return measured(() =>
    checked(device, async () => {
      let size = SMALL;
      let { rate, last } = await products({ device, type, size }, signal);
      if (1000 / rate < SLOW_MS) {
        size = LARGE;
        ({ rate, last } = await products({ device, type, size }, signal));
      }
      if (last !== EXPECTED[size]?.[type]) return { why: 'wrong' };
      return { value: rate * 2 * size ** 3 };
    }),
  );
}

const nothing = (why: 'no-adapter' | 'failed', detail?: string): AdapterRates => {
  const none: Measured = { why, ...(detail !== undefined && { detail }) };
  return { adapter: '', copy: none, upload: none, float32: none, float16: none };
};

/**
 * Measures on a device of its own, which is destroyed at the end. About two seconds on a graphics adapter.
 *
 * @param gpu null or undefined where the browser has no WebGPU
 * @throws the signal's reason
 */
export async function measureAdapter(
  gpu: Pick<GPU, 'requestAdapter'> | null | undefined,
  signal: AbortSignal,
): Promise<AdapterRates> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return nothing('no-adapter');
  const half = adapter.features.has('shader-f16');
  const requiredFeatures: GPUFeatureName[] = half ? ['shader-f16'] : [];
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredFeatures });
  } catch (error) {
    return nothing('failed', String((error as Error).message));
  }
  try {
    return {
      adapter: adapterName(adapter),
      copy: await copyRate(device, signal),
      upload: await uploadRate(device, signal),
      float32: await productRate(device, 'f32', signal),
      float16: half ? await productRate(device, 'f16', signal) : { why: 'no-f16' },
    };
  } finally {
    device.destroy();
  }
}
