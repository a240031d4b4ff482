import { expect, test } from 'vitest';
import { type Calibration, checkCalibrationModel, isCalibration, readCalibration } from './calibration.ts';

const calibration: Calibration = {
  format: 1,
  kind: 'calibration',
  app: '0.1.0',
  createdAt: '2026-01-02T03:04:05Z',
  model: { name: 'small', sha256: 'a'.repeat(64) },
  table: 'mos.csv',
  scores: [1.5, 4.5],
  opinions: [12, 93],
  map: { kind: 'isotonic', x: [1, 2], y: [10, 90] },
  heldOut: {
    folds: 5,
    n: 60,
    rmse: 8,
    rmseInterval: [7, 9],
    rawRmse: 60,
    gain: 52,
    gainInterval: [48, 55],
  },
};

test('what was written is read', () => {
  expect(isCalibration(calibration)).toBe(true);
  expect(readCalibration(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration);
});

test.each([
  ['a map that is not monotone', { ...calibration, map: { kind: 'isotonic', x: [1, 2, 3], y: [1, 3, 2] } }],
  ['knots out of order', { ...calibration, map: { kind: 'isotonic', x: [2, 1], y: [1, 3] } }],
  ['knots without a value', { ...calibration, map: { kind: 'isotonic', x: [1, 2], y: [1] } }],
  [
    'a curve without width',
    { ...calibration, map: { kind: 'logistic', low: 1, high: 5, middle: 3, width: 0 } },
  ],
  ['no calibration', { kind: 'batch', format: 2 }],
  ['nothing', null],
])('%s is refused', (_, json) => {
  expect(() => readCalibration(json)).toThrow(expect.objectContaining({ code: 'calibration/file' }));
});

test('a later format and another model are named', () => {
  expect(() => readCalibration({ ...calibration, format: 2 })).toThrow(
    expect.objectContaining({ code: 'calibration/version', params: { format: 2, reads: 1 } }),
  );
  checkCalibrationModel(calibration, { name: 'other', sha256: 'a'.repeat(64) });
  expect(() => checkCalibrationModel(calibration, { name: 'small', sha256: 'b'.repeat(64) })).toThrow(
    expect.objectContaining({ code: 'calibration/model' }),
  );
});
