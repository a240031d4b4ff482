/**
 * Decoders of one video that stand where they may be needed next, so that a single frame costs the packets from the
 * nearest of them and not from the key frame. A software decoder does some 500 packets a second, and a key frame may
 * lie 250 packets back.
 */
import type { StandbyWish } from './api.ts';
import { StandingDecoder } from './standing-decoder.ts';
import { isOnTheWay, nearest, placeBehind, standingPlaces } from './standing-plan.ts';
import type { Video } from './video.ts';

/** Packets by which a decoder may be away from its place. */
const NEAR = 16;
/** Packets a second until that has been measured: two cores, 1080p, H.264. */
const USUAL_SPEED = 500;
/** Pictures that a decoder holds: measured 28 MB for 1080p in H.264, where a picture is 3.1 MB. */
const PICTURES = 10;
/** Decoders that may fail on the way to their places before that is left alone: the video is damaged. */
const PATIENCE = 4;
/** Packets after which the speed counts as measured. */
const MEASURED = 48;
/** While the video plays, a decoder rests so many ms after so many packets. */
const PACE = { packets: 4, rest: 30 };

export interface StandbyFrame {
  /** For the caller to close. */
  readonly frame: VideoFrame;
  /** Packets fed for it. */
  readonly decoded: number;
}

export class Standby {
  private readonly video: Video;
  private standing: StandingDecoder[] = [];
  /** Those that stand where the plan wants one. */
  private readonly places = new Map<StandingDecoder, number>();
  private wish: StandbyWish = { follow: [], playing: false, jumps: false, seconds: 1, bytes: 0 };
  /** Frames being decoded for someone who waits: nothing else is decoded meanwhile. */
  private urgent = 0;
  private working = false;
  /** The way that a decoder is being led; it ends soon when someone waits. */
  private leading: Promise<void> = Promise.resolve();
  private hurry = () => {};
  private closed = false;
  private failures = 0;
  /** Packets a second, those included that were left out. */
  private speed: number | null = null;
  private readonly clocked = { packets: 0, seconds: 0 };

  constructor(video: Video) {
    this.video = video;
  }

  /** Says what is looked at; decoders go to their places in their own time. */
  want(wish: StandbyWish): void {
    this.wish = wish;
    this.hurry();
    this.tend();
  }

  /**
   * One frame, from the nearest decoder or from its key frame.
   *
   * @throws as `StandingDecoder.frame`; another way of decoding may still find a frame
   */
  async frame(index: number, signal: AbortSignal): Promise<StandbyFrame> {
    const { video } = this;
    this.urgent++;
    this.hurry();
    try {
      // The decoder on its way may be the nearest one.
      await this.leading;
      const [run] = await video.plan([index]);
      signal.throwIfAborted();
      const at = video.order.at[index]!;
      const decoder = this.take(at) ?? new StandingDecoder(video, run!.start);
      const before = { fed: decoder.fed, next: decoder.next, time: performance.now() };
      try {
        const frame = await decoder.frame(index, signal);
        this.clock(decoder.next - before.next, before.time);
        return { frame, decoded: decoder.fed - before.fed };
      } finally {
        this.put(decoder);
      }
    } finally {
      this.urgent--;
      this.tend();
    }
  }

  close(): void {
    this.closed = true;
    for (const decoder of this.standing.splice(0)) decoder.close();
    this.places.clear();
  }

  /** The nearest decoder on the way to a packet; it belongs to the caller until it is put back. */
  private take(at: number): StandingDecoder | undefined {
    const decoder = nearest(this.video.order, this.standing, at);
    if (decoder) this.standing.splice(this.standing.indexOf(decoder), 1);
    return decoder;
  }

  private put(decoder: StandingDecoder): void {
    const place = this.places.get(decoder);
    if (place !== undefined && decoder.next > place + NEAR) this.places.delete(decoder);
    if (this.closed) decoder.close();
    if (decoder.spent) {
      decoder.close();
      this.places.delete(decoder);
    } else this.standing.push(decoder);
    this.keep(this.room);
  }

  private clock(packets: number, since: number): void {
    if (packets < NEAR) return;
    this.clocked.packets += packets;
    this.clocked.seconds += (performance.now() - since) / 1000;
    // Once: plans that follow every measurement would move the decoders about.
    if (this.clocked.packets >= MEASURED) this.speed ??= this.clocked.packets / this.clocked.seconds;
  }

  private tend(): void {
    if (this.working || this.closed || this.failures >= PATIENCE) return;
    this.working = true;
    this.work()
      // What fails here fails again where someone waits for it, and is told there.
      .catch(() => {
        this.failures++;
      })
      .finally(() => {
        this.working = false;
      });
  }

