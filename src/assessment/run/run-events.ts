/** Events of a run, in the order in which they happen; counts are of frames, times are seconds. */

import type { DecodeReport, DeliveredFrame, OpenedVideo } from '../../../workers/media/api.ts';
import type { Answer } from './answer.ts';
import type { FramePlan } from './frame-plan.ts';
import type { Stage } from './stages.ts';

export type RunEvent =
  | { readonly kind: 'opened'; readonly video: OpenedVideo }
  /** The run stood still for the model, which was still being loaded. */
  | { readonly kind: 'waited'; readonly seconds: number }
  | { readonly kind: 'planned'; readonly plan: FramePlan }
  /** A stage begins; the one before it has ended. */
  | { readonly kind: 'stage'; readonly stage: Stage }
  /** `done` of `total` frames are decoded; `cached` further ones were decoded by an earlier run. */
  | { readonly kind: 'decoding'; readonly done: number; readonly total: number; readonly cached: number }
  | { readonly kind: 'frame'; readonly frame: DeliveredFrame }
  /** All frames are there. Without a report none had to be decoded. */
  | { readonly kind: 'decoded'; readonly report: DecodeReport | null; readonly seconds: number }
  /** Answer `k` of `of`, counted from 0, is asked for. */
  | { readonly kind: 'asked'; readonly k: number; readonly of: number }
  | { readonly kind: 'encoding'; readonly k: number; readonly done: number; readonly total: number }
  /** Motion tokens or prompt tokens so far, of a model of VQA². */
  | {
      readonly kind: 'progress';
      readonly stage: 'encodeMotion' | 'prefill';
      readonly done: number;
      readonly total: number;
    }
  /** New text of the present answer, and its tokens so far. */
  | { readonly kind: 'text'; readonly text: string; readonly tokens: number }
  /** An answer is finished; one that was stopped makes no event. */
  | { readonly kind: 'answer'; readonly k: number; readonly answer: Answer };

export type RunEventKind = RunEvent['kind'];
