/** A run of the Assess page with a model of VQA², which writes no text: score, result, Recent. */
import type { ScoreProtocolId } from '../../../core/vqa2/protocols.ts';
import type { Stall } from '../../../core/vqa2/stalls.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import type { AssessState, AssessStoreEvent } from '../assess-state.ts';
import { type AssessDependencies, stageKey } from '../assess-store.ts';
import type { OpenedFile } from '../run/assess-file.ts';
import { sampledFrames } from '../run/result-file.ts';
import type { RunEvent } from '../run/run-events.ts';
import type { RunHandle } from '../run/run-handle.ts';
import { rememberStages, secondsWithout } from '../run/stages.ts';
import { levelResult } from './level-result.ts';
import { scoreVideo } from './score-video.ts';

export interface ScoreRunOptions {
  readonly file: File;
  /** The opened video of an earlier run. */
  readonly video: OpenedVideo | null;
  /** Scoring protocol in place of the package's. */
  readonly protocol?: ScoreProtocolId;
  /** Stalls that the prompt tells, in place of a protocol. */
  readonly stalls?: readonly Stall[];
  readonly software?: boolean;
  readonly run: RunHandle;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/** The part of the page's store that a run uses. */
export interface ScoreRunStore extends AssessDependencies {
  state(): AssessState;
  dispatch(event: AssessStoreEvent): void;
  leaveStage(): void;
}

/** @throws as `scoreVideo` does */
export async function scoreRun(
  { video, model, index }: OpenedFile<LoadedVqa2>,
  { file, run, protocol, stalls, software, signal, onEvent, ...options }: ScoreRunOptions,
  { media, models, app, hash, onResult, state, dispatch, leaveStage }: ScoreRunStore,
): Promise<void> {
  dispatch({ kind: 'scoring', model, protocol: protocol ?? model.manifest.protocol });
  const scored = await scoreVideo(
    { file, video },
    {
      media,
      client: models.client.vqa2,
      model,
      shown: new Set(state().frames.flatMap((frame) => (frame.thumbnail ? [frame.index] : []))),
      ...(protocol && { protocol }),
      ...(stalls && { stalls }),
      ...(software && { software }),
      signal,
      onEvent,
    },
  );
  if (!run.isCurrent()) return;
  const seconds = { ...scored.seconds, index };
  const reused = options.video ? (['index', ...scored.reused] as const) : scored.reused;
  leaveStage();
  dispatch({ kind: 'scored', assessment: { ...scored, seconds, reused } });
  rememberStages(stageKey(model), secondsWithout(seconds, [...reused, 'generate']));
  const { levels } = state();
  const sha256 = await hash(file).catch(() => null);
  if (sha256 === null || state().file !== file || state().levels !== levels) return;
  const result = levelResult({
    app,
    createdAt: new Date(),
    video,
    sha256,
    model,
    sampled: sampledFrames(state().frames),
    outcome: scored.outcome,
    seconds,
  });
  dispatch({ kind: 'result', result });
  onResult?.(result, state().frames);
}
