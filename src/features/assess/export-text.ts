/** A finished result as text and as JSON and CSV files. A value that the result does not hold is left out. */
import { readStrictly } from '../../../core/answer/answer.ts';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { bands } from '../../../core/answer/grades.ts';
import { levelBand } from '../../../core/answer/level-band.ts';
import { distortionLabel, distortionsOf, findDistortions } from '../../../core/answer/lexicon.ts';
import { officialCsv, scoreCsv } from '../../../core/files/csv.ts';
import type { Result } from '../../../core/files/result.ts';
import { meanInterval } from '../../../core/stats/interval.ts';
import { mean } from '../../../core/stats/moments.ts';
import { clock } from '../../../core/text/format.ts';
import type { Lang } from '../../../core/text/lang.ts';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { noScore, type ScoreState } from './ScorePanel.tsx';
import { inSentence } from './trace-segments.ts';

const seconds = (result: Result): number =>
  Object.values(result.timings).reduce((sum, value) => sum + value, 0);

const strip = (text: string): string => text.replaceAll('**', '');

/** The score as the model wrote it, or as a number when the text gives another one. */
export function writtenScore(result: Result): string {
  if (result.score === null) return '';
  // A mean has no more digits than its answers.
  if (result.answers.length > 1) return result.score.toFixed(2);
  const reading = readStrictly(result.answers[0]?.text ?? '', [0, 5]);
  return reading.score === result.score ? reading.written : String(result.score);
}

/** Percentile and scale as in the score panel; `''` without a population. */
export function scaleSentence(result: Result, t: AssessMessages): string {
  const p = result.percentile;
  if (!p) return '';
  const percent = Math.floor(p.percent);
  return p.kind === 'own'
    ? `${strip(t.score.aboveHeldOut(percent, p.n))} ${t.score.modelScale}`
    : `${strip(t.score.aboveHuman(percent, p.population))} ${t.score.human(p.n)}`;
}

/** The estimate of people's score and the data sets that it comes from; `''` without one. */
function peopleSentence({ humanEstimate: estimate }: Result, t: AssessMessages): string {
  if (!estimate) return '';
  const { score, halfWidth, datasets } = estimate;
  const value = strip(t.small.people.value(score.toFixed(2), halfWidth.toFixed(2)));
  return `${value} (${datasets.join(', ')})`;
}

/** Model and decoding of the answers. */
function how({ model, answers, seed }: Result, t: AssessMessages): string {
  return answers.length > 1
    ? t.score.sampled(model.name, answers.length, seed ?? 0)
    : `${model.name}, ${t.trace.greedy}`;
}

/** Text of *Copy as text*: score, scale, file, model, frames, time, named distortions, reasoning; a line each. */
export function resultText(result: Result, state: ScoreState, t: AssessMessages, lang: Lang): string {
  const { file, model } = result;
  const text = viewAnswer(result.answers[0]?.text ?? '')
    .thinking.trim()
    .replace(/\s+/g, ' ');
  const { named: distortions, ruledOut } = distortionsOf(findDistortions(text));
  const named = (ids: readonly string[]) =>
    t.units.list(ids.map((id) => inSentence(distortionLabel(id, lang))));
  const grade = result.band === undefined ? '' : (t.grades.names[result.band - 1] ?? '');
  const row = (label: string, value: string) => (value === '' ? [] : [`${label}: ${value}`]);
  const frames = result.sampled.map(({ index, time }) => `${index + 1} (${clock(time)})`);
  return [
    result.score === null
      ? t.assess.textNone(noScore(state, t) ?? '')
      : t.assess.textHead(writtenScore(result), grade),
    ...row(t.assess.textScale, scaleSentence(result, t)),
    ...row(t.small.people.name, peopleSentence(result, t)),
    ...row(t.assess.textFile, `${file.name}, ${file.width} × ${file.height}, ${t.units.frames(file.frames)}`),
    ...row(t.assess.textModel, `${how(result, t)}, ${model.dtype}, ${model.backend}`),
    ...row(t.assess.textFrames, t.units.list(frames)),
    ...row(t.assess.textTime, t.units.seconds(seconds(result))),
    ...row(
      t.assess.textNamed,
      [
        named(distortions),
        ruledOut.length > 0 ? `${inSentence(t.assess.textRuledOut)}: ${named(ruledOut)}` : '',
      ]
        .filter((part) => part !== '')
        .join('; '),
    ),
    ...row(t.assess.textReasoning, text),
  ].join('\n');
}

export const resultJson = (result: Result): string => `${JSON.stringify(result, null, 2)}\n`;

/** Word of a level score's band; none for a model that answers in words. */
function levelWord({ levels }: Result): string | undefined {
  return levels && ['low', 'poor', 'fair', 'good', 'high'][levelBand(levels.percent) - 1];
}

export function resultCsv(result: Result): string {
  const [answer] = result.answers;
  const interval = meanInterval(result.answers.flatMap(({ score }) => (score === null ? [] : [score])));
  const expected = result.answers.flatMap((one) => one.expected ?? []);
  const named = distortionsOf(findDistortions(viewAnswer(answer?.text ?? '').thinking)).named;
  return scoreCsv([
    {
      file: result.file.name,
      score: result.score,
      band: levelWord(result) ?? bands.find(({ grade }) => grade === result.band)?.word,
      expected: expected.length > 0 ? mean(expected) : undefined,
      ciLow: interval?.low,
      ciHigh: interval?.high,
      k: result.answers.length,
      named,
      seconds: Number(seconds(result).toFixed(3)),
      error: answer?.reason,
    },
  ]);
}

/** The released script's columns; without a score table the ground truth stays empty. */
export const resultOfficialCsv = (result: Result): string =>
  officialCsv([{ filename: result.file.name, predicted: result.score, truth: '' }]);
