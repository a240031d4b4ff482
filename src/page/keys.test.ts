import { describe, expect, it } from 'vitest';
import { belongsToFocus, chordOf, keyReader, type Pressed, printedKeys } from './keys.ts';

const press = (key: string, change: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  timeStamp: 0,
  ...change,
});

describe('chordOf', () => {
  it.each([
    [press(' '), 'Space'],
    [press('K', { shiftKey: true }), 'k'],
    [press('?', { shiftKey: true }), '?'],
    [press('ArrowLeft', { shiftKey: true }), 'shift+ArrowLeft'],
    [press(')', { shiftKey: true, code: 'Digit0' }), 'shift+0'],
    [press('=', { shiftKey: true, code: 'Digit0' }), 'shift+0'],
    [press('+', { shiftKey: true, code: 'Equal' }), '+'],
    [press('z', { metaKey: true }), 'ctrl+z'],
    [press('v', { ctrlKey: true }), 'ctrl+v'],
  ])('%o', (event, chord) => expect(chordOf(event)).toBe(chord));
  it('leaves Alt to the browser', () => expect(chordOf(press('d', { altKey: true }))).toBeNull());
});

describe('printedKeys', () => {
  const names = { ArrowLeft: '←', Shift: '⇧', Ctrl: 'Ctrl', Cmd: '⌘' };
  it.each([
    ['k', ['K']],
    ['+', ['+']],
    ['shift+ArrowLeft', ['⇧', '←']],
  ])('%s', (chord, keys) => expect(printedKeys(chord, names, false)).toEqual(keys));
  it('prints ⌘ for Ctrl on a Mac', () => expect(printedKeys('ctrl+v', names, true)).toEqual(['⌘', 'V']));
});

describe('keyReader', () => {
  it('reads single keys and pairs', () => {
    const read = keyReader();
    expect(read(press('o'), true)).toBe('open');
    expect(read(press('g'), true)).toBeNull();
    expect(read(press('c', { timeStamp: 500 }), true)).toBe('goCompare');
    expect(read(press('c'), true)).toBe('copy');
  });
  it('takes the action that is offered where a chord has two', () => {
    expect(keyReader((action) => action !== 'sampledBack')(press('['), true)).toBe('stepBack');
    expect(keyReader((action) => action !== 'stepBack')(press('['), true)).toBe('sampledBack');
    expect(keyReader(() => false)(press('['), true)).toBeNull();
  });
  it('forgets the first key after a while', () => {
    const read = keyReader();
    read(press('g'), true);
    expect(read(press('c', { timeStamp: 3000 }), true)).toBe('copy');
  });
  it('does nothing for a pair that is none', () => {
    const read = keyReader();
    read(press('g'), true);
    expect(read(press('n', { timeStamp: 10 }), true)).toBeNull();
  });
  it('keeps the pair while Shift goes down', () => {
    const read = keyReader();
    read(press('g'), true);
    read(press('Shift', { shiftKey: true, timeStamp: 5 }), true);
    expect(read(press('A', { shiftKey: true, timeStamp: 10 }), true)).toBe('goAssess');
  });
  it('with single keys off leaves Ctrl and Escape', () => {
    const read = keyReader();
    expect(read(press('o'), false)).toBeNull();
    expect(read(press('?', { shiftKey: true }), false)).toBeNull();
    expect(read(press('z', { ctrlKey: true }), false)).toBe('undo');
    expect(read(press('Escape'), false)).toBe('escape');
  });
});

describe('focus', () => {
  it('leaves letters to a field, and Space and Enter to a button', () => {
    expect(belongsToFocus('o', 'field')).toBe(true);
    expect(belongsToFocus('ctrl+z', 'field')).toBe(true);
    expect(belongsToFocus('Escape', 'field')).toBe(false);
    expect(belongsToFocus('Space', 'button')).toBe(true);
    expect(belongsToFocus('k', 'button')).toBe(false);
    expect(belongsToFocus('Space', 'other')).toBe(false);
  });
  it('leaves arrows and Space to a choice, and no letter', () => {
    expect(belongsToFocus('ArrowLeft', 'choice')).toBe(true);
    expect(belongsToFocus('Space', 'choice')).toBe(true);
    expect(belongsToFocus('k', 'choice')).toBe(false);
    expect(belongsToFocus('Escape', 'choice')).toBe(false);
  });
});
