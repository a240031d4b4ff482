/**
 * Both sides assessed, K answers each. Frames that A was assessed with are not looked at again for B: the embeddings
 * are kept by picture, whatever the order.
 */
import { createStore } from 'zustand/vanilla';
import type { StrictReading } from '../../../../core/answer/answer.ts';
import { type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import { samplePlan } from '../../../../core/sampling/frame-sampling.ts';
import type { Profile } from '../../../../core/sampling/profiles.ts';
import type { DeliveredFrame } from '../../../../workers/media/api.ts';
import type {
  AssessEvent,
  AssessRequest,
  LoadedModel,
  ModelFrame,
  RawAnswer,
} from '../../../../workers/model/api.ts';
import { type ModelStore, toErrorData } from '../../../assessment/model/model-store.ts';
import { answerSampling } from '../../../assessment/run/answer-sampling.ts';
import { readAnswer } from '../../../assessment/run/result-file.ts';
import { type FrameSource, frameKey, pixelRules } from '../../../assessment/run/run-assessment.ts';
import type { CompareState, Side, SideName } from './store.ts';

const MAX_TOKENS = 1024;
/** Milliseconds between two drawings of the growing text. */
const WRITE_INTERVAL = 33;

export interface Answer {
  readonly raw: RawAnswer;
  /** Null for one that was stopped. */
  readonly reading: StrictReading | null;
  /** Null = greedy. */
  readonly seed: number | null;
}

export interface SideSeconds {
  readonly decode: number;
  /** Of the first answer; later ones reuse its frames. */
  readonly look: number;
  readonly motion: number;
  /** Of all answers. */
  readonly prompt: number;
  readonly write: number;
}

export interface SideRun {
  /** What was assessed: file, frames, model and way of sampling. Answers of another key are stale. */
  readonly key: string;
  readonly answers: readonly Answer[];
  readonly seconds: SideSeconds;
  /** Frames that the model saw, and how many of them it had looked at before. */
  readonly frames: number;
  readonly reused: number;
  /** Frames that were decoded for this side alone. */
  readonly decoded: number;
}

/** What is being done now. */
export type BothStep =
  | { readonly kind: 'loading' }
  | { readonly kind: 'decode'; readonly done: number; readonly total: number }
  | { readonly kind: 'look'; readonly side: SideName; readonly done: number; readonly total: number }
  | {
      readonly kind: 'answer';
      readonly side: SideName;
      readonly k: number;
      readonly of: number;
      readonly text: string;
    };

export interface BothState {
  readonly phase: 'idle' | 'running' | 'done' | 'stopped' | 'error';
  readonly step: BothStep | null;
  /** Part of the whole that is done, 0 … 1. */
  readonly done: number;
  readonly runs: Readonly<Record<SideName, SideRun | null>>;
  readonly model: LoadedModel | null;
  readonly error: CodedErrorData | null;
}

const EMPTY: BothState = {
  phase: 'idle',
  step: null,
  done: 0,
  runs: { a: null, b: null },
  model: null,
  error: null,
};

const NO_SECONDS: SideSeconds = { decode: 0, look: 0, motion: 0, prompt: 0, write: 0 };

/** Source frames of both branches; null is a frame of zeros. */
interface SeenFrames {
  readonly vision: readonly (number | null)[];
  readonly motion: readonly (number | null)[];
}

/** What the model is to see of a side, or null when that side cannot be drawn. */
export function seenFrames(name: SideName, state: CompareState, profile: Profile): SeenFrames | null {
  const { a, b, perturbation: damage } = state;
  const side = name === 'b' ? b : a;
  if (side) return samplePlan(profile, side.video.times.length);
  const drawn = name === 'b' ? damage?.drawn : null;
  return drawn?.kind === 'perturbed' ? drawn : null;
}

/** Names everything that an answer depends on; equal keys give equal answers. */
export function runKey(
  side: Side,
  seen: SeenFrames,
  model: Pick<LoadedModel, 'manifestSha256' | 'dtype' | 'backend'>,
  answers: number,
): string {
  const { name, size, lastModified } = side.file;
  const { manifestSha256, dtype, backend } = model;
  const frames = [seen.vision.join(), seen.motion.join()];
  return [name, size, lastModified, manifestSha256, dtype, backend, answers === 1, ...frames].join('|');
}

export interface AssessBothDependencies {
  readonly media: Pick<FrameSource, 'frames'>;
  readonly models: Pick<ModelStore, 'ready' | 'client'>;
  readonly state: () => CompareState;
}

export function createAssessBoth({ media, models, state }: AssessBothDependencies) {
  const store = createStore<BothState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<BothState>) => store.setState(change);
  let controller: AbortController | null = null;
  /** Decoded frames by video and index. */
  let kept = new Map<string, DeliveredFrame>();

  const sideOf = (name: SideName): Side | null => {
    const { a, b } = state();
    return name === 'b' ? (b ?? a) : a;
  };

  function putRun(name: SideName, run: SideRun): void {
    set({ runs: { ...get().runs, [name]: run } });
  }

  /** Decodes what a side needs and is not there yet. */
  async function decode(
    side: Side,
    seen: SeenFrames,
    profile: Profile,
    signal: AbortSignal,
  ): Promise<{ seconds: number; decoded: number }> {
    const begun = performance.now();
    const wanted = new Set([...seen.vision, ...seen.motion].filter((index) => index !== null));
    const keyOf = (index: number) => `${side.video.id}/${index}`;
    const missing = [...wanted].filter((index) => !kept.has(keyOf(index))).sort((x, y) => x - y);
    if (missing.length === 0) return { seconds: 0, decoded: 0 };
    let done = 0;
    const { rules } = pixelRules(profile);
    set({ step: { kind: 'decode', done, total: missing.length } });
    // Both stores' decoders would take the processor that this one needs.
    const hold = (on: boolean) => {
      for (const name of ['a', 'b'] as const) sideOf(name)?.frames.hold(on);
    };
    hold(true);
    try {
      await media.frames(
        side.video.id,
        { indices: missing, size: profile.size, rules, thumbnail: 0 },
        (frame) => {
          kept.set(keyOf(frame.index), frame);
          set({ step: { kind: 'decode', done: ++done, total: missing.length } });
        },
        signal,
      );
    } finally {
      hold(false);
    }
    return { seconds: (performance.now() - begun) / 1000, decoded: missing.length };
  }

  function requestOf(
    side: Side,
    seen: SeenFrames,
    profile: Profile,
  ): Pick<AssessRequest, 'vision' | 'motion'> {
    const { rules, vision, motion } = pixelRules(profile);
    const { size } = profile;
    const picture = (index: number | null, rule: number): ModelFrame => {
      if (index === null) return { key: `zeros|${size}|${profile.mean.join()}`, rgb: zeros(profile) };
      const frame = kept.get(`${side.video.id}/${index}`);
      const rgb = frame?.rgb[rule];
      return { key: frameKey(side.file, index, rules[rule]!, size), ...(rgb && { rgb }) };
    };
    return {
      vision: seen.vision.map((index) => picture(index, vision)),
      motion: seen.motion.map((index) => picture(index, motion)),
    };
  }

  async function assessSide(
    name: SideName,
    model: LoadedModel,
    answers: number,
    signal: AbortSignal,
    progress: (part: number) => void,
  ): Promise<void> {
    const side = sideOf(name);
    const { profile } = model;
    const seen = seenFrames(name, state(), profile);
    if (!side || !seen) return;
    const key = runKey(side, seen, model, answers);
    const before = get().runs[name];
    let run: SideRun =
      before?.key === key
        ? { ...before, answers: before.answers.filter(({ raw }) => raw.end !== 'aborted').slice(0, answers) }
        : { key, answers: [], seconds: NO_SECONDS, frames: seen.vision.length, reused: 0, decoded: 0 };
    putRun(name, run);
    if (run.answers.length >= answers) return;
    const { seconds, decoded } = await decode(side, seen, profile, signal);
    run = {
      ...run,
      seconds: { ...run.seconds, decode: run.seconds.decode + seconds },
      decoded: run.decoded + decoded,
    };
    putRun(name, run);
    const request = requestOf(side, seen, profile);
    for (let k = run.answers.length; k < answers; k++) {
      signal.throwIfAborted();
      progress(k / answers);
      const sampling = answerSampling(k, answers);
      const raw = await models.client.assess(
        { ...request, sampling, maxTokens: MAX_TOKENS },
        steps(name, k, answers),
        signal,
      );
      // What was stopped half-way is no answer.
      if (raw.end === 'aborted') throw new DOMException('Stopped.', 'AbortError');
      const first = run.answers.length === 0;
      const sum = run.seconds;
      run = {
        ...run,
        answers: [
          ...run.answers,
          { raw, reading: readAnswer(raw, model), seed: sampling.kind === 'sample' ? sampling.seed : null },
        ],
        ...(first && { reused: raw.framesReused }),
        seconds: {
          decode: sum.decode,
          look: first ? raw.seconds.encodeVision : sum.look,
          motion: first ? raw.seconds.encodeMotion : sum.motion,
          prompt: sum.prompt + raw.seconds.prefill,
          write: sum.write + raw.seconds.generate,
        },
      };
      putRun(name, run);
    }
    progress(1);
  }

  /** Events of one answer as steps; text is drawn at the pace of a screen. */
  function steps(side: SideName, k: number, of: number): (event: AssessEvent) => void {
    let text = '';
    let drawn = 0;
    return (event) => {
      if (get().phase !== 'running') return;
      if (event.stage === 'encodeVision' && k === 0)
        set({ step: { kind: 'look', side, done: event.done, total: event.total } });
      else if (event.stage === 'prefill') set({ step: { kind: 'answer', side, k, of, text: '' } });
      else if (event.stage === 'generate') {
        text += event.text;
        const now = performance.now();
        if (now - drawn < WRITE_INTERVAL) return;
        drawn = now;
        set({ step: { kind: 'answer', side, k, of, text } });
      }
    };
  }

  return {
    store,
    /** Assesses both sides; what is there and still valid is kept. */
    async run(): Promise<void> {
      controller?.abort();
      const mine = new AbortController();
      controller = mine;
      const current = () => controller === mine;
      const { answers } = state().settings;
      set({ phase: 'running', step: { kind: 'loading' }, done: 0, error: null });
      try {
        const model = await models.ready();
        mine.signal.throwIfAborted();
        set({ model });
        await assessSide('a', model, answers, mine.signal, (part) => current() && set({ done: part / 2 }));
        await assessSide(
          'b',
          model,
          answers,
          mine.signal,
          (part) => current() && set({ done: (1 + part) / 2 }),
        );
        if (current()) set({ phase: 'done', step: null, done: 1 });
      } catch (error) {
        if (!current()) return;
        if (isAbort(error)) set({ phase: 'stopped', step: null });
        else set({ phase: 'error', step: null, error: toErrorData(error) });
      }
    },
    stop: () => controller?.abort(),
    /** Whether a side's answers are those of what it shows now. */
    isCurrent(name: SideName): boolean {
      const { runs, model } = get();
      const run = runs[name];
      const side = sideOf(name);
      const seen = model && seenFrames(name, state(), model.profile);
      return Boolean(
        run && side && seen && model && run.key === runKey(side, seen, model, state().settings.answers),
      );
    },
    /** Other videos: nothing of the old ones stays. */
    clear(): void {
      controller?.abort();
      controller = null;
      kept = new Map();
      store.setState(EMPTY);
    },
  };
}

/** Zeros after normalisation are the mean before it, as near as whole steps of 255 come. */
function zeros({ size, mean }: Profile): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(size * size * 3);
  const colour = mean.map((value) => Math.round(value * 255));
  for (let i = 0; i < rgb.length; i++) rgb[i] = colour[i % 3]!;
  return rgb;
}

export type AssessBoth = ReturnType<typeof createAssessBoth>;
