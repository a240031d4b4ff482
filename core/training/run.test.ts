import { expect, test } from 'vitest';
import { checkpointSchema, groupRecordSchema } from './run.ts';

test('keys of earlier versions are read under their present names', () => {
  const group = {
    step: 3,
    stage: 0,
    video: 'a.mp4',
    mos: 3,
    frames: 10,
    indices: [0, null],
    perturbation: null,
  };
  const present = { ...group, completions: [], perturbedCompletions: [] };
  expect(groupRecordSchema.parse({ ...group, answers: [], perturbedAnswers: [] })).toEqual(present);
  expect(groupRecordSchema.parse(present)).toEqual(present);
  expect(groupRecordSchema.safeParse({ ...present, answers: [] }).success).toBe(false);

  const checkpoint = {
    id: 'run:3',
    run: 'run',
    step: 3,
    best: false,
    last: true,
    createdAt: '2026-11-21T07:42:00.000Z',
    bytes: 1,
    package: null,
  };
  const metrics = { 'eval/srcc': 0.5 };
  expect(checkpointSchema.parse({ ...checkpoint, figures: metrics })).toEqual({ ...checkpoint, metrics });
});
