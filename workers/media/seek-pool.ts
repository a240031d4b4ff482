/**
 * Pool of decoders of one video, positioned near the frames that are likely to be requested next: a single frame then
 * costs the packets from the nearest decoder instead of those from the key frame. A software decoder does some 500
 * packets a second, and a key frame may lie 250 packets back.
 */
import type { SeekHint } from './api.ts';
import { PositionedDecoder } from './positioned-decoder.ts';
import { isOnTheWay, nearest, positionBefore, seekPositions } from './seek-positions.ts';
import type { Video } from './video.ts';

/** Packets by which a decoder may be off its target position. */
const NEARBY_PACKETS = 16;
/** Packets a second until that has been measured: two cores, 1080p, H.264. */
const ASSUMED_SPEED = 500;
/** Frames that a decoder holds in memory: measured 28 MB for 1080p in H.264, where a frame is 3.1 MB. */
const FRAMES_PER_DECODER = 10;
/** Failures in the background after which decoders are no longer advanced: the video is damaged. */
const MAX_FAILURES = 4;
/** Packets after which the speed counts as measured. */
const MEASURED_PACKETS = 48;
/** While the video plays, a decoder pauses `rest` ms after every `packets` packets. */
const PACE = { packets: 4, rest: 30 };

export interface PooledFrame {
  /** For the caller to close. */
  readonly frame: VideoFrame;
  /** Packets fed for it. */
  readonly decoded: number;
}

export class SeekPool {
  private readonly video: Video;
  private idle: PositionedDecoder[] = [];
  /** Target packet of each decoder that has one. */
  private readonly targets = new Map<PositionedDecoder, number>();
  private hint: SeekHint = { follow: [], playing: false, jumps: false, latencyBudget: 1, bytes: 0 };
  /** Requests in progress; background decoding is suspended meanwhile. */
  private waiting = 0;
  private scheduled = false;
  /** The background advance in progress; it ends early when a request arrives. */
  private advancing: Promise<void> = Promise.resolve();
  private interrupt = () => {};
  private closed = false;
  private failures = 0;
  /** Packets a second, those included that were left out. */
  private speed: number | null = null;
  private readonly measured = { packets: 0, seconds: 0 };

  constructor(video: Video) {
    this.video = video;
  }

  /** Sets the frames that are likely to be requested next; decoders advance in the background. */
  setHint(hint: SeekHint): void {
    this.hint = hint;
    this.interrupt();
    this.schedule();
  }

  /**
   * One frame, from the nearest decoder or from its key frame.
   *
   * @throws as `StandingDecoder.frame`; another way of decoding may still find a frame
   */
  async frame(index: number, signal: AbortSignal): Promise<PooledFrame> {
    const { video } = this;
    this.waiting++;
    this.interrupt();
    try {
      // The decoder that is advancing may be the nearest one.
      await this.advancing;
      const [run] = await video.plan([index]);
      signal.throwIfAborted();
      const at = video.order.at[index]!;
      const decoder = this.acquire(at) ?? new PositionedDecoder(video, run!.start);
      const before = { fed: decoder.fed, next: decoder.next, time: performance.now() };
      try {
        const frame = await decoder.frame(index, signal);
        this.measure(decoder.next - before.next, before.time);
        return { frame, decoded: decoder.fed - before.fed };
      } finally {
        this.release(decoder);
      }
    } finally {
      this.waiting--;
      this.schedule();
    }
  }

  close(): void {
    this.closed = true;
    for (const decoder of this.idle.splice(0)) decoder.close();
    this.targets.clear();
  }

  /** The nearest decoder before a packet; the caller owns it until `release`. */
  private acquire(at: number): PositionedDecoder | undefined {
    const decoder = nearest(this.video.order, this.idle, at);
    if (decoder) this.idle.splice(this.idle.indexOf(decoder), 1);
    return decoder;
  }

  private release(decoder: PositionedDecoder): void {
    const position = this.targets.get(decoder);
    if (position !== undefined && decoder.next > position + NEARBY_PACKETS) this.targets.delete(decoder);
    if (this.closed) decoder.close();
    if (decoder.spent) {
      decoder.close();
      this.targets.delete(decoder);
    } else this.idle.push(decoder);
    this.trim(this.capacity);
  }

  private measure(packets: number, since: number): void {
    if (packets < NEARBY_PACKETS) return;
    this.measured.packets += packets;
    this.measured.seconds += (performance.now() - since) / 1000;
    // Measured once: a plan that follows every measurement would move the decoders back and forth.
    if (this.measured.packets >= MEASURED_PACKETS)
      this.speed ??= this.measured.packets / this.measured.seconds;
  }

  private schedule(): void {
    if (this.scheduled || this.closed || this.failures >= MAX_FAILURES) return;
    this.scheduled = true;
    this.advanceAll()
      // The same error is reported when the frame itself is requested.
      .catch(() => {
        this.failures++;
      })
      .finally(() => {
        this.scheduled = false;
      });
  }

