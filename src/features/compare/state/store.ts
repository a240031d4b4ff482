/**
 * The Compare page as data: one or two videos, the damage drawn for the first, what the reader chose, and the clock.
 * Assessing both sides is `compare-assess.ts`.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import { sampledIndices } from '../../../../core/sampling/frame-sampling.ts';
import type { StorePlan } from '../../../../workers/frames/api.ts';
import type { FrameStore } from '../../../../workers/frames/client.ts';
import type { OpenedVideo, VideoFacts } from '../../../../workers/media/api.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { createClock } from './clock.ts';
import { createFrameImages, FRAME_IMAGE_BYTES, type FrameImageSource } from './frame-images.ts';
import { type CompareSettings, DEFAULTS, type LinkedFile, linkQuery, parseLink } from './settings.ts';
import {
  type DrawnPerturbation,
  drawPerturbation,
  NO_FRAME,
  pairTimeline,
  type SampleProfile,
  sampledTimeline,
  type Timeline,
  videoTimeline,
} from './timeline.ts';

/** Bytes that reduced frames may take on the whole page, whether one video is open or two; less on small devices. */
export const FRAMES_CAP = 512e6;
export const SMALL_FRAMES_CAP = 160e6;

export type SideName = 'a' | 'b';

/** An opened video. */
export interface Side {
  readonly file: File;
  readonly video: OpenedVideo;
  readonly frames: FrameStore;
}

export interface CompareState {
  readonly settings: CompareSettings;
  readonly a: Side | null;
  /** The second video, where there is one; otherwise B is A's damaged copy. */
  readonly b: Side | null;
  /** A file that is being opened or checked, by its name. */
  readonly opening: { readonly side: SideName; readonly name: string } | null;
  readonly error: { readonly side: SideName; readonly file: File; readonly data: CodedErrorData } | null;
  /** Files that the link of this page asked for and that are not there yet. */
  readonly asked: Readonly<Record<SideName, LinkedFile | null>>;
  /** Checksums of the open files, once they are known. */
  readonly sha256: Readonly<Record<SideName, string | null>>;
  /** How the model samples; a stand-in until one is loaded. */
  readonly profile: SampleProfile;
  readonly perturbation: DrawnPerturbation | null;
  readonly timeline: Timeline | null;
  /** Source frames that the model sees of A, [N]. */
  readonly sampled: readonly number[];
}

/** Until a model has said how it samples. */
const STAND_IN: SampleProfile = {
  sampling: 'goldenRatio',
  frames: 8,
  motion: { pixels: 'squash', frames: 'same' },
};

const EMPTY: CompareState = {
  settings: DEFAULTS,
  a: null,
  b: null,
  opening: null,
  error: null,
  asked: { a: null, b: null },
  sha256: { a: null, b: null },
  profile: STAND_IN,
  perturbation: null,
  timeline: null,
  sampled: [],
};

export interface CompareDependencies {
  readonly media: FrameImageSource & {
    open(file: File, signal?: AbortSignal): Promise<OpenedVideo>;
    close(id: number): void;
  };
  readonly createFrames: (file: File, facts: VideoFacts, cap: number) => FrameStore;
  readonly hash: (file: Blob) => Promise<string>;
  /** Bytes for reduced frames. */
  readonly cap?: number;
}

