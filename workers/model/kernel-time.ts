/**
 * Time in which a graphics device computes, by its own clock: timestamps at the beginning and end of each compute pass
 * that onnxruntime encodes. What a run takes beyond it is JavaScript, WebAssembly, encoding, copies and waiting.
 */

/** GPUBufferUsage and GPUMapMode. */
const [MAP_READ, COPY_SRC, COPY_DST, QUERY_RESOLVE] = [0x1, 0x4, 0x8, 0x200];
const READ = 1;

/** Most timestamps of a query set. */
const QUERIES = 4096;

export class KernelTime {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #read: GPUBuffer;
  #used = 0;
  #overflow = false;

  private constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: QUERIES });
    this.#resolved = device.createBuffer({ size: 8 * QUERIES, usage: QUERY_RESOLVE | COPY_SRC });
    this.#read = device.createBuffer({ size: 8 * QUERIES, usage: COPY_DST | MAP_READ });
    const encode = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => this.#timed(encode(descriptor));
  }

  /** Begins to time all passes of a device; null where it has no timestamps. */
  static of(device: GPUDevice): KernelTime | null {
    return device.features.has('timestamp-query') ? new KernelTime(device) : null;
  }

  #timed(encoder: GPUCommandEncoder): GPUCommandEncoder {
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      if (this.#used + 2 > QUERIES) {
        this.#overflow = true;
        return begin(descriptor);
      }
      const at = this.#used;
      this.#used += 2;
      const timestampWrites = {
        querySet: this.#queries,
        beginningOfPassWriteIndex: at,
        endOfPassWriteIndex: at + 1,
      };
      return begin({ ...descriptor, timestampWrites });
    };
    return encoder;
  }

  /**
   * Milliseconds of the passes since the last call; null where there were none, or too many. Passes that overlap are
   * counted once.
   */
  async take(): Promise<number | null> {
    const [used, overflow] = [this.#used, this.#overflow];
    this.#used = 0;
    this.#overflow = false;
    if (used === 0 || overflow) return null;
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, used, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#read, 0, 8 * used);
    this.#device.queue.submit([encoder.finish()]);
    await this.#read.mapAsync(READ, 0, 8 * used);
    const times = new BigUint64Array(this.#read.getMappedRange(0, 8 * used).slice(0));
    this.#read.unmap();
    return busyNanoseconds(times) / 1e6;
  }

  /** Leaves the device as it was. */
  dispose(): void {
    // The method of the prototype.
    delete (this.#device as Partial<GPUDevice>).createCommandEncoder;
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#read.destroy();
  }
}

/** Length of the union of intervals. @param times begin and end of each, in turn */
export function busyNanoseconds(times: BigUint64Array): number {
  const intervals = Array.from({ length: times.length / 2 }, (_, i) => [
    times[2 * i] as bigint,
    times[2 * i + 1] as bigint,
  ]).sort(([a], [b]) => ((a as bigint) < (b as bigint) ? -1 : 1)) as [bigint, bigint][];
  let busy = 0n;
  let reached = 0n;
  for (const [begin, end] of intervals) {
    const from = begin > reached ? begin : reached;
    if (end > from) busy += end - from;
    if (end > reached) reached = end;
  }
  return Number(busy);
}
