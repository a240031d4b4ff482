/**
 * Seek hints of the Compare page for the media worker's seek pool, so that a full-resolution frame comes soon after a
 * pause: sequential sides have a decoder that follows them, and jumping orders have decoders between the key frames.
 */
import type { FrameStore } from '../../../../workers/frames/client.ts';
import type { SeekHint } from '../../../../workers/media/api.ts';
import type { Clock } from './clock.ts';
import { FRAME_IMAGE_BYTES, type FrameImages } from './frame-images.ts';
import type { CompareState, Side, SideName } from './store.ts';
import { NO_FRAME, type Timeline } from './timeline.ts';

/** Milliseconds between two hints while the clock runs. */
const HINT_INTERVAL = 200;
/** Milliseconds of pause before the hints and the prefetch: the frames on screen are decoded first. */
const PAUSE_DELAY = 400;
/** Seek-latency budget in seconds: from a positioned decoder to a frame. */
const LATENCY_BUDGET = 0.15;
/** Largest step in frames from one position to the next that counts as sequential. */
const MAX_STEP = 4;

type SeekHintState = Pick<CompareState, 'a' | 'b' | 'timeline' | 'settings'>;

export interface SeekHintDependencies {
  readonly media: { setSeekHint(id: number, hint: SeekHint | null): void };
  readonly clock: Pick<Clock, 'store'>;
  readonly store: { getState(): CompareState; subscribe(listener: () => void): () => void };
  /** Memory of the positioned decoders. */
  readonly bytes: number;
  /** Cache into which the sampled frames are prefetched. */
  readonly frameImages?: Pick<FrameImages, 'prefetch' | 'busy' | 'capacity'>;
}

/**
 * Frames of the sampled timeline, whose full-resolution images are prefetched; none where they exceed the capacity, or
 * where the frame store is exact.
 */
export function framesToPrefetch(
  { a, b, timeline, settings }: SeekHintState,
  capacity = FRAME_IMAGE_BYTES,
): readonly [id: number, frame: number][] {
  if (!a || b || !timeline || settings.over !== 'sampled' || a.frames.plan.exact || !isFilled(a)) return [];
  const frames = new Set([...timeline.a, ...timeline.b].filter((frame) => frame !== NO_FRAME));
  const { width, height } = a.video.facts;
  if (frames.size * width * height * 4 > capacity) return [];
  return [...frames].map((frame) => [a.video.id, frame]);
}

/** True where the frame after a position's is a few source frames later at most. */
function isSequential(frames: Int32Array, position: number): boolean {
  const [now, next] = [frames[position], frames[position + 1]];
  if (now === undefined || now === NO_FRAME) return false;
  return next === undefined || (next >= now && next - now <= MAX_STEP);
}

/** True when the order of a side is not sequential throughout. */
function jumps(frames: Int32Array): boolean {
  return frames.some((_, position) => frames[position] !== NO_FRAME && !isSequential(frames, position));
}

/** True when all proxy frames are decoded; until then they have the processor. */
function isFilled({ frames }: Side): boolean {
  const [from, to] = frames.part;
  return frames.error !== null || frames.ready >= to - from;
}

/**
 * Seek hints by video at a position; none for a video whose frame store is exact.
 *
 * @param bytes of the positioned decoders of all videos together
 */
export function seekHintsAt(
  { a, b, timeline, settings }: SeekHintState,
  position: number,
  playing: boolean,
  bytes: number,
  jumping: (timeline: Timeline) => boolean = ({ b }) => jumps(b),
): Map<number, SeekHint> {
  const hints = new Map<number, SeekHint>();
  if (!a || !timeline) return hints;
  const sides: readonly (readonly [SideName, Side])[] = [
    ['a', a],
    ['b', b ?? a],
  ];
  // The sampled timeline is a few frames far apart, which are prefetched instead.
  const wholeVideo = b !== null || settings.over === 'video';
  for (const [name, side] of sides) {
    if (side.frames.plan.exact || !wholeVideo || !isFilled(side)) continue;
    const { id } = side.video;
    const frame = timeline[name][position] ?? NO_FRAME;
    const follow = isSequential(timeline[name], position) ? [frame] : [];
    hints.set(id, {
      follow: [...new Set([...(hints.get(id)?.follow ?? []), ...follow])],
      playing,
      jumps: b === null && jumping(timeline),
      latencyBudget: LATENCY_BUDGET,
      bytes: b ? bytes / 2 : bytes,
    });
  }
  return hints;
}

export function createSeekHints({ media, clock, store, bytes, frameImages }: SeekHintDependencies) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sentAt = 0;
  let prefetching = new AbortController();
  /** Videos with a hint. */
  let hinted = new Set<number>();
  let lastJumps: { readonly timeline: Timeline; readonly jumps: boolean } | null = null;

  const jumping = (timeline: Timeline) => {
    if (lastJumps?.timeline !== timeline) lastJumps = { timeline, jumps: jumps(timeline.b) };
    return lastJumps.jumps;
  };

  function send(): void {
    clearTimeout(timer);
    sentAt = performance.now();
    const { position, playing } = clock.store.getState();
    const hints = seekHintsAt(store.getState(), position, playing, bytes, jumping);
    for (const id of hinted) if (!hints.has(id)) media.setSeekHint(id, null);
    for (const [id, hint] of hints) media.setSeekHint(id, hint);
    hinted = new Set(hints.keys());
    if (!playing) void prefetch();
  }

  /** Decodes one frame after another until the next change. */
  async function prefetch(): Promise<void> {
    prefetching = new AbortController();
    const { signal } = prefetching;
    try {
      for (const [id, frame] of framesToPrefetch(store.getState(), frameImages?.capacity)) {
        if (frameImages?.busy) return schedule();
        await frameImages?.prefetch(id, frame, signal);
      }
    } catch {
      // Aborted by a change; a decoder's fault is reported by the request for the frame.
    }
  }

  function schedule(): void {
    clearTimeout(timer);
    prefetching.abort();
    const { playing } = clock.store.getState();
    const delay = playing ? Math.max(0, sentAt + HINT_INTERVAL - performance.now()) : PAUSE_DELAY;
    timer = setTimeout(send, delay);
  }

  return {
    /** Sends hints until the returned function is called. */
    start(): () => void {
      let watched = new Map<FrameStore, () => void>();
      /** Subscribes to the open frame stores: their last frame is a change too. */
      const watch = () => {
        const { a, b } = store.getState();
        const now = new Map<FrameStore, () => void>();
        for (const side of [a, b])
          if (side) now.set(side.frames, watched.get(side.frames) ?? side.frames.subscribe(schedule));
        for (const [frames, stop] of watched) if (!now.has(frames)) stop();
        watched = now;
        schedule();
      };
      const stops = [clock.store.subscribe(schedule), store.subscribe(watch)];
      watch();
      return () => {
        for (const stop of [...stops, ...watched.values()]) stop();
        clearTimeout(timer);
        prefetching.abort();
        for (const id of hinted) media.setSeekHint(id, null);
        hinted = new Set();
      };
    },
  };
}
