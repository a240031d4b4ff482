import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { builtInProfiles } from '../sampling/profiles.ts';
import { contextTokens, conversation, promptText, smallPromptSha256, userText } from './prompts.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const occurrences = (text: string, part: string) => text.split(part).length - 1;

describe('prompts of the released code', () => {
  // Hashes and lengths come out of the official prompt builders.
  test('test string', () => {
    expect(sha256(userText('official-test', 12))).toBe(
      '5a1ee1f70d12a07ad2b12fc13057b5d293742883fdffd900d2f94be89f2fa9da',
    );
    expect(userText('official-test', 12).length).toBe(635);
    expect(sha256(conversation('official-test', 12))).toBe(builtInProfiles['test12@560'].promptSha256);
    expect(Buffer.byteLength(conversation('official-test', 12))).toBe(872);
  });

  test('training string', () => {
    expect(sha256(userText('official-train', 6))).toBe(
      '09ac9b456af38c9adfb8cd8c8b4fda178844632b103ffabde94b69a7cd152f93',
    );
    expect(userText('official-train', 6).length).toBe(544);
    expect(sha256(conversation('official-train', 6))).toBe(builtInProfiles['train6@448'].promptSha256);
    expect(Buffer.byteLength(conversation('official-train', 6))).toBe(781);
  });
});

describe('expansion', () => {
  test.each([
    ['test12@560', 4801, 13],
    ['train6@448', 1537, 7],
  ] as const)('%s holds %i context tokens in %i slots', (name, tokens, slots) => {
    const text = promptText(builtInProfiles[name]);
    expect(occurrences(text, '<IMG_CONTEXT>')).toBe(tokens);
    expect(contextTokens(builtInProfiles[name])).toBe(tokens);
    expect(occurrences(text, '<img>')).toBe(slots);
    expect(occurrences(text, '</img>')).toBe(slots);
    expect(text).not.toContain('<image>');
  });

  test('the last slot is the motion token, alone', () => {
    const text = promptText({ prompt: 'small', frames: 2, tokensPerFrame: 3 });
    const frame = `<img>${'<IMG_CONTEXT>'.repeat(3)}</img>`;
    expect(text).toContain(
      `video:Frame1: ${frame}Frame2: ${frame}Motion Feature: <img><IMG_CONTEXT></img>How good`,
    );
    expect(text.endsWith('tags.<|im_end|>\n<|im_start|>assistant\n')).toBe(true);
  });

  test('small prompt: hashes by frame count, room for 600 tokens', () => {
    expect(sha256(conversation('small', 8))).toBe(smallPromptSha256[8]);
    expect(sha256(conversation('small', 12))).toBe(smallPromptSha256[12]);
    // Even at 2.5 characters a token (a 2k vocabulary does better) 8 × 49 + 1 image tokens leave room.
    const characters = conversation('small', 8)
      .replaceAll('<image>', '')
      .replaceAll(/<\|im_\w+\|>/g, '').length;
    expect(8 * 49 + 1 + 2 * 9 + 5 + characters / 2.5).toBeLessThanOrEqual(600);
  });
});
