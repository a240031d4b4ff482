/**
 * Tells the media worker what the Compare page may ask for next, so that true pixels are there soon after a pause: the
 * sides that go on frame by frame are followed by a decoder, and where a damaged order jumps about, decoders stand
 * between the key frames.
 */
import type { FrameStore } from '../../../../workers/frames/client.ts';
import type { SeekHint } from '../../../../workers/media/api.ts';
import type { Clock } from './clock.ts';
import { KEPT_BYTES, type Pictures } from './pictures.ts';
import type { CompareState, Side, SideName } from './store.ts';
import { NO_FRAME, type Timeline } from './timeline.ts';

/** Milliseconds from one hint to the next while the clock runs. */
const BEAT = 200;
/** Milliseconds that the clock must stand before decoders go about it at full speed: the true pixels come first. */
const STANDING = 400;
/** Seconds that the way from a standing decoder to a frame may take. */
const WAY = 0.15;
/** Frames from one place to the next that still count as going on. */
const STEP = 4;

type StandbyState = Pick<CompareState, 'a' | 'b' | 'timeline' | 'settings'>;

export interface StandbyDependencies {
  readonly media: { setSeekHint(id: number, wish: SeekHint | null): void };
  readonly clock: Pick<Clock, 'store'>;
  readonly store: { getState(): CompareState; subscribe(listener: () => void): () => void };
  /** Memory that standing decoders may take. */
  readonly bytes: number;
  /** Keeps the pictures of few frames: they are decoded before they are asked for. */
  readonly pictures?: Pick<Pictures, 'ahead' | 'busy' | 'room'>;
}

/**
 * Frames of the sampled line, of which there are so few that the true pixels of all can be kept; none where they take
 * too much, or where nothing is reduced.
 */
export function picturesAhead(
  { a, b, timeline, settings }: StandbyState,
  room = KEPT_BYTES,
): readonly [id: number, frame: number][] {
  if (!a || b || !timeline || settings.over !== 'sampled' || a.frames.plan.exact || !filled(a)) return [];
  const frames = new Set([...timeline.a, ...timeline.b].filter((frame) => frame !== NO_FRAME));
  const { width, height } = a.video.facts;
  if (frames.size * width * height * 4 > room) return [];
  return [...frames].map((frame) => [a.video.id, frame]);
}

/** Whether a side goes on frame by frame from this place. */
function goesOn(frames: Int32Array, position: number): boolean {
  const [now, next] = [frames[position], frames[position + 1]];
  if (now === undefined || now === NO_FRAME) return false;
  return next === undefined || (next >= now && next - now <= STEP);
}

/** Whether the order of a side jumps anywhere. */
function jumps(frames: Int32Array): boolean {
  return frames.some((_, position) => frames[position] !== NO_FRAME && !goesOn(frames, position));
}

/** Whether the reduced frames are all there that will be: before that, the processor is theirs. */
function filled({ frames }: Side): boolean {
  const [from, to] = frames.part;
  return frames.error !== null || frames.ready >= to - from;
}

/**
 * What to want of each open video at a place; nothing of one that is kept as it is.
 *
 * @param bytes for the standing decoders of all videos together
 */
export function standbyWishes(
  { a, b, timeline, settings }: StandbyState,
  position: number,
  playing: boolean,
  bytes: number,
  jumping: (timeline: Timeline) => boolean = ({ b }) => jumps(b),
): Map<number, SeekHint> {
  const wishes = new Map<number, SeekHint>();
  if (!a || !timeline) return wishes;
  const sides: readonly (readonly [SideName, Side])[] = [
    ['a', a],
    ['b', b ?? a],
  ];
  // A few frames far apart are not gone through one by one.
  const line = b !== null || settings.over === 'video';
  for (const [name, side] of sides) {
    if (side.frames.plan.exact || !line || !filled(side)) continue;
    const { id } = side.video;
    const old = wishes.get(id);
    const frame = timeline[name][position] ?? NO_FRAME;
    const follow = goesOn(timeline[name], position) ? [frame] : [];
    wishes.set(id, {
      follow: [...new Set([...(old?.follow ?? []), ...follow])],
      playing,
      jumps: b === null && jumping(timeline),
      latencyBudget: WAY,
      bytes: b ? bytes / 2 : bytes,
    });
  }
  return wishes;
}

export function createStandby({ media, clock, store, bytes, pictures }: StandbyDependencies) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = 0;
  let ahead = new AbortController();
  let open = new Set<number>();
  let known: { readonly timeline: Timeline; readonly jumps: boolean } | null = null;

  const jumping = (timeline: Timeline) => {
    if (known?.timeline !== timeline) known = { timeline, jumps: jumps(timeline.b) };
    return known.jumps;
  };

  function tell(): void {
    clearTimeout(timer);
    told = performance.now();
    const { position, playing } = clock.store.getState();
    const wishes = standbyWishes(store.getState(), position, playing, bytes, jumping);
    for (const id of open) if (!wishes.has(id)) media.setSeekHint(id, null);
    for (const [id, wish] of wishes) media.setSeekHint(id, wish);
    open = new Set(wishes.keys());
    if (!playing) void fetch();
  }

  /** One after another, until something else happens. */
  async function fetch(): Promise<void> {
    const mine = new AbortController();
    ahead = mine;
    try {
      for (const [id, frame] of picturesAhead(store.getState(), pictures?.room)) {
        if (pictures?.busy) return plan();
        await pictures?.ahead(id, frame, mine.signal);
      }
    } catch {
      // Given up for something more urgent; a fault is told where someone waits for the frame.
    }
  }

  function plan(): void {
    clearTimeout(timer);
    ahead.abort();
    const { playing } = clock.store.getState();
    const wait = playing ? Math.max(0, told + BEAT - performance.now()) : STANDING;
    timer = setTimeout(tell, wait);
  }

  return {
    /** Someone looks at the page: decoders stand ready until the returned function is called. */
    attend(): () => void {
      let watched = new Map<FrameStore, () => void>();
      /** The last frame that comes is a change too. */
      const watch = () => {
        const { a, b } = store.getState();
        const now = new Map<FrameStore, () => void>();
        for (const side of [a, b])
          if (side) now.set(side.frames, watched.get(side.frames) ?? side.frames.subscribe(plan));
        for (const [frames, stop] of watched) if (!now.has(frames)) stop();
        watched = now;
        plan();
      };
      const stops = [clock.store.subscribe(plan), store.subscribe(watch)];
      watch();
      return () => {
        for (const stop of [...stops, ...watched.values()]) stop();
        clearTimeout(timer);
        ahead.abort();
        for (const id of open) media.setSeekHint(id, null);
        open = new Set();
      };
    },
  };
}
