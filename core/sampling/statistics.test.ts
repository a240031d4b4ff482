import { expect, test } from 'vitest';
import { type MapName, statisticMaps, statisticRow, statisticRows } from './statistics.ts';

const isRamp = (v: object) => 'width' in v && ('below' in v || 'above' in v);

test('every row uses only words that the table defines', () => {
  for (const row of statisticRows) {
    expect(statisticMaps, row.name).toHaveProperty(row.map);
    expect([1, 2, 4, 8]).toContain(row.scale);
    if (typeof row.cell === 'string')
      expect(['mean', 'min', 'max', 'ratio', 'deviation', 'phase8']).toContain(row.cell);
    else expect(isRamp(row.cell), row.name).toBe(true);
    expect(['mean', 'min', 'max', 'std', 'pixels', 'ratio']).toContain(row.fragments);
    const overTime = ['mean', 'min', 'max', 'std', 'half', 'steps', 'coherence', 'flips'];
    if (typeof row.time === 'string') expect(overTime).toContain(row.time);
    else expect(isRamp(row.time), row.name).toBe(true);
    if (row.after !== undefined && row.after !== 'abs')
      expect('log' in row.after || isRamp(row.after), row.name).toBe(true);
    if (row.fragments === 'pixels') expect(row.cell).toBe('deviation');
    if (row.cell === 'phase8') expect(['dx', 'dy']).toContain(row.map);
    const isRatio = /^(flow|echo|halo)_/.test(row.map);
    expect(row.cell === 'ratio' || row.fragments === 'ratio', row.name).toBe(isRatio);
  }
});

test('every map is used by a row', () => {
  const used = new Set(statisticRows.map((row) => row.map));
  expect(Object.keys(statisticMaps).filter((name) => !used.has(name as MapName))).toEqual([]);
});

test('names are unique and found; an unknown one is refused', () => {
  expect(new Set(statisticRows.map((r) => r.name)).size).toBe(statisticRows.length);
  expect(statisticRow('flow_x_2_speed').scale).toBe(2);
  expect(() => statisticRow('entropy')).toThrow('entropy');
});
