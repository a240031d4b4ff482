/**
 * Keys and values in buffers of fixed capacity on the graphics device. The decoder reads and writes the same buffers, so
 * that a step allocates nothing: growing outputs are a new buffer for each layer and token, allocated, cleared and freed.
 * The number of valid rows is told to the graph by the attention mask alone, so that going back to an earlier length is free.
 */
import type * as Ort from 'onnxruntime-common';

/** An input of the decoder that holds keys or values: [1, heads, capacity, size]. */
export interface KvInput {
  readonly name: string;
  readonly type: 'float32' | 'float16';
  readonly heads: number;
  readonly size: number;
}

/** GPUBufferUsage */
const [COPY_SRC, COPY_DST, STORAGE] = [0x4, 0x8, 0x80];

/** Capacities are multiples of it. */
const STEP = 256;

export class KvBuffers {
  readonly #device: GPUDevice;
  readonly #Tensor: typeof Ort.Tensor;
  readonly #inputs: readonly KvInput[];
  readonly #buffers = new Map<string, GPUBuffer>();
  #tensors: Readonly<Record<string, Ort.Tensor>> = {};
  #capacity = 0;

  constructor(device: GPUDevice, Tensor: typeof Ort.Tensor, inputs: readonly KvInput[]) {
    this.#device = device;
    this.#Tensor = Tensor;
    this.#inputs = inputs;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** By the name of the decoder's input; other objects after `reserve`. */
  get tensors(): Readonly<Record<string, Ort.Tensor>> {
    return this.#tensors;
  }

  /** Makes room for `tokens`, and keeps the rows of the first `used`. */
  reserve(tokens: number, used: number): void {
    if (tokens <= this.#capacity) return;
    const capacity = Math.ceil(tokens / STEP) * STEP;
    const encoder = this.#device.createCommandEncoder();
    const old = [...this.#buffers.values()];
    const tensors: Record<string, Ort.Tensor> = {};
    for (const { name, type, heads, size } of this.#inputs) {
      const row = size * (type === 'float16' ? 2 : 4);
      const buffer = this.#device.createBuffer({
        size: heads * capacity * row,
        usage: STORAGE | COPY_SRC | COPY_DST,
      });
      const before = this.#buffers.get(name);
      if (before && used > 0)
        for (let head = 0; head < heads; head++)
          encoder.copyBufferToBuffer(
            before,
            head * this.#capacity * row,
            buffer,
            head * capacity * row,
            used * row,
          );
      this.#buffers.set(name, buffer);
      tensors[name] = this.#Tensor.fromGpuBuffer(buffer, {
        dataType: type,
        dims: [1, heads, capacity, size],
      });
    }
    this.#device.queue.submit([encoder.finish()]);
    for (const buffer of old) buffer.destroy();
    this.#tensors = tensors;
    this.#capacity = capacity;
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
    this.#tensors = {};
    this.#capacity = 0;
  }
}
