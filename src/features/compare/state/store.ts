/** Store of the Compare page: one or two videos, the perturbation of the first, the settings and the clock. */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import { sampledIndices } from '../../../../core/sampling/frame-sampling.ts';
import type { StorePlan } from '../../../../workers/frames/api.ts';
import type { FrameStore } from '../../../../workers/frames/client.ts';
import type { OpenedVideo, VideoFacts } from '../../../../workers/media/api.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { type Clock, createClock } from './clock.ts';
import {
  createFrameImages,
  FRAME_IMAGE_BYTES,
  type FrameImageSource,
  type FrameImages,
} from './frame-images.ts';
import { type CompareSettings, DEFAULTS, type LinkedFile, linkQuery, parseLink } from './settings.ts';
import {
  type Clip,
  type DrawnPerturbation,
  drawPerturbation,
  NO_FRAME,
  pairTimeline,
  perturbedTimeline,
  type SampleProfile,
  type Timeline,
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

export class CompareStore {
  readonly store = createStore<CompareState>(() => EMPTY);
  readonly cap: number;
  readonly clock: Clock;
  readonly frameImages: FrameImages;
  private readonly dependencies: CompareDependencies;
  /** Position of a link whose file is not open yet. */
  private startPosition = 0;
  /** Number of the newest opening of each side; older ones end without effect. */
  private openings: Record<SideName, number> = { a: 0, b: 0 };

  constructor(dependencies: CompareDependencies) {
    const { media, cap = FRAMES_CAP } = dependencies;
    this.dependencies = dependencies;
    this.cap = cap;
    this.frameImages = createFrameImages(media, Math.min(FRAME_IMAGE_BYTES, cap / 4));
    this.clock = createClock({ ready: (position) => this.isReady(position) });
  }

  sideOf = (name: SideName): Side | null => {
    const { a, b } = this.state;
    return name === 'b' ? (b ?? a) : a;
  };

  /** Source frame of a side at a position, or `NO_FRAME`. */
  frameOf = (name: SideName, position: number): number => this.state.timeline?.[name][position] ?? NO_FRAME;

  /** Time in seconds of A's frame at a position. */
  timeOf = (position: number): number => {
    const { a, b, timeline } = this.state;
    const frame = timeline?.a[position] ?? 0;
    return (b ? timeline?.times[position] : a?.video.times[frame]) ?? 0;
  };

  /** Opens a video on a side; an open one is replaced. */
  open = (name: SideName, file: File): void => void this.openSide(name, file);

  /** Opens files: one is the original or a file named by the link, a second one is B. */
  take = (files: readonly File[]): void => {
    const { a, asked } = this.state;
    const [first, second] = files;
    if (!first) return;
    if (second) {
      void this.openSide('a', first).then(() => this.openSide('b', second));
      return;
    }
    const isB = asked.b && a && (asked.b.name === first.name || !asked.a);
    this.open(isB ? 'b' : 'a', first);
  };

  /** Opens the file of the last error although its checksum differs from the link's. */
  useAnyway = (): void => {
    const { error, asked } = this.state;
    if (!error) return;
    this.set({ asked: { ...asked, [error.side]: null } });
    this.open(error.side, error.file);
  };

  dismiss = (): void => this.set({ error: null });

  /** Closes the second video: B is a perturbed copy of A again. */
  closeB = (): void => {
    const { a, b, sha256 } = this.state;
    if (!a || !b) return;
    this.openings.b++;
    this.release(b);
    a.frames.dispose();
    this.frameImages.clear();
    const frames = this.framesOf(a.file, a.video.facts, 1);
    this.arrange({ a: { ...a, frames }, b: null, sha256: { ...sha256, b: null } });
  };

  clear = (): void => {
    const { a, b, settings, profile } = this.state;
    this.openings.a++;
    this.openings.b++;
    this.clock.pause();
    this.frameImages.clear();
    this.release(a);
    this.release(b);
    this.set({ ...EMPTY, settings, profile });
    this.clock.setSpan({ times: new Float64Array(1), duration: 0 }, 0);
  };

  /** Changes settings, and with them perturbation and clock. */
  change = (change: Partial<CompareSettings>): void => {
    const settings = { ...this.state.settings, ...change };
    if (change.rate !== undefined) this.clock.setRate(change.rate);
    if (change.loop !== undefined) this.clock.setLoop(change.loop);
    const draws = (['mode', 'over', 'strength', 'seed', 'offset'] as const).some((key) => key in change);
    if (draws) this.arrange({ settings });
    else this.set({ settings });
  };

  /** Sets the sampling of the loaded model. */
  setProfile = (profile: SampleProfile): void => {
    if (profile !== this.state.profile) this.arrange({ profile });
  };

  /** Applies a link; files that it names and that are not open become `asked`. */
  follow = (query: string): void => {
    const { settings, position, a, b } = parseLink(query);
    const asked = { a: this.missing('a', a), b: this.missing('b', b) };
    // The link names another video.
    if (asked.a && this.state.a) this.clear();
    this.startPosition = position;
    this.arrange({ settings, asked });
    this.clock.setLoop(settings.loop);
    this.clock.setRate(settings.rate);
    if (this.state.a) this.clock.seek(position);
  };

  /** Query of the current state. */
  link = (): string => {
    const { settings, a, b, asked, sha256 } = this.state;
    const linked = (name: SideName, side: Side | null): LinkedFile | null =>
      side ? { name: side.file.name, sha256: sha256[name] ?? '' } : asked[name];
    const { position, rate, loop } = this.clock.store.getState();
    return linkQuery({
      settings: { ...settings, rate, loop },
      position,
      a: linked('a', a),
      b: linked('b', b),
    });
  };

  private get state(): CompareState {
    return this.store.getState();
  }

  private set(change: Partial<CompareState>): void {
    this.store.setState(change);
  }

  /** The file of a link, or null when it is open. */
  private missing(name: SideName, file: LinkedFile | null): LinkedFile | null {
    const { sha256 } = this.state;
    if (!file || this.state[name]?.file.name !== file.name) return file;
    return file.sha256 !== '' && sha256[name] !== file.sha256 ? file : null;
  }

  private isReady(position: number): boolean {
    // No short circuit: both sides request their frames.
    const ready = [this.isSideReady('a', position), this.isSideReady('b', position)];
    return ready.every(Boolean);
  }

  /** True when a side has at least the proxy frame of a position; requests a frame that the store will not hold. */
  private isSideReady(name: SideName, position: number): boolean {
    const frame = this.frameOf(name, position);
    const side = this.sideOf(name);
    if (!side || frame === NO_FRAME) return true;
    if (this.frameImages.has(side.video.id, frame)) return true;
    const fullOnly = this.state.settings.zoom === 1 && !side.frames.plan.exact;
    if (!fullOnly && side.frames.has(frame)) return true;
    const [from, to] = side.frames.part;
    const expected = !fullOnly && !side.frames.error && frame >= from && frame < to;
    // Frames beyond the store, and all at 1:1, are decoded one by one.
    if (!expected) this.frameImages.request(name, side.video.id, frame).catch(() => {});
    return false;
  }

  /** Draws the perturbation, builds the timeline of both sides, and has the filmstrip's frames decoded first. */
  private arrange(change: Partial<CompareState> = {}): void {
    const { a, b, settings, profile } = { ...this.state, ...change };
    if (!a) {
      this.set({ ...change, perturbation: null, timeline: null, sampled: [] });
      return;
    }
    const sampled = sampledIndices(profile.sampling, a.video.times.length, profile.frames);
    let perturbation: DrawnPerturbation | null = null;
    let timeline: Timeline;
    if (b) timeline = pairTimeline(clipOf(a), clipOf(b), settings.offset);
    else {
      perturbation = drawPerturbation(profile, a.video.times.length, settings);
      timeline = perturbedTimeline(clipOf(a), sampled, perturbation, settings);
    }
    this.set({ ...change, perturbation, timeline, sampled });
    this.clock.setSpan(timeline);
    const shown = filmstripFrames(timeline, profile);
    if (b) {
      a.frames.prefer(shown.a);
      b.frames.prefer(shown.b);
    } else a.frames.prefer([...new Set([...shown.a, ...shown.b])]);
  }

  private release(side: Side | null): void {
    if (!side) return;
    side.frames.dispose();
    this.dependencies.media.close(side.video.id);
  }

  /** Frame store of a side; the sides share the cap. */
  private framesOf(file: File, facts: VideoFacts, sides: 1 | 2): FrameStore {
    return this.dependencies.createFrames(file, facts, this.cap / sides);
  }

  private async openSide(name: SideName, file: File): Promise<void> {
    const { media, hash } = this.dependencies;
    const opening = ++this.openings[name];
    const current = () => this.openings[name] === opening;
    this.clock.pause();
    this.set({ opening: { side: name, name: file.name }, error: null });
    const wanted = this.state.asked[name];
    try {
      if (wanted?.sha256) {
        const sha256 = await hash(file);
        if (!current()) return;
        if (sha256 !== wanted.sha256) throw new CodedError('compare/file', { name: wanted.name });
        this.set({ sha256: { ...this.state.sha256, [name]: sha256 } });
      }
      const video = await media.open(file);
      if (!current()) return media.close(video.id);
      this.put(name, file, video);
    } catch (error) {
      if (!current() || isAbort(error)) return;
      this.set({ opening: null, error: { side: name, file, data: toErrorData(error) } });
    }
  }

  private put(name: SideName, file: File, video: OpenedVideo): void {
    const { a, b, asked, sha256 } = this.state;
    const linkedHash = asked[name]?.sha256 ?? '';
    const change = {
      opening: null,
      asked: { ...asked, [name]: null },
      sha256: { ...sha256, [name]: linkedHash || null },
    };
    this.frameImages.clear();
    if (name === 'a') {
      this.release(a);
      const frames = this.framesOf(file, video.facts, b ? 2 : 1);
      this.arrange({ ...change, a: { file, video, frames } });
    } else {
      this.release(b);
      // The second video gets half of the memory.
      a?.frames.dispose();
      const side = a && { ...a, frames: this.framesOf(a.file, a.video.facts, 2) };
      const frames = this.framesOf(file, video.facts, 2);
      this.arrange({ ...change, a: side, b: { file, video, frames } });
    }
    this.clock.seek(this.startPosition);
    this.startPosition = 0;
    if (!linkedHash) this.hashLater(name, file);
  }

  /** Computes the checksum for the link; a file that can no longer be read fails when it is decoded. */
  private hashLater(name: SideName, file: File): void {
    this.dependencies.hash(file).then(
      (sha256) => {
        if (this.state[name]?.file === file) this.set({ sha256: { ...this.state.sha256, [name]: sha256 } });
      },
      () => {},
    );
  }
}

const clipOf = ({ video }: Side): Clip => ({ times: video.times, duration: video.facts.duration });

/** Frames of both sides at the sampled positions; all frames of a shorter timeline. */
function filmstripFrames(timeline: Timeline, profile: SampleProfile): Record<SideName, number[]> {
  const { positions } = timeline;
  const sampled =
    positions > profile.frames ? sampledIndices(profile.sampling, positions, profile.frames) : null;
  const shown = (frames: Int32Array) =>
    (sampled ? sampled.map((position) => frames[position]!) : [...frames]).filter(
      (frame) => frame !== NO_FRAME,
    );
  return { a: shown(timeline.a), b: shown(timeline.b) };
}

export const createCompareStore = (dependencies: CompareDependencies): CompareStore =>
  new CompareStore(dependencies);
export type { StorePlan };
