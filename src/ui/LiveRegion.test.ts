import { describe, expect, it } from 'vitest';
import { lastSentence } from './LiveRegion.tsx';

describe('lastSentence', () => {
  it('waits for a whole one', () => {
    expect(lastSentence('The video shows')).toBe('');
    expect(lastSentence('The video shows a bird. The sky')).toBe('The video shows a bird.');
    expect(lastSentence('One. Two. Thr')).toBe('Two.');
  });
  it('does not end at the point of a number', () => {
    expect(lastSentence('Good. I rate it 3.8 to 3')).toBe('Good.');
    expect(lastSentence('Good. I rate it 3.8 to 3.9.')).toBe('I rate it 3.8 to 3.9.');
  });
  it('knows the Chinese marks', () => {
    expect(lastSentence('画面清晰。色彩自')).toBe('画面清晰。');
    expect(lastSentence('画面清晰。色彩自然，我会给3.8分。')).toBe('色彩自然，我会给3.8分。');
  });
});
