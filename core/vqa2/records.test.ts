import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from '../errors.ts';
import {
  encodeRecord,
  ignoredLabel,
  placeholderId,
  type RecordTokenizer,
  readRecord,
  variantTurns,
} from './records.ts';

/** One id a character, special tokens as one. */
const tokenizer: RecordTokenizer = {
  encode: (text) =>
    [...text.matchAll(/<\|im_start\|>|<\|im_end\|>|[\s\S]/gu)].map(([token]) =>
      token === '<|im_start|>' ? 1001 : token === '<|im_end|>' ? 1002 : token.codePointAt(0)!,
    ),
  ids: { newline: 10, start: 1001, end: 1002, image: 1003 },
};

const turns = [
  { from: 'human', value: '<image><image>Sharp?' },
  { from: 'gpt', value: 'Yes' },
];

test('both spellings of turns and media are one record', () => {
  const spelled = turns.map(({ from, value }) => ({ from, content: value }));
  const named = turns.map(({ from, value }) => ({
    role: from === 'human' ? 'user' : 'assistant',
    content: value,
  }));
  const record = readRecord({ image: 'a.mp4', 'frames per sec': 1, gt_score: '41.5', conversations: turns });
  expect(record).toEqual({
    media: { kind: 'video', paths: ['a.mp4'] },
    turns: [
      { role: 'user', text: '<image><image>Sharp?' },
      { role: 'assistant', text: 'Yes' },
    ],
    mos: 41.5,
  });
  for (const conversations of [spelled, named])
    expect(readRecord({ video: ['a.mp4'], gt_score: 41.5, conversations })).toEqual(record);
  expect(readRecord({ image: ['a.png', 'b.png'], conversations: turns }).media).toEqual({
    kind: 'image',
    paths: ['a.png', 'b.png'],
  });
  expect(readRecord({ conversations: turns }).media).toBeNull();
});

test('answers are trained on with their header, and every line break and turn mark', () => {
  const { inputIds, labels } = encodeRecord(readRecord({ video: 'a.mp4', conversations: turns }), tokenizer);
  expect(inputIds.filter((id) => id === placeholderId)).toHaveLength(2);
  const answer = tokenizer.encode('<|im_start|>assistant\nYes<|im_end|>\n');
  expect(labels.slice(-answer.length)).toEqual(answer);
  const before = labels.slice(0, -answer.length);
  expect(new Set(before)).toEqual(new Set([1001, 1002, 10, ignoredLabel]));
});

test('a fault names its field', () => {
  const fault = (value: unknown) => {
    try {
      readRecord(value);
    } catch (error) {
      return error instanceof CodedError ? [error.code, error.params.field] : error;
    }
    return null;
  };
  expect(fault({ image: 'a' })).toEqual(['train/record', 'conversations']);
  expect(fault({ conversations: [] })).toEqual(['train/record', 'conversations']);
  expect(fault({ conversations: [{ value: 'x' }] })).toEqual(['train/record', 'conversations[0].from']);
  expect(fault({ conversations: [{ from: 'human' }] })).toEqual(['train/record', 'conversations[0].value']);
  expect(() => variantTurns([{ from: 'human', value: 'x' }], true)).toThrow(CodedError);
});

test('any JSON is a record or a coded error, and ids stand beside labels', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (a, b) => {
      for (const value of [JSON.parse(a), { video: JSON.parse(a), conversations: JSON.parse(b) }]) {
        try {
          const { inputIds, labels } = encodeRecord(readRecord(value), tokenizer);
          expect(labels).toHaveLength(inputIds.length);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }
    }),
  );
});
