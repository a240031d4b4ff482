import { describe, expect, it } from 'vitest';
import { metricAxis, metricPath } from './metric-plot.ts';

const { NaN: NONE, POSITIVE_INFINITY: SAME } = Number;

describe('metricAxis', () => {
  it('has round ticks around the values', () => {
    expect(metricAxis('psnr', [31.2, 44.9, SAME, NONE]).ticks).toEqual([30, 35, 40, 45]);
    expect(metricAxis('ssim', [0.912, 0.968]).ticks).toEqual([0.9, 0.92, 0.94, 0.96, 0.98]);
    expect(metricAxis('vmaf', [71.5, 83.9]).ticks).toEqual([70, 75, 80, 85]);
  });

  it('does not magnify noise, and ends where the metric does', () => {
    const flat = metricAxis('psnr', [40, 40.01]);
    expect(flat.high - flat.low).toBeGreaterThanOrEqual(4);
    expect(metricAxis('ssim', [0.9999, 1]).high).toBe(1);
    expect(metricAxis('vmaf', [99, 100]).high).toBe(100);
  });

  it('holds every value', () => {
    for (let k = 0; k < 200; k++) {
      const values = [20 + ((k * 7) % 31), 20 + ((k * 13) % 29) + k / 200];
      const { low, high } = metricAxis('psnr', values);
      expect(low).toBeLessThanOrEqual(Math.min(...values));
      expect(high).toBeGreaterThanOrEqual(Math.max(...values));
    }
  });
});

describe('metricPath', () => {
  const axis = { low: 0, high: 10, ticks: [], decimals: 0 };

  it('breaks where there is no value, and draws a lone one as a dot', () => {
    expect(metricPath([0, 10, NONE, 5, NONE, NONE, 0, SAME], axis, 80, 10)).toBe(
      'M5 10L15 0M35 5h0M65 10L75 0',
    );
  });

  it('loses no dip of a long video', () => {
    const values = new Float64Array(50_000).fill(9);
    values[31_234] = 1;
    const path = metricPath(values, axis, 1000, 10);
    expect(path).toContain(' 9');
    expect(path.split('L').length).toBeLessThan(2100);
  });
});
