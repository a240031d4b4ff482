/** The result file of a level score. */
import { levels as levelNames } from '../../../core/answer/levels.ts';
import type { Result, ResultLevels } from '../../../core/files/result.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import { fileFacts, modelFacts, type SampledFrame } from '../run/result-file.ts';
import type { StageSeconds } from '../run/stages.ts';
import type { LevelOutcome } from './outcome.ts';

export interface LevelResultParts {
  readonly app: string;
  readonly createdAt: Date;
  readonly video: OpenedVideo;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly model: LoadedVqa2;
  readonly sampled: readonly SampledFrame[];
  readonly outcome: LevelOutcome;
  readonly seconds: StageSeconds;
}

const byLevel = (values: readonly number[]) =>
  Object.fromEntries(levelNames.map((level, i) => [level, values[i]])) as ResultLevels['logits'];

/** A score as result files store it. */
export function storedLevels({ outcome, model }: Pick<LevelResultParts, 'outcome' | 'model'>): ResultLevels {
  const { protocol, plan, levels } = outcome;
  return {
    family: 'vqa2',
    role: model.manifest.role,
    protocol,
    prompt: outcome.prompt,
    blocks: [...outcome.blocks],
    keyFrames: [...plan.keyFrames],
    denseFrames: { count: plan.denseFrames.length, step: outcome.denseStep },
    ...(outcome.stalls && { stalls: outcome.stalls.map((stall) => ({ ...stall })) }),
    tokens: outcome.tokens,
    logits: byLevel(outcome.logits),
    probabilities: byLevel(levels.probabilities),
    weights: outcome.weights,
    value: outcome.value,
    percent: levels.percent,
    entropy: levels.entropy,
  };
}

export function levelResult(parts: LevelResultParts): Result {
  const { generate: _none, ...timings } = parts.seconds;
  return {
    format: 2,
    app: parts.app,
    createdAt: parts.createdAt.toISOString(),
    file: fileFacts(parts.video.facts, parts.sha256),
    model: modelFacts(parts.model),
    levels: storedLevels(parts),
    seed: null,
    sampled: parts.sampled.map((frame) => ({ ...frame })),
    answers: [],
    score: parts.outcome.value,
    timings,
  };
}
