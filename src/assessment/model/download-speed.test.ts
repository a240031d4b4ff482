import { expect, test } from 'vitest';
import { DownloadSpeed } from './download-speed.ts';

test('bytes per second over windows of half a second, the newest weighs 0.3', () => {
  let now = 0;
  const speed = new DownloadSpeed(() => now);
  const speedAfter = (milliseconds: number, bytes: number) => {
    now += milliseconds;
    return speed.add(bytes);
  };
  expect(speedAfter(0, 0)).toBeNull();
  expect(speedAfter(400, 400)).toBeNull();
  expect(speedAfter(100, 1000)).toBe(2000);
  expect(speedAfter(100, 5000)).toBe(2000);
  expect(speedAfter(900, 2000)).toBeCloseTo(2000 + 0.3 * (1000 - 2000), 9);
});

test('a count that begins anew does not change the mean', () => {
  let now = 0;
  const speed = new DownloadSpeed(() => now);
  speed.add(0);
  now = 1000;
  expect(speed.add(1000)).toBe(1000);
  now = 2000;
  expect(speed.add(10)).toBe(1000);
});
