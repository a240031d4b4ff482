import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from '../errors.ts';
import { questionMetrics, readQuestions } from './question-set.ts';

const file = [
  {
    video_name: '0001.mp4',
    question: 'Is this video sharp?',
    answers: ['Yes', 'No'],
    question_type: 'yes-or-no',
    context: 'Global',
    correct_choice: 'B',
    video_type: 'Natural',
    quality_concern: ['Technical'],
  },
  {
    video_name: '0002.mp4',
    question: 'What is the most apparent distortion?',
    answers: ['Motion blur', 'Noise', 'Block effect', 'Overexposure'],
    question_type: 'what/how',
    context: 'Referring',
    correct_choice: 'A',
    quality_concern: ['Temporal', 'Technical'],
  },
  {
    video_name: '0003.mp4_cat_0004.mp4.mp4',
    question: 'Which video is sharper?',
    answers: ['The first', 'The second'],
    question_type: 'yes-or-no',
    context: 'Compare_coarse',
    correct_choice: 'A',
    quality_concern: 'Technical',
  },
  {
    video_name: '0005.mp4',
    question: 'Describe the noise.',
    answers: ['Strong in dark parts.'],
    question_type: 'open_ended',
    context: 'Global',
  },
  {
    Video_name: '0006.mp4',
    Question: 'When does it blur?',
    Answer: ['First', 'Last'],
    question_type: 'what/how',
    context: 'Global',
    Correct_choice: 'B',
  },
];

test('items of both files: pairs, spellings, open-ended ones, fields that nothing reads', () => {
  const { items, faults } = readQuestions(`\ufeff${JSON.stringify(file)}`);
  expect(faults).toEqual([]);
  expect(items.map(({ videos }) => videos)).toEqual([
    ['0001.mp4'],
    ['0002.mp4'],
    ['0003.mp4', '0004.mp4'],
    ['0005.mp4'],
    ['0006.mp4'],
  ]);
  expect(items.map(({ correct }) => correct)).toEqual([1, 0, 0, null, 1]);
  expect(items[0]).toMatchObject({ rest: { video_type: 'Natural' }, concerns: ['Technical'] });
  expect(items[3]).toMatchObject({ type: 'open-ended', reference: 'Strong in dark parts.', options: [] });
});

test('an item at fault is named by its field, and the others are read', () => {
  const change = (fields: object) => ({ ...file[1], ...fields });
  const bad = [
    null,
    change({ video_name: '' }),
    change({ question_type: 'poll' }),
    change({ correct_choice: 'E' }),
    change({ answers: ['x'] }),
    change({ video_name: 'a.mp4_cat_b.mp4.mp4' }),
    change({ answers: 3 }),
  ];
  const { items, faults } = readQuestions(JSON.stringify([...bad, file[0]]));
  expect(items).toHaveLength(1);
  expect(faults.map(({ field }) => field)).toEqual([
    'item',
    'video_name',
    'question_type',
    'correct_choice',
    'answers',
    'video_name',
    'answers',
  ]);
  for (const text of ['', '{', '{}', '3']) expect(() => readQuestions(text)).toThrow(CodedError);
});

test('mutated files give items and faults or a coded error', () => {
  const text = JSON.stringify(file);
  const cut = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(20),
    insert: fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('"', ',', '[', ']', '{}', 'null', '1e9')),
  });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
      const mutated = cuts.reduce(
        (t, { at, length, insert }) => t.slice(0, at) + insert + t.slice(at + length),
        text,
      );
      try {
        const { items, faults } = readQuestions(mutated);
        for (const { correct, options, videos } of items) {
          expect(correct === null || correct < options.length).toBe(true);
          expect([1, 2]).toContain(videos.length);
        }
        expect(questionMetrics(items, []).notGraded).toBeLessThanOrEqual(items.length);
        expect(faults.every(({ id }) => id >= 0)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(CodedError);
      }
    }),
    { numRuns: 100 },
  );
  // Values of other types in the right fields.
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(file[0]!)), (value, key) => {
      const { items, faults } = readQuestions(JSON.stringify([{ ...file[0], [key]: value }]));
      expect(items.length + faults.length).toBe(1);
    }),
  );
});

test('the official metric and ours on the same answers', () => {
  const { items } = readQuestions(JSON.stringify(file));
  const answers = ['(B)', 'A. Motion blur', 'Because it is', 'strong', null];
  const got = questionMetrics(items, answers);
  // Officially: "(B)" is wrong, "A." right, "Because" wrong, and the missing answer ends the run.
  expect(got.official).toEqual({ n: 3, accuracy: 1 / 3, stoppedAt: 4 });
  expect(got.overall).toEqual({
    n: 4,
    accuracy: 0.5,
    chance: (3 * 0.5 + 0.25) / 4,
    unreadable: 1,
    missing: 1,
  });
  expect(got.byType['yes-or-no']).toMatchObject({ n: 2, accuracy: 0.5, chance: 0.5 });
  expect(got.byConcern.Technical).toMatchObject({ n: 3, accuracy: 2 / 3 });
  expect(got.byContext.Global).toMatchObject({ n: 2, missing: 1 });
  expect(got.notGraded).toBe(1);
});
