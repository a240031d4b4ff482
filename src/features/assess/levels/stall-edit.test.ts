import { expect, test } from 'vitest';
import { movedStall, resizedStall, stallAfterKey } from './stall-edit.ts';

const stall = { at: 4, duration: 1 };
const after = (key: string, shiftKey = false) => stallAfterKey(stall, { key, shiftKey }, 10);

test('arrows move and resize by a tenth, with Shift by a second; Delete removes', () => {
  expect(after('ArrowLeft')).toEqual({ at: 3.9, duration: 1 });
  expect(after('ArrowRight', true)).toEqual({ at: 5, duration: 1 });
  expect(after('ArrowUp')).toEqual({ at: 4, duration: 1.1 });
  expect(after('ArrowDown', true)).toEqual({ at: 4, duration: 0.1 });
  expect(after('Delete')).toBeNull();
  expect(after('a')).toBeUndefined();
});

test('a stall stays after the first frame and before the end, and lasts a tenth or more', () => {
  expect(movedStall(stall, -99, 10).at).toBe(0.1);
  expect(movedStall(stall, 99, 10).at).toBe(9.9);
  expect(resizedStall(stall, -99).duration).toBe(0.1);
  expect(resizedStall(stall, 99).duration).toBe(60);
});
