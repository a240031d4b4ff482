/**
 * A decoder that stops in the middle of a group of pictures and goes on from there: all that later frames refer to is
 * in it. A flush would lose that, so that a frame is brought out by the packets that follow it.
 */
import { CodedError } from '../../core/errors.ts';
import { keyAfter } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { SPACING } from './run-decoder.ts';
import type { Video } from './video.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds without a sign of life after which another decoder is taken. */
const STALL = 3000;
/** Packets in the queue of a decoder that is in a hurry, and of one that may have to stop at any time. */
const QUEUE = { hurry: 32, leisure: 4 };
/** Packets that bring a frame out: reordering and the decoder's threads hold four back here. */
const BEYOND = 8;
/** Milliseconds of silence after the last packet before the decoder is flushed after all. */
const SILENCE = 120;

const never = new AbortController().signal;

export class StandingDecoder {
  /** First packet that it has not been fed. */
  next: number;
  /** Packets fed since it was made. */
  fed = 0;
  /** It cannot go on: it failed, was flushed, or was closed. */
  spent = false;
  private readonly video: Video;
  private readonly decoder: VideoDecoder;
  private readonly watchdog = new Watchdog(STALL, never);
  private failure: unknown;
  private wanted: { readonly index: number; readonly found: (frame: VideoFrame) => void } | null = null;
  /** Called at every sign of life. */
  private wake = () => {};

  /** @param start a packet at which decoding can start */
  constructor(video: Video, start: number) {
    this.video = video;
    this.next = start;
    this.decoder = new VideoDecoder({
      output: (frame) => {
        if (this.wanted?.index === frame.timestamp / SPACING) this.wanted.found(frame);
        else frame.close();
        this.sign();
      },
      // Also when the browser takes the decoder back from a page that lies in the background.
      error: (reason) => {
        this.failure ??= reason;
        this.spent = true;
        this.sign();
      },
    });
    this.decoder.addEventListener('dequeue', () => this.sign());
    this.decoder.configure(video.config(false));
  }

  private sign(): void {
    this.watchdog.alive();
    this.wake();
  }

  private until(ready: () => boolean): Promise<void> {
    return this.watchdog.wait(
      new Promise<void>((resolve) => {
        this.wake = () => {
          if (ready() || this.spent) resolve();
        };
        this.wake();
      }),
    );
  }

  private give(d: number, data: Uint8Array): void {
    this.decoder.decode(
      new EncodedVideoChunk({
        type: this.fed === 0 ? 'key' : 'delta',
        timestamp: this.video.order.frame[d]! * SPACING,
        data,
      }),
    );
    this.fed++;
  }

  /**
   * Goes on to `to`, the first packet that it will not have been fed, without the packets that nothing refers to.
   *
   * @param rest asked before each packet: true ends the way here
   * @throws what the decoder says; CodedError `media/stalled`, `media/changed`
   */
  async advance(to: number, rest: () => boolean | Promise<boolean>): Promise<void> {
    for await (const [d, data] of readAhead(this.video.index, this.next, to)) {
      if (await rest()) return;
      if (this.fed === 0 || !this.video.isDisposable(data)) {
        await this.until(() => this.decoder.decodeQueueSize < QUEUE.leisure);
        if (this.spent) throw this.failure;
        this.give(d, data);
      }
      this.next = d + 1;
    }
    await this.until(() => this.decoder.decodeQueueSize === 0);
  }

  /**
   * Decodes a frame that lies ahead; the decoder stands a few packets behind it afterwards, or is spent.
   *
   * @returns a frame for the caller to close
   * @throws CodedError `media/damaged`, `media/stalled`, `media/changed`; `AbortError`; what the decoder says
   */
  async frame(index: number, signal: AbortSignal): Promise<VideoFrame> {
    const { video } = this;
    const at = video.order.at[index]!;
    const end = keyAfter(video.order, at);
    let found: VideoFrame | undefined;
    this.wanted = {
      index,
      found: (frame) => {
        if (found) frame.close();
        else found = frame;
      },
    };
    const abort = () => this.wake();
    signal.addEventListener('abort', abort);
    const over = () => found !== undefined || signal.aborted;
    try {
      let beyond = 0;
      for await (const [d, data] of readAhead(video.index, this.next, end)) {
        if (over() || this.spent || beyond === BEYOND) break;
        if (d === at || this.fed === 0 || !video.isDisposable(data)) {
          await this.until(() => over() || this.decoder.decodeQueueSize < QUEUE.hurry);
          if (over() || this.spent) break;
          this.give(d, data);
          if (d > at) beyond++;
        }
        this.next = d + 1;
      }
      if (!over() && !this.spent && beyond === BEYOND) await this.quiet(over);
      if (!over() && !this.spent) {
        this.spent = true;
        await this.watchdog.wait(this.decoder.flush());
      }
      signal.throwIfAborted();
      if (found) return found;
      throw this.failure ?? new CodedError('media/damaged');
    } catch (error) {
      found?.close();
      if (!signal.aborted) this.close();
      throw error;
    } finally {
      this.wanted = null;
      signal.removeEventListener('abort', abort);
    }
  }

  /** Waits until it is over, or until the decoder has taken everything and gives nothing more. */
  private async quiet(over: () => boolean): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let silent = false;
    await this.until(() => {
      clearTimeout(timer);
      if (this.decoder.decodeQueueSize === 0)
        timer = setTimeout(() => {
          silent = true;
          this.wake();
        }, SILENCE);
      return over() || silent;
    }).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.spent = true;
    if (this.decoder.state !== 'closed') this.decoder.close();
    this.wake();
  }
}