  private async advanceAll(): Promise<void> {
    while (!this.closed && this.waiting === 0) {
      const { hint } = this;
      const step = (await this.nextBehindViewed(hint)) ?? (await this.nextAtPosition(hint));
      if (!step) {
        if (this.hint === hint) return;
        continue;
      }
      this.advancing = this.advanceTo(step.decoder, step.to, hint);
      await this.advancing;
    }
  }

  /** Number of decoders that fit into the memory budget. */
  private get capacity(): number {
    const { width, height, bitDepth } = this.video.facts;
    const frameBytes = width * height * 1.5 * (bitDepth > 8 ? 2 : 1);
    return Math.floor(this.hint.bytes / (FRAMES_PER_DECODER * frameBytes));
  }

  /** Advances a decoder to a packet until a request arrives or the hint changes. */
  private async advanceTo(decoder: PositionedDecoder, to: number, hint: SeekHint): Promise<void> {
    const before = { next: decoder.next, time: performance.now() };
    const over = () => this.closed || this.waiting > 0 || this.hint !== hint;
    let count = 0;
    const rest = async () => {
      if (hint.playing && ++count % PACE.packets === 0 && !over())
        await new Promise<void>((resolve) => {
          this.interrupt = resolve;
          setTimeout(resolve, PACE.rest);
        });
      return over();
    };
    try {
      await decoder.advance(to, rest);
      if (!hint.playing) this.measure(decoder.next - before.next, before.time);
    } catch (error) {
      decoder.close();
      throw error;
    } finally {
      this.release(decoder);
    }
  }

  /** The next decoder to advance so that one stays just before each viewed frame. */
  private async nextBehindViewed(hint: SeekHint): Promise<{ decoder: PositionedDecoder; to: number } | null> {
    const { order } = this.video;
    if (this.capacity === 0) return null;
    const spoken = new Set<PositionedDecoder>();
    for (const index of hint.follow) {
      const at = positionBefore(order, index);
      const [run] = await this.video.plan([order.frame[at]!]);
      const free = this.idle.filter((one) => !spoken.has(one) && !this.targets.has(one));
      // Playback will reach a decoder that is slightly ahead.
      const there =
        free.find(({ next }) => isOnTheWay(order, next, at) && at - next < NEARBY_PACKETS / 2) ??
        (hint.playing ? free.find(({ next }) => next > at && next - at <= 2 * NEARBY_PACKETS) : undefined);
      if (there) {
        spoken.add(there);
        continue;
      }
      // Near the start of a GOP, decoding from the key frame is as fast.
      if (at - run!.start < NEARBY_PACKETS) continue;
      const behind = nearest(order, free, at);
      if (behind) this.idle.splice(this.idle.indexOf(behind), 1);
      else this.trim(this.capacity - 1);
      return { decoder: behind ?? new PositionedDecoder(this.video, run!.start), to: at };
    }
    return null;
  }

  /** The next planned position that has no decoder yet. */
  private async nextAtPosition(hint: SeekHint): Promise<{ decoder: PositionedDecoder; to: number } | null> {
    const { order } = this.video;
    const capacity = hint.jumps ? this.capacity - hint.follow.length : 0;
    const planned = seekPositions(order, capacity, (this.speed ?? ASSUMED_SPEED) * hint.latencyBudget);
    for (const [decoder, position] of [...this.targets])
      if (!planned.includes(position)) this.dismiss(decoder);
    for (const [decoder, position] of this.targets)
      if (decoder.next < position && this.idle.includes(decoder)) {
        this.idle.splice(this.idle.indexOf(decoder), 1);
        return { decoder, to: position };
      }
    const taken = new Set(this.targets.values());
    const position = planned.find((one) => !taken.has(one));
    if (position === undefined) return null;
    const [run] = await this.video.plan([order.frame[position]!]);
    this.trim(this.capacity - 1);
    const decoder = new PositionedDecoder(this.video, run!.start);
    this.targets.set(decoder, position);
    return { decoder, to: position };
  }

  private dismiss(decoder: PositionedDecoder): void {
    const at = this.idle.indexOf(decoder);
    if (at < 0) return;
    this.idle.splice(at, 1);
    this.targets.delete(decoder);
    decoder.close();
  }

  /** Closes decoders without a target until `most` are left: unviewed ones first, the least recently used first. */
  private trim(most: number): void {
    const { at } = this.video.order;
    const followed = (one: PositionedDecoder) =>
      this.hint.follow.some((index) => Math.abs(one.next - at[index]!) <= 2 * NEARBY_PACKETS);
    const loose = this.idle.filter((one) => !this.targets.has(one));
    for (const decoder of [...loose.filter((one) => !followed(one)), ...loose.filter(followed)]) {
      if (this.idle.length <= most) return;
      this.dismiss(decoder);
    }
  }
}
