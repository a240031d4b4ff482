/** Time of compute passes on a fake device with its own clock. Oracle: the times that it was given. */
import { expect, it } from 'vitest';
import { busyNanoseconds, KernelTime } from './kernel-time.ts';

it('counts overlapping passes once', () => {
  const times = BigUint64Array.from([10n, 20n, 15n, 18n, 19n, 30n, 50n, 60n, 5n, 12n]);
  expect(busyNanoseconds(times)).toBe(25 + 10);
  expect(busyNanoseconds(new BigUint64Array(0))).toBe(0);
});

function fakeDevice(timestamps: boolean) {
  const written: bigint[] = [];
  let now = 0n;
  const prototype = {
    createCommandEncoder: () => ({
      beginComputePass(descriptor?: GPUComputePassDescriptor) {
        const { beginningOfPassWriteIndex: from, endOfPassWriteIndex: to } =
          descriptor?.timestampWrites ?? {};
        if (from !== undefined) written[from] = now;
        now += 1_000_000n;
        if (to !== undefined) written[to] = now;
        now += 500_000n;
      },
      resolveQuerySet() {},
      copyBufferToBuffer() {},
      finish: () => ({}),
    }),
  };
  const device = Object.assign(Object.create(prototype) as typeof prototype, {
    features: new Set(timestamps ? ['timestamp-query'] : []),
    createQuerySet: () => ({ destroy() {} }),
    createBuffer: () => ({
      destroy() {},
      mapAsync: async () => {},
      unmap() {},
      getMappedRange: (_: number, bytes: number) => BigUint64Array.from(written.slice(0, bytes / 8)).buffer,
    }),
    queue: { submit() {} },
  });
  return device as unknown as GPUDevice;
}

it('times the passes since the last question, and leaves the device as it was', async () => {
  const device = fakeDevice(true);
  const original = device.createCommandEncoder;
  const clock = KernelTime.of(device) as KernelTime;
  const encode = (passes: number) => {
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < passes; i++) encoder.beginComputePass();
  };
  encode(2);
  encode(1);
  expect(await clock.take()).toBe(3);
  encode(1);
  expect(await clock.take()).toBe(1);
  // No pass, and more than a query set holds.
  expect(await clock.take()).toBeNull();
  encode(2049);
  expect(await clock.take()).toBeNull();
  encode(2);
  expect(await clock.take()).toBe(2);
  clock.dispose();
  expect(device.createCommandEncoder).toBe(original);
});

it('is none on a device without timestamps', () => {
  expect(KernelTime.of(fakeDevice(false))).toBeNull();
});