export function createCompareStore(dependencies: CompareDependencies) {
  const { media, createFrames, hash, cap = FRAMES_CAP } = dependencies;
  const store = createStore<CompareState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<CompareState>) => store.setState(change);
  const frameImages = createFrameImages(media, Math.min(FRAME_IMAGE_BYTES, cap / 4));
  const clock = createClock({ ready: (position) => isReady(position) });
  /** Place of a link, for when its file is there. */
  let startPosition = 0;
  let turn: Record<SideName, number> = { a: 0, b: 0 };

  const sideOf = (name: SideName): Side | null => {
    const { a, b } = get();
    return name === 'b' ? (b ?? a) : a;
  };

  /** Source frame of a side at a place, or `NO_FRAME`. */
  function frameOf(name: SideName, position: number): number {
    const { timeline } = get();
    return timeline?.[name][position] ?? NO_FRAME;
  }

  /** Whether a side can be drawn at a place, if only in reduced form. */
  function sideReady(name: SideName, position: number): boolean {
    const frame = frameOf(name, position);
    const side = sideOf(name);
    if (!side || frame === NO_FRAME) return true;
    if (frameImages.has(side.video.id, frame)) return true;
    const sharp = get().settings.zoom === 1 && !side.frames.plan.exact;
    if (!sharp && side.frames.has(frame)) return true;
    const [from, to] = side.frames.part;
    const comes = !sharp && !side.frames.error && frame >= from && frame < to;
    // What the store will never hold, and what 1:1 shows, is decoded for this one place.
    if (!comes) frameImages.request(name, side.video.id, frame).catch(() => {});
    return false;
  }

  function isReady(position: number): boolean {
    // Both are asked, so that both are decoded.
    const ready = [sideReady('a', position), sideReady('b', position)];
    return ready.every(Boolean);
  }

  /** Draws the damage and lines up both sides. */
  function arrange(change: Partial<CompareState> = {}): void {
    const state = { ...get(), ...change };
    const { a, b, settings, profile } = state;
    if (!a) {
      set({ ...change, perturbation: null, timeline: null, sampled: [] });
      return;
    }
    const L = a.video.times.length;
    const clip = (side: Side) => ({ times: side.video.times, duration: side.video.facts.duration });
    const sampled = sampledIndices(profile.sampling, L, profile.frames);
    let perturbation: DrawnPerturbation | null = null;
    let timeline: Timeline;
    if (b) timeline = pairTimeline(clip(a), clip(b), settings.offset);
    else {
      perturbation = drawPerturbation(profile, L, settings);
      const { drawn } = perturbation;
      const order = drawn.kind === 'perturbed' ? drawn : null;
      timeline =
        settings.over === 'video'
          ? videoTimeline(clip(a), order?.order ?? Array.from({ length: L }, (_, i) => i), settings.offset)
          : sampledTimeline(clip(a), sampled, order?.vision ?? sampled, settings.offset);
    }
    set({ ...change, perturbation, timeline, sampled });
    clock.setSpan(timeline);
    // The places of the strip first: with the sampled frames alone the clock can already run.
    const positions = sampledIndices(profile.sampling, timeline.positions, profile.frames);
    const shown = (frames: Int32Array) =>
      (timeline.positions <= profile.frames
        ? [...frames]
        : positions.map((position) => frames[position]!)
      ).filter((frame) => frame !== NO_FRAME);
    if (b) {
      a.frames.prefer(shown(timeline.a));
      b.frames.prefer(shown(timeline.b));
    } else a.frames.prefer([...new Set([...shown(timeline.a), ...shown(timeline.b)])]);
  }

  function release(side: Side | null): void {
    if (!side) return;
    side.frames.dispose();
    media.close(side.video.id);
  }

  /** Both stores share the cap; a change of their number makes them anew. */
  function framesOf(file: File, facts: VideoFacts, sides: 1 | 2): FrameStore {
    return createFrames(file, facts, cap / sides);
  }

  async function open(name: SideName, file: File): Promise<void> {
    const attempt = ++turn[name];
    const current = () => turn[name] === attempt;
    clock.pause();
    set({ opening: { side: name, name: file.name }, error: null });
    const wanted = get().asked[name];
    try {
      if (wanted?.sha256) {
        const sha256 = await hash(file);
        if (!current()) return;
        if (sha256 !== wanted.sha256) throw new CodedError('compare/file', { name: wanted.name });
        set({ sha256: { ...get().sha256, [name]: sha256 } });
      }
      const video = await media.open(file);
      if (!current()) return media.close(video.id);
      put(name, file, video);
    } catch (error) {
      if (!current() || isAbort(error)) return;
      set({ opening: null, error: { side: name, file, data: toErrorData(error) } });
    }
  }

  function put(name: SideName, file: File, video: OpenedVideo): void {
    const { a, b, asked, sha256 } = get();
    const linkedHash = asked[name]?.sha256 ?? '';
    const change = {
      opening: null,
      asked: { ...asked, [name]: null },
      sha256: { ...sha256, [name]: linkedHash || null },
    };
    frameImages.clear();
    if (name === 'a') {
      release(a);
      const frames = framesOf(file, video.facts, b ? 2 : 1);
      arrange({ ...change, a: { file, video, frames } });
    } else {
      release(b);
      // A second video takes its half of the memory.
      a?.frames.dispose();
      const side = a && { ...a, frames: framesOf(a.file, a.video.facts, 2) };
      arrange({ ...change, a: side, b: { file, video, frames: framesOf(file, video.facts, 2) } });
    }
    clock.seek(startPosition);
    startPosition = 0;
    if (linkedHash) return;
    hash(file).then(
      (sha256) => {
        if (get()[name]?.file === file) set({ sha256: { ...get().sha256, [name]: sha256 } });
      },
      // A file that can no longer be read shows that when it is decoded.
      () => {},
    );
  }

  function clear(): void {
    turn = { a: turn.a + 1, b: turn.b + 1 };
    clock.pause();
    frameImages.clear();
    const { a, b, settings, profile } = get();
    release(a);
    release(b);
    store.setState({ ...EMPTY, settings, profile });
    clock.setSpan({ times: new Float64Array(1), duration: 0 }, 0);
  }

  /** Second of A's video that a place shows. */
  function timeOf(position: number): number {
    const { a, b, timeline } = get();
    const frame = timeline?.a[position] ?? 0;
    return (b ? timeline?.times[position] : a?.video.times[frame]) ?? 0;
  }

  return {
    store,
    clock,
    timeOf,
    frameImages,
    cap,
    sideOf,
    frameOf,
    /** Takes a video for a side; an open one is replaced. */
    open: (name: SideName, file: File) => void open(name, file),
    /** Takes what came in: one file is the original, or a file that the link asked for; a second one is B. */
    take(files: readonly File[]): void {
      const { a, asked } = get();
      const [first, second] = files;
      if (!first) return;
      if (second) {
        void open('a', first).then(() => open('b', second));
        return;
      }
      const named = (name: SideName) => asked[name]?.name === first.name;
      if (asked.b && a && (named('b') || !asked.a)) void open('b', first);
      else void open('a', first);
    },
    /** Takes the file of the last error although it is not the one of the link. */
    useAnyway(): void {
      const { error, asked } = get();
      if (!error) return;
      set({ asked: { ...asked, [error.side]: null } });
      void open(error.side, error.file);
    },
    dismiss: () => set({ error: null }),
    /** Lets go of the second video: B is A's damaged copy again. */
    closeB(): void {
      const { a, b } = get();
      if (!a || !b) return;
      turn = { ...turn, b: turn.b + 1 };
      release(b);
      a.frames.dispose();
      frameImages.clear();
      const frames = framesOf(a.file, a.video.facts, 1);
      arrange({ a: { ...a, frames }, b: null, sha256: { ...get().sha256, b: null } });
    },
    clear,
    /** Changes what the reader chose; damage and clock follow. */
    change(change: Partial<CompareSettings>): void {
      const settings = { ...get().settings, ...change };
      if (change.rate !== undefined) clock.setRate(change.rate);
      if (change.loop !== undefined) clock.setLoop(change.loop);
      const draws = (['mode', 'over', 'strength', 'seed', 'offset'] as const).some((key) => key in change);
      if (draws) arrange({ settings });
      else set({ settings });
    },
    /** The loaded model says how it samples. */
    setProfile(profile: SampleProfile): void {
      if (profile !== get().profile) arrange({ profile });
    },
    /** Takes a link; the files it names are asked for unless they are open. */
    follow(query: string): void {
      const { settings, position, a, b } = parseLink(query);
      const { sha256 } = get();
      const missing = (name: SideName, file: LinkedFile | null) =>
        file && (get()[name]?.file.name !== file.name || (file.sha256 !== '' && sha256[name] !== file.sha256))
          ? file
          : null;
      const asked = { a: missing('a', a), b: missing('b', b) };
      // Another video's link: what is open makes room for it.
      if (asked.a && get().a) clear();
      startPosition = position;
      arrange({ settings, asked });
      clock.setLoop(settings.loop);
      clock.setRate(settings.rate);
      if (get().a) clock.seek(position);
    },
    /** The address of what is shown now, the part after `?`. */
    link(): string {
      const { settings, a, b, asked, sha256 } = get();
      const linked = (name: SideName, side: Side | null): LinkedFile | null =>
        side ? { name: side.file.name, sha256: sha256[name] ?? '' } : asked[name];
      const { position, rate, loop } = clock.store.getState();
      return linkQuery({
        settings: { ...settings, rate, loop },
        position,
        a: linked('a', a),
        b: linked('b', b),
      });
    },
  };
}

export type CompareStore = ReturnType<typeof createCompareStore>;
export type { StorePlan };
