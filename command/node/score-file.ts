/** One file to its score, by the page's own run. */
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import { bandOf } from '../../core/answer/grades.ts';
import { distortionsOf, findDistortions } from '../../core/answer/lexicon.ts';
import { segmentsOf } from '../../core/sampling/timeline-segments.ts';
import { assessFile } from '../../src/assessment/run/assess-file.ts';
import { DecodedFrames } from '../../src/assessment/run/decoded-frames.ts';
import { sampledPlan } from '../../src/assessment/run/frame-plan.ts';
import { estimateOf, wholeFeatures } from '../../src/assessment/run/human-estimate.ts';
import { meanScore, resultAnswer } from '../../src/assessment/run/result-file.ts';
import { runAssessment } from '../../src/assessment/run/run-assessment.ts';
import { fileOf, type NodeMedia } from './media.ts';
import type { NodeModel } from './model.ts';
import type { ModelFacts, Scored } from './rows.ts';

export interface ScoreOptions {
  /** Length in seconds of the parts that are scored too; 0 = none. */
  readonly every: number;
  /** True: the estimate of people's score too, which decodes and measures more frames. */
  readonly people: boolean;
  readonly signal: AbortSignal;
}

export interface Session {
  readonly media: NodeMedia;
  readonly model: NodeModel;
}

export const modelFactsOf = ({ facts }: NodeModel): ModelFacts => ({
  name: facts.manifest.name,
  sha256: facts.manifestSha256,
});

/**
 * Scores a video: text and score of the whole, and of each part where asked for.
 *
 * @throws CodedError `media/*`, `model/*`, `run/*`; Error of the file system; AbortError
 */
export async function scoreFile(path: string, session: Session, options: ScoreOptions): Promise<Scored> {
  const { media, model } = session;
  const begun = performance.now();
  const file = await fileOf(path);
  const frames = new DecodedFrames();
  const shared = {
    media,
    client: model.client,
    frames,
    signal: options.signal,
    onEvent: () => {},
    thumbnails: () => [],
  };
  const run = await assessFile({ ...shared, file, video: null, model: Promise.resolve(model.facts) });
  const { video } = run;
  const substituted = [...frames.values()].filter((frame) => frame.substituted !== undefined).length;
  try {
    const [answer] = run.answers.map(({ raw, reading }) => resultAnswer(raw, reading));
    const score = meanScore(run.answers.map(({ raw, reading }) => resultAnswer(raw, reading)));
    const { thinking } = viewAnswer(answer?.text ?? '');
    const features = options.people ? await wholeFeatures(media, video, frames, options.signal) : null;
    const people = options.people && {
      human_estimate: estimateOf(model.facts, features)?.humanEstimate ?? null,
    };
    const sampled = sampledPlan(model.facts.profile, { from: 0, frames: video.facts.frames }).vision;
    const parts = options.every > 0 ? await scoreParts(sampled) : null;
    return {
      path,
      score,
      scale: model.facts.manifest.scale.range,
      band: score === null ? null : bandOf(score).grade,
      text: answer?.text ?? '',
      distortions: [...distortionsOf(findDistortions(thinking)).named],
      frame_indices: sampled,
      per_frame_scores: [],
      substituted,
      ...people,
      ...parts,
      video: {
        codec: video.facts.codecName,
        width: video.facts.width,
        height: video.facts.height,
        fps: video.facts.fps,
        frames: video.facts.frames,
        duration: video.facts.duration,
      },
      notices: video.facts.notices,
      model: modelFactsOf(model),
      ms: Math.round(performance.now() - begun),
    };
  } finally {
    media.close(video.id);
  }

  async function scoreParts(
    sampled: readonly number[],
  ): Promise<Pick<Scored, 'scores' | 'times' | 'per_frame_scores'>> {
    const segments = segmentsOf(video.times, video.facts.duration, options.every);
    const scores: (number | null)[] = [];
    for (const segment of segments) {
      frames.clear();
      const plan = sampledPlan(model.facts.profile, segment);
      const { answers } = await runAssessment({ file, video }, plan, {
        ...shared,
        model: model.facts,
        range: segment,
      });
      scores.push(meanScore(answers.map(({ raw, reading }) => resultAnswer(raw, reading))));
    }
    const partOf = (frame: number) =>
      segments.findIndex(({ from, frames: length }) => frame >= from && frame < from + length);
    return {
      scores,
      times: segments.map(({ start, end }) => [start, end] as const),
      per_frame_scores: sampled.map((frame) => scores[partOf(frame)] ?? null),
    };
  }
}
