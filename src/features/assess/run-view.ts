/** Contents of the panels as pure functions of the state of a run. */
import type { StrictReading } from '../../../core/answer/answer.ts';
import { readAsOfficialTest, readStrictly } from '../../../core/answer/answer.ts';
import { bandOf } from '../../../core/answer/grades.ts';
import { findDistortions } from '../../../core/answer/lexicon.ts';
import { percentileOf } from '../../../core/answer/percentile.ts';
import { findTimes, type Timeline } from '../../../core/answer/phrases.ts';
import type { ResultAnswer } from '../../../core/files/result.ts';
import { meanInterval } from '../../../core/stats/interval.ts';
import { mean, variance } from '../../../core/stats/moments.ts';
import { completeWordCount } from '../../../core/text/clause.ts';
import type { Lang } from '../../../core/text/lang.ts';
import type { AssessState, StageState } from '../../assessment/assess-store.ts';
import { readAnswer } from '../../assessment/run/answer.ts';
import { resultAnswer } from '../../assessment/run/result-file.ts';
import { type Stage, type StageSeconds, stagesOf } from '../../assessment/run/stages.ts';
import type { ProgressSegment as BarStage } from '../../ui/ProgressBar.tsx';
import type { ScoreState } from './ScorePanel.tsx';
import type { TraceSpan } from './trace-segments.ts';

export const wordCount = (text: string): number => completeWordCount(`${text} `);

/** A text with Han characters is Chinese to fonts, line breaking and counting. */
export const langOf = (text: string): Lang => (/\p{Script=Han}/u.test(text) ? 'zh' : 'en');

/** Number that the released test code reads from an answer, and true when that is its default for a failure. */
export function officialReading(text: string): { value: string; isDefault: boolean } {
  const { value, score } = readAsOfficialTest(text);
  return { value: score.toFixed(2), isDefault: value === null };
}

function read(reading: StrictReading, end: string, tokens: number): ScoreState {
  if (reading.score === null)
    return end === 'length' && reading.reason === 'no-answer'
      ? { kind: 'length', tokens }
      : { kind: 'unreadable', answer: reading.written, reason: reading.reason };
  return {
    kind: 'one',
    value: reading.score,
    written: reading.written,
    band: bandOf(reading.score).grade,
  };
}

/** Mean, interval and spread of several answers; null when none can be read. */
function severalState(
  answers: readonly ResultAnswer[],
  asked: number,
): Extract<ScoreState, { kind: 'several' }> | null {
  const readable = answers.flatMap(({ score }) => (score === null ? [] : [score]));
  const interval = meanInterval(readable);
  if (!interval) return null;
  const expected = answers.flatMap((answer) => answer.expected ?? []);
  return {
    kind: 'several',
    value: interval.mean,
    band: bandOf(interval.mean).grade,
    answers: readable,
    requested: asked,
    interval: interval.low !== null && interval.high !== null ? [interval.low, interval.high] : null,
    deviation: readable.length > 1 ? Math.sqrt(variance(readable, 'sample')) : null,
    ...(expected.length > 0 && { expected: mean(expected) }),
  };
}

/** The score panel's state. */
export function scoreState(state: AssessState): ScoreState {
  const { phase, view, answer, reading, model, result } = state;
  const total = wordCount(view.thinking);
  switch (phase) {
    case 'empty':
      return { kind: 'empty' };
    case 'running':
      return view.phase === 'answer' || view.phase === 'done'
        ? { kind: 'writing', digits: view.digits.slice(0, 4), wordCount: total }
        : { kind: 'waiting' };
    case 'stopped':
      return { kind: 'stopped', wordCount: total };
    case 'error':
      return total > 0 ? { kind: 'stopped', wordCount: total } : { kind: 'empty' };
    case 'done': {
      if (!reading || !answer || !model) return { kind: 'waiting' };
      if (state.answers.length > 1) {
        const several = severalState(
          state.answers.map((one) => resultAnswer(one, readAnswer(one, model))),
          state.requested,
        );
        const percentile = several && percentileOf(model.manifest.scale, several.value);
        if (several) return { ...several, ...(percentile && { percentile }) };
      }
      const base = read(reading, answer.end, answer.tokens);
      if (base.kind !== 'one') return base;
      const percentile = percentileOf(model.manifest.scale, base.value);
      return {
        ...base,
        ...(percentile && { percentile }),
        ...(answer.expected !== null && { expected: answer.expected }),
      };
    }
    case 'reopened': {
      const first = result?.answers[0];
      if (!result || !first) return { kind: 'empty' };
      if (first.reason === 'aborted') return { kind: 'stopped', wordCount: total };
      if (result.answers.length > 1) {
        const several = severalState(result.answers, result.answers.length);
        if (several) return { ...several, ...(result.percentile && { percentile: result.percentile }) };
      }
      // The file holds the number, the text its spelling.
      const reading = readStrictly(first.text, [0, 5]);
      const written = reading.score === result.score ? reading.written : String(result.score);
      if (result.score === null)
        return first.reason === 'length'
          ? { kind: 'length', tokens: first.tokens }
          : { kind: 'unreadable', answer: reading.written, reason: first.reason ?? null };
      return {
        kind: 'one',
        value: result.score,
        written,
        band: result.band ?? bandOf(result.score).grade,
        ...(result.percentile && { percentile: result.percentile }),
        ...(first.expected !== undefined && { expected: first.expected }),
      };
    }
  }
}

/** Times and duration of the clip, for the time phrases of a text. */
export function clipOf(state: Pick<AssessState, 'frames' | 'video' | 'result'>): Timeline {
  const { frames, video, result } = state;
  const duration =
    video?.facts.duration ?? (result && result.file.fps > 0 ? result.file.frames / result.file.fps : 0);
  const times = frames.map((frame) => frame.time);
  return { times: times.some(Number.isNaN) ? [] : times, duration };
}

/** The marks in the trace; of a growing text only those that no further word can change. */
export function spansOf(text: string, clip: Timeline, complete: boolean): TraceSpan[] {
  const distortions = findDistortions(text, complete).map(
    (mark): TraceSpan => ({ kind: 'distortion', ...mark }),
  );
  const times = findTimes(text, clip, complete).map(
    ({ start, end, frames }): TraceSpan => ({ kind: 'time', start, end, frames }),
  );
  return [...distortions, ...times];
}

function fraction({ done, total }: StageState): number {
  return total > 0 ? done / total : 0;
}

/** Segments of the bar with their shares; `tokens` is the usual length of an answer of this model, if known. `writes`: the model
 * generates text. */
export function barStages(
  stages: AssessState['stages'],
  shares: StageSeconds,
  tokens: number | null,
  label: (stage: Stage) => string,
  took: (stage: StageState) => string,
  writes = true,
): BarStage[] {
  return stagesOf(writes).map((id) => {
    const stage = stages[id];
    const part = id === 'generate' ? (tokens ? Math.min(0.97, stage.done / tokens) : 0) : fraction(stage);
    return {
      id,
      label: label(id),
      share: shares[id],
      state: stage.state,
      fraction: part,
      ...((stage.state === 'done' || stage.state === 'reused') && { took: took(stage) }),
    };
  });
}