  private async work(): Promise<void> {
    while (!this.closed && this.urgent === 0) {
      const { wish } = this;
      const step = (await this.nextFollower(wish)) ?? (await this.nextPlace(wish));
      if (!step) {
        if (this.wish === wish) return;
        continue;
      }
      this.leading = this.lead(step.decoder, step.to, wish);
      await this.leading;
    }
  }

  /** Decoders that may stand at once. */
  private get room(): number {
    const { width, height, bitDepth } = this.video.facts;
    const picture = width * height * 1.5 * (bitDepth > 8 ? 2 : 1);
    return Math.floor(this.wish.bytes / (PICTURES * picture));
  }

  /** Brings a decoder to a packet, as long as nobody waits for a frame and the wish is the same. */
  private async lead(decoder: StandingDecoder, to: number, wish: StandbyWish): Promise<void> {
    const before = { next: decoder.next, time: performance.now() };
    const over = () => this.closed || this.urgent > 0 || this.wish !== wish;
    let count = 0;
    const rest = async () => {
      if (wish.playing && ++count % PACE.packets === 0 && !over())
        await new Promise<void>((resolve) => {
          this.hurry = resolve;
          setTimeout(resolve, PACE.rest);
        });
      return over();
    };
    try {
      await decoder.advance(to, rest);
      if (!wish.playing) this.clock(decoder.next - before.next, before.time);
    } catch (error) {
      decoder.close();
      throw error;
    } finally {
      this.put(decoder);
    }
  }

  /** A decoder that has to go on to stay behind the frames that are looked at. */
  private async nextFollower(wish: StandbyWish): Promise<{ decoder: StandingDecoder; to: number } | null> {
    const { order } = this.video;
    if (this.room === 0) return null;
    const spoken = new Set<StandingDecoder>();
    for (const index of wish.follow) {
      const at = placeBehind(order, index);
      const [run] = await this.video.plan([order.frame[at]!]);
      const free = this.standing.filter((one) => !spoken.has(one) && !this.places.has(one));
      // One that is a little ahead will be met by the clock.
      const there =
        free.find(({ next }) => isOnTheWay(order, next, at) && at - next < NEAR / 2) ??
        (wish.playing ? free.find(({ next }) => next > at && next - at <= 2 * NEAR) : undefined);
      if (there) {
        spoken.add(there);
        continue;
      }
      // A group of pictures that has just begun needs no decoder.
      if (at - run!.start < NEAR) continue;
      const behind = nearest(order, free, at);
      if (behind) this.standing.splice(this.standing.indexOf(behind), 1);
      else this.keep(this.room - 1);
      return { decoder: behind ?? new StandingDecoder(this.video, run!.start), to: at };
    }
    return null;
  }

  /** A place of the plan at which no decoder stands yet. */
  private async nextPlace(wish: StandbyWish): Promise<{ decoder: StandingDecoder; to: number } | null> {
    const { order } = this.video;
    const room = wish.jumps ? this.room - wish.follow.length : 0;
    const planned = standingPlaces(order, room, (this.speed ?? USUAL_SPEED) * wish.seconds);
    for (const [decoder, place] of [...this.places]) if (!planned.includes(place)) this.dismiss(decoder);
    for (const [decoder, place] of this.places)
      if (decoder.next < place && this.standing.includes(decoder)) {
        this.standing.splice(this.standing.indexOf(decoder), 1);
        return { decoder, to: place };
      }
    const taken = new Set(this.places.values());
    const place = planned.find((one) => !taken.has(one));
    if (place === undefined) return null;
    const [run] = await this.video.plan([order.frame[place]!]);
    this.keep(this.room - 1);
    const decoder = new StandingDecoder(this.video, run!.start);
    this.places.set(decoder, place);
    return { decoder, to: place };
  }

  private dismiss(decoder: StandingDecoder): void {
    const at = this.standing.indexOf(decoder);
    if (at < 0) return;
    this.standing.splice(at, 1);
    this.places.delete(decoder);
    decoder.close();
  }

  /** Lets go of those without a place, of what is followed last, the longest unused first, until so many are left. */
  private keep(most: number): void {
    const { at } = this.video.order;
    const followed = (one: StandingDecoder) =>
      this.wish.follow.some((index) => Math.abs(one.next - at[index]!) <= 2 * NEAR);
    const loose = this.standing.filter((one) => !this.places.has(one));
    for (const decoder of [...loose.filter((one) => !followed(one)), ...loose.filter(followed)]) {
      if (this.standing.length <= most) return;
      this.dismiss(decoder);
    }
  }
}
