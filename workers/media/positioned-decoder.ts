/**
 * Decoder that stops in the middle of a GOP and continues from there: it holds the reference frames of all later frames.
 * A flush would discard them, so a frame is output by feeding the packets that follow it.
 */
import { CodedError } from '../../core/errors.ts';
import { keyAfter, leads } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { SPACING, type Video } from './video.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds without output or progress after which the decoder counts as stalled. */
const STALL = 3000;
/** Queue length in packets for a requested frame, and for a background advance that may be interrupted. */
const QUEUE = { urgent: 32, background: 4 };
/** Packets fed after a frame so that it is output: reordering and the decoder's threads delay it by four here. */
const BEYOND = 8;
/** Milliseconds without output after the last packet, after which the decoder is flushed. */
const SILENCE = 120;

const never = new AbortController().signal;

export class PositionedDecoder {
  /** First packet that has not been fed. */
  next: number;
  /** Packets fed since it was made. */
  fed = 0;
  /** True once it cannot continue: it failed, was flushed, or was closed. */
  spent = false;
  private readonly video: Video;
  private readonly start: number;
  private readonly decoder: VideoDecoder;
  private readonly watchdog = new Watchdog(STALL, never);
  private failure: unknown;
  private wanted: { readonly index: number; readonly deliver: (frame: VideoFrame) => void } | null = null;
  /** Called at every output and dequeue event. */
  private wake = () => {};

  /** @param start a packet at which decoding can start */
  constructor(video: Video, start: number) {
    this.video = video;
    this.start = start;
    this.next = start;
    this.decoder = new VideoDecoder({
      output: (frame) => {
        if (this.wanted?.index === frame.timestamp / SPACING) this.wanted.deliver(frame);
        else frame.close();
        this.sign();
      },
      // Also raised when the browser reclaims the decoder of a page in the background.
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

  private mayBeLeftOut(d: number, data: Uint8Array): boolean {
    return leads(this.video.order, d, this.start) || this.video.isDisposable(data);
  }

  private give(d: number, data: Uint8Array): void {
    this.decoder.decode(new EncodedVideoChunk(this.video.chunk(d, data, this.fed === 0)));
    this.fed++;
  }

  /**
   * Feeds the packets before `to`, except those that no other frame refers to.
   *
   * @param rest called before each packet; true stops here
   * @throws the decoder's error; CodedError `media/stalled`, `media/changed`
   */
  async advance(to: number, rest: () => boolean | Promise<boolean>): Promise<void> {
    for await (const [d, data] of readAhead(this.video.index, this.next, to)) {
      if (await rest()) return;
      if (this.fed === 0 || !this.mayBeLeftOut(d, data)) {
        await this.until(() => this.decoder.decodeQueueSize < QUEUE.background);
        if (this.spent) throw this.failure;
        this.give(d, data);
      }
      this.next = d + 1;
    }
    await this.until(() => this.decoder.decodeQueueSize === 0);
  }

  /**
   * Decodes a later frame; afterwards the decoder is a few packets past it, or spent.
   *
   * @returns a frame for the caller to close
   * @throws CodedError `media/damaged`, `media/stalled`, `media/changed`; `AbortError`; the decoder's error
   */
  async frame(index: number, signal: AbortSignal): Promise<VideoFrame> {
    const { video } = this;
    const at = video.order.at[index]!;
    const end = keyAfter(video.order, at);
    let result: VideoFrame | undefined;
    this.wanted = {
      index,
      deliver: (frame) => {
        if (result) frame.close();
        else result = frame;
      },
    };
    const abort = () => this.wake();
    signal.addEventListener('abort', abort);
    const over = () => result !== undefined || signal.aborted;
    try {
      let beyond = 0;
      for await (const [d, data] of readAhead(video.index, this.next, end)) {
        if (over() || this.spent || beyond === BEYOND) break;
        if (d === at || this.fed === 0 || !this.mayBeLeftOut(d, data)) {
          await this.until(() => over() || this.decoder.decodeQueueSize < QUEUE.urgent);
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
      if (result) return result;
      throw this.failure ?? new CodedError('media/damaged');
    } catch (error) {
      result?.close();
      if (!signal.aborted) this.close();
      throw error;
    } finally {
      this.wanted = null;
      signal.removeEventListener('abort', abort);
    }
  }

  /** Waits until `over`, or until the queue is empty and nothing more is output. */
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
