/** Store of the Compare page: one or two videos, the perturbation of the first, the settings and the clock. */
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

/** Memory cap in bytes of all proxy frames on the page; less on small devices. */
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
  /** The second video; null when B is a perturbed copy of A. */
  readonly b: Side | null;
  /** The file being opened or checked. */
  readonly opening: { readonly side: SideName; readonly name: string } | null;
  readonly error: { readonly side: SideName; readonly file: File; readonly data: CodedErrorData } | null;
  /** Files that the link names and that are not open yet. */
  readonly asked: Readonly<Record<SideName, LinkedFile | null>>;
  /** Checksums of the open files, null until computed. */
  readonly sha256: Readonly<Record<SideName, string | null>>;
  /** Sampling of the loaded model, or the default profile. */
  readonly profile: SampleProfile;
  readonly perturbation: DrawnPerturbation | null;
  readonly timeline: Timeline | null;
  /** Sampled source frames of A, [N]. */
  readonly sampled: readonly number[];
}

/** Sampling before a model is loaded. */
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
  /** Bytes for proxy frames. */
  readonly cap?: number;
}

export function createCompareStore(dependencies: CompareDependencies) {
  const { media, createFrames, hash, cap = FRAMES_CAP } = dependencies;
  const store = createStore<CompareState>(() => EMPTY);
  const get = store.getState;
  const set = (change: Partial<CompareState>) => store.setState(change);
  const frameImages = createFrameImages(media, Math.min(FRAME_IMAGE_BYTES, cap / 4));
  const clock = createClock({ ready: (position) => isReady(position) });
  /** Position of a link whose file is not open yet. */
  let startPosition = 0;
  let turn: Record<SideName, number> = { a: 0, b: 0 };

  const sideOf = (name: SideName): Side | null => {
    const { a, b } = get();
    return name === 'b' ? (b ?? a) : a;
  };

  /** Source frame of a side at a position, or `NO_FRAME`. */
  function frameOf(name: SideName, position: number): number {
    const { timeline } = get();
    return timeline?.[name][position] ?? NO_FRAME;
  }

  /** True when a side has at least the proxy frame of a position; requests a frame that the store will not hold. */
  function sideReady(name: SideName, position: number): boolean {
    const frame = frameOf(name, position);
    const side = sideOf(name);
    if (!side || frame === NO_FRAME) return true;
    if (frameImages.has(side.video.id, frame)) return true;
    const sharp = get().settings.zoom === 1 && !side.frames.plan.exact;
    if (!sharp && side.frames.has(frame)) return true;
    const [from, to] = side.frames.part;
    const comes = !sharp && !side.frames.error && frame >= from && frame < to;
    // Frames beyond the store, and all at 1:1, are decoded one by one.
    if (!comes) frameImages.request(name, side.video.id, frame).catch(() => {});
    return false;
  }

  function isReady(position: number): boolean {
    // No short circuit: both sides request their frames.
    const ready = [sideReady('a', position), sideReady('b', position)];
    return ready.every(Boolean);
  }

  /** Draws the perturbation and builds the timeline of both sides. */
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
    // The frames of the filmstrip are decoded first.
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

  /** Frame store of a side; the sides share the cap. */
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
      // The second video gets half of the memory.
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
      // A file that can no longer be read fails when it is decoded.
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

  /** Time in seconds of A's frame at a position. */
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
    /** Opens a video on a side; an open one is replaced. */
    open: (name: SideName, file: File) => void open(name, file),
    /** Opens files: one is the original or a file named by the link, a second one is B. */
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
    /** Opens the file of the last error although its checksum differs from the link's. */
    useAnyway(): void {
      const { error, asked } = get();
      if (!error) return;
      set({ asked: { ...asked, [error.side]: null } });
      void open(error.side, error.file);
    },
    dismiss: () => set({ error: null }),
    /** Closes the second video: B is a perturbed copy of A again. */
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
    /** Changes settings, and with them perturbation and clock. */
    change(change: Partial<CompareSettings>): void {
      const settings = { ...get().settings, ...change };
      if (change.rate !== undefined) clock.setRate(change.rate);
      if (change.loop !== undefined) clock.setLoop(change.loop);
      const draws = (['mode', 'over', 'strength', 'seed', 'offset'] as const).some((key) => key in change);
      if (draws) arrange({ settings });
      else set({ settings });
    },
    /** Sets the sampling of the loaded model. */
    setProfile(profile: SampleProfile): void {
      if (profile !== get().profile) arrange({ profile });
    },
    /** Applies a link; files that it names and that are not open become `asked`. */
    follow(query: string): void {
      const { settings, position, a, b } = parseLink(query);
      const { sha256 } = get();
      const missing = (name: SideName, file: LinkedFile | null) =>
        file && (get()[name]?.file.name !== file.name || (file.sha256 !== '' && sha256[name] !== file.sha256))
          ? file
          : null;
      const asked = { a: missing('a', a), b: missing('b', b) };
      // The link names another video.
      if (asked.a && get().a) clear();
      startPosition = position;
      arrange({ settings, asked });
      clock.setLoop(settings.loop);
      clock.setRate(settings.rate);
      if (get().a) clock.seek(position);
    },
    /** Query of the current state. */
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
