/** Test of a graphics adapter's free memory: buffers of the size that a model needs, allocated, cleared and freed. */

/** GPUBufferUsage */
const [COPY_DST, STORAGE] = [0x8, 0x80];

/** Bytes of one buffer: WebGPU's default for the largest. */
const PIECE = 256 << 20;

/** Allocates and clears a buffer, so that its memory is really taken. @returns false where it could not */
async function allocate(device: GPUDevice, size: number, buffers: GPUBuffer[]): Promise<boolean> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const buffer = device.createBuffer({ size, usage: COPY_DST | STORAGE });
  buffers.push(buffer);
  const encoder = device.createCommandEncoder();
  encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
  // A buffer without memory is invalid, and clearing it a fault.
  const fault = await device.popErrorScope();
  const memory = await device.popErrorScope();
  await device.queue.onSubmittedWorkDone();
  return fault === null && memory === null;
}

/**
 * @param bytes of graphics memory
 * @returns false where they could not be allocated; null where that cannot be told
 */
export async function canAllocate(
  gpu: Pick<GPU, 'requestAdapter'> | null | undefined,
  bytes: number,
): Promise<boolean | null> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  const device = await adapter?.requestDevice().catch(() => null);
  if (!device) return null;
  const buffers: GPUBuffer[] = [];
  // Some drivers lose the device in place of an error.
  const lost = device.lost.then(() => false);
  try {
    for (let left = bytes; left > 0; left -= PIECE) {
      const size = Math.ceil(Math.min(left, PIECE) / 4) * 4;
      if (!(await Promise.race([allocate(device, size, buffers), lost]))) return false;
    }
    return true;
  } catch {
    return null;
  } finally {
    for (const buffer of buffers) buffer.destroy();
    device.destroy();
  }
}
