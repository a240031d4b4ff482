/** `parse.json`: the released parsers and the format reward. */
import {
  formatReward,
  lacksPrecision,
  readAsOfficialTest,
  readAsOfficialTrain,
} from '../../../core/answer/answer.ts';
import { type ConformanceReport, tally } from './report.ts';

type Written = number | string | null;

export interface ParseFile {
  readonly cases: readonly {
    readonly id: string;
    readonly text: string;
    readonly test: { readonly answer: string; readonly value: Written; readonly score: Written };
    readonly train: {
      readonly answer: string;
      readonly value: Written;
      readonly draws: readonly { readonly value: number }[];
      readonly penalised: boolean | null;
      readonly format: number;
      readonly error: string | null;
    };
  }[];
}

/** Exact. Where the released code draws a number, the drawn one stands in the file. */
export function checkParse(file: ParseFile): ConformanceReport {
  const t = tally('parse');
  for (const c of file.cases) {
    t.count();
    const test = readAsOfficialTest(c.text);
    const got = { answer: test.answer, value: test.value, score: test.score };
    t.equal(`${c.id} test`, got, { answer: c.test.answer, value: c.test.value, score: c.test.score });
    const read = readAsOfficialTrain(c.text);
    const value = read.value ?? c.train.draws[0]?.value ?? null;
    t.equal(
      `${c.id} train`,
      { answer: read.answer, value: value, drawn: read.value === null, ...regression(value) },
      {
        answer: c.train.answer,
        value: c.train.value,
        drawn: c.train.draws.length > 0,
        penalised: c.train.penalised,
        error: c.train.error,
      },
    );
    t.equal(`${c.id} format`, formatReward(c.text), c.train.format);
  }
  return t.report();
}

/** Python raises OverflowError where the square of a finite difference (here from 3) is infinite. */
function regression(value: number | null): { penalised: boolean | null; error: string | null } {
  if (value === null || !Number.isFinite(value)) return { penalised: null, error: null };
  if (!Number.isFinite((value - 3) ** 2)) return { penalised: null, error: 'OverflowError' };
  return { penalised: lacksPrecision(value), error: null };
}
