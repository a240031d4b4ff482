import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttributeRow,
  attributes,
  attributionMetrics,
  officialFineVdGrade,
  readFineVd,
  readYesNo,
} from './finevd.ts';

const row = (video: string, question: string, answer: string) =>
  JSON.stringify({
    video,
    conversations: [
      { from: 'human', value: question },
      { from: 'ai', value: answer },
    ],
  });
const noise =
  'If there is no noise in the video, please answer [No]. If there is noise in the video, please answer [Yes].';
const colour =
  'If there is no color distortion in the video, please answer [No].If there is color distortion in the video, please answer [Yes]. ';
const impact =
  'Which distortion dimension has the greatest impact on video quality, choose from the following options{A:[Noise], B:[Video quality is good], C:[Color], D:[Artifact]}(Just answer the corresponding letter)';
const kind =
  'Please select one distortion type from below options{A:[None], B:[low saturation], C:[high saturation], D:[other noise], E:[compression artifact]}Just answer the corresponding letter.';
const file = [
  row('\ufeff0_00.mp4', noise, 'Yes'),
  row('2.mp4', colour, 'No'),
  row('3.mp4', impact, 'D'),
  row('4.mp4', kind, 'E'),
];

test('the forms of the published files, with a byte-order mark inside the first name', () => {
  const { rows, faults } = readFineVd(`\ufeff${file.join('\r\n')}\r\n\r\n`);
  expect(faults).toEqual([]);
  expect(rows.map(({ video }) => video)).toEqual(['0_00.mp4', '2.mp4', '3.mp4', '4.mp4']);
  expect(rows[0]).toMatchObject({ kind: 'attribute', attribute: 'noise', answer: 'yes' });
  expect(rows[1]).toMatchObject({ kind: 'attribute', attribute: 'color', answer: 'no', question: colour });
  expect(rows[2]).toMatchObject({
    kind: 'choice',
    answer: 3,
    options: ['Noise', 'Video quality is good', 'Color', 'Artifact'],
  });
  expect(rows[3]).toMatchObject({ kind: 'choice', answer: 4 });
});

test('a row that is none is a fault with its line, and the others are read', () => {
  const bad = [
    '{',
    '[]',
    row('1.mp4', 'Is it good?', 'Yes'),
    row('1.mp4', noise, 'maybe'),
    row('1.mp4', impact, 'E'),
  ];
  const { rows, faults } = readFineVd([file[0], ...bad].join('\n'));
  expect(rows).toHaveLength(1);
  expect(faults).toEqual([
    { line: 2, problem: 'json' },
    { line: 3, problem: 'shape' },
    { line: 4, problem: 'question' },
    { line: 5, problem: 'answer' },
    { line: 6, problem: 'answer' },
  ]);
});

test('mutated files give rows and faults, never an exception', () => {
  const text = file.join('\n');
  const cut = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(30),
    insert: fc.string({ maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 6 }), (cuts) => {
      const mutated = cuts.reduce(
        (t, { at, length, insert }) => t.slice(0, at) + insert + t.slice(at + length),
        text,
      );
      const { rows, faults } = readFineVd(mutated);
      for (const read of rows) {
        expect(read.video).not.toContain('\ufeff');
        if (read.kind === 'attribute') expect(attributes).toContain(read.attribute);
        else expect(read.options[read.answer]).toBeDefined();
      }
      expect(faults.every(({ line }) => line >= 1)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

/** Rows with the published numbers of yes among 1,016 test videos. */
const counts = { color: 269, noise: 277, artifact: 446, blur: 657, temporal: 133 } as const;
const rows = attributes.flatMap((attribute) =>
  Array.from({ length: 1016 }, (_, k): AttributeRow => {
    return {
      kind: 'attribute',
      video: `${k}`,
      attribute,
      question: '',
      answer: k < counts[attribute] ? 'yes' : 'no',
    };
  }),
);
const percent = (value: number | null) => Number((100 * value!).toFixed(2));

test('the published rows of constant answers, and the majority line beside them', () => {
  const always = attributionMetrics(
    rows,
    rows.map(() => 'yes'),
  );
  expect(attributes.map((a) => percent(always.perAttribute[a]!.accuracy))).toEqual([
    26.48, 27.26, 43.9, 64.67, 13.09,
  ]);
  expect(percent(always.accuracy)).toBe(35.08);
  expect(percent(always.majority)).toBe(70.79);
  expect(attributes.map((a) => always.perAttribute[a]!.balancedAccuracy)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
  expect(
    percent(
      attributionMetrics(
        rows,
        rows.map(() => 'no'),
      ).accuracy,
    ),
  ).toBe(64.92);
});

test('a missing answer is wrong here, and right by the official metric', () => {
  const { perAttribute } = attributionMetrics(rows, []);
  expect(perAttribute.blur).toMatchObject({ accuracy: 0, balancedAccuracy: 0, f1: 0, missing: 1016 });
  expect([
    officialFineVdGrade('', 'Yes'),
    officialFineVdGrade('e', 'Yes'),
    officialFineVdGrade('yes', 'Yes'),
  ]).toEqual([true, true, false]);
  expect(['Yes.', ' "no"', '[Yes]', 'Noise is seen', 'maybe', ''].map(readYesNo)).toEqual([
    'yes',
    'no',
    'yes',
    null,
    null,
    null,
  ]);
});

test('F1 and balanced accuracy of a small table', () => {
  const few = (['yes', 'yes', 'no', 'no'] as const).map(
    (answer): AttributeRow => ({ kind: 'attribute', video: '', attribute: 'blur', question: '', answer }),
  );
  expect(attributionMetrics(few, ['yes', null, 'yes', 'no']).perAttribute.blur).toEqual({
    n: 4,
    accuracy: 0.5,
    balancedAccuracy: 0.5,
    f1: 0.5,
    majority: 0.5,
    missing: 1,
  });
  expect(attributionMetrics([], [])).toEqual({ perAttribute: {}, accuracy: null, majority: null });
});
