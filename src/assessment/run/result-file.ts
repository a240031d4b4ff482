/** The result file (format 2) of a finished run. */

import type { StrictReading } from '../../../core/answer/answer.ts';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { bandOf } from '../../../core/answer/grades.ts';
import { distortionsOf, findDistortions } from '../../../core/answer/lexicon.ts';
import { percentileOf } from '../../../core/answer/percentile.ts';
import type { Result, ResultAnswer } from '../../../core/files/result.ts';
import { meanInterval } from '../../../core/stats/interval.ts';
import type { FeatureReport, OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedModel, LoadedPackage, RawAnswer } from '../../../workers/model/api.ts';
import { type Answer, firstSeed } from './answer.ts';
import type { StageSeconds } from './stages.ts';

export interface SampledFrame {
  readonly index: number;
  readonly time: number;
  readonly substituted?: number;
}

/** Frames as results store them. */
export const sampledFrames = (frames: readonly SampledFrame[]): SampledFrame[] =>
  frames.map(({ index, time, substituted }) => ({
    index,
    time,
    ...(substituted === undefined ? {} : { substituted }),
  }));

/** An answer as the file stores it: without a readable score it has a reason instead. */
export function resultAnswer(answer: RawAnswer, reading: StrictReading | null): ResultAnswer {
  const reason =
    reading === null
      ? 'aborted'
      : reading.score !== null
        ? null
        : answer.end === 'length'
          ? 'length'
          : reading.reason;
  return {
    text: answer.text,
    score: reading?.score ?? null,
    tokens: answer.tokens,
    ...(reason === null ? {} : { reason }),
    ...(answer.expected === null || reading?.score == null ? {} : { expected: answer.expected }),
  };
}

/** An answer as rows and segments store it: with the distortions that its reasoning names, in its order. */
export function namedAnswer({ raw, reading }: Answer): ResultAnswer & { readonly named: string[] } {
  const { thinking } = viewAnswer(raw.text);
  return { ...resultAnswer(raw, reading), named: [...distortionsOf(findDistortions(thinking)).named] };
}

/** Mean of the readable answers, null without any; a single score is as it was written. */
export function meanScore(answers: readonly Pick<ResultAnswer, 'score'>[]): number | null {
  return meanInterval(answers.flatMap(({ score }) => (score === null ? [] : [score])))?.mean ?? null;
}

/** The model as result files name it. */
export function modelFacts(model: LoadedPackage): Result['model'] {
  const { manifest, manifestSha256, dtype, backend, adapter } = model;
  return { name: manifest.name, manifestSha256, dtype, target: backend, backend, adapter };
}

export interface ResultParts {
  readonly app: string;
  readonly createdAt: Date;
  readonly video: OpenedVideo;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly model: LoadedModel;
  readonly sampled: readonly SampledFrame[];
  /** One greedy answer, or several sampled ones. */
  readonly answers: readonly Answer[];
  readonly features: FeatureReport | null;
  readonly seconds: StageSeconds;
}

/** Quality features as a result stores them. */
export const storedFeatures = (set: string, { columns }: FeatureReport) => ({
  set,
  values: columns.map((value) => (Number.isNaN(value) ? null : value)),
});

/** Scale and quality features of a result, as the file stores them. */
function basis({ manifest }: LoadedModel, features: FeatureReport | null) {
  const { scale, qualityFeatures } = manifest;
  const datasets = scale.kind === 'human' ? { datasets: scale.datasets } : {};
  return {
    scale: { kind: scale.kind, ...datasets },
    ...(qualityFeatures && features && { qualityFeatures: storedFeatures(qualityFeatures.set, features) }),
  };
}

/** The file as results describe it. @param sha256 of its bytes, hex */
export function fileFacts(facts: OpenedVideo['facts'], sha256: string): Result['file'] {
  const { name, bytes, container, codec, width, height, frames, fps, rotation, colour } = facts;
  return { name, bytes, sha256, container, codec, width, height, frames, fps, rotation, colour };
}

export function buildResult(parts: ResultParts): Result {
  const { model } = parts;
  const { facts } = parts.video;
  const answers = parts.answers.map(({ raw, reading }) => resultAnswer(raw, reading));
  const score = meanScore(answers);
  const percentile = score === null ? null : percentileOf(model.manifest.scale, score);
  return {
    format: 2,
    app: parts.app,
    createdAt: parts.createdAt.toISOString(),
    file: fileFacts(facts, parts.sha256),
    model: modelFacts(model),
    profile: model.profile,
    seed: firstSeed(answers.length),
    sampled: parts.sampled.map((frame) => ({ ...frame })),
    answers,
    score,
    ...(score === null ? {} : { band: bandOf(score).grade }),
    ...(percentile === null ? {} : { percentile }),
    ...basis(model, parts.features),
    timings: { ...parts.seconds },
  };
}
