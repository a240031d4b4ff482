/** The finished answers of a run or of a reopened result, and the line that says what became of one. */
import { readStrictly } from '../../../core/answer/answer.ts';
import type { ResultAnswer } from '../../../core/files/result.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { readAnswer } from '../../assessment/run/answer.ts';
import { resultAnswer } from '../../assessment/run/result-file.ts';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { noScore } from './ScorePanel.tsx';

type State = Pick<AssessState, 'phase' | 'answers' | 'model' | 'result'>;

/** Empty while a run goes on or was stopped. */
export function finishedAnswers({ phase, answers, model, result }: State): readonly ResultAnswer[] {
  if (phase !== 'done' && phase !== 'reopened') return [];
  if (answers.length > 0 && model) return answers.map((one) => resultAnswer(one, readAnswer(one, model)));
  return result?.answers ?? [];
}

/** `3.84` as the model wrote it, or `No score. The answer “3.5/5” is not a number.` */
export function answerText({ text, score, reason, tokens }: ResultAnswer, t: AssessMessages): string {
  const { written } = readStrictly(text, [0, 5]);
  if (score !== null) return written;
  const why = noScore(
    reason === 'length'
      ? { kind: 'length', tokens }
      : { kind: 'unreadable', answer: written, reason: reason ?? null },
    t,
  );
  return [t.score.spokenNone, why].filter(Boolean).join(' ');
}
