/** One `VideoDecoder`, fed run by run. */
import type { PacketIndex } from './packet-index.ts';
import type { FrameOrder, Run } from './plan.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds without a frame or a taken packet after which a decoder counts as stalled. */
const STALL = 10_000;
/** Packets in the decoder's queue; more would only hold memory. */
const QUEUE = 12;
/** Wanted frames whose planes are not yet copied; each keeps one picture of the decoder. */
const COPIES = 3;

export interface RunOutcome {
  /** Frames that came out, wanted or not. */
  readonly seen: ReadonlySet<number>;
  /** What the decoder said when it gave up; what came out before is in `seen`. */
  readonly failure?: unknown;
}

/** Takes one decoded frame and closes it. */
export type FrameSink = (index: number, frame: VideoFrame) => Promise<void>;

export class RunDecoder {
  private readonly index: PacketIndex;
  private readonly order: FrameOrder;
  private readonly config: VideoDecoderConfig;
  private readonly watchdog: Watchdog;
  private readonly signal: AbortSignal;
  private decoder: VideoDecoder | undefined;
  /** Packets fed since the start. */
  fed = 0;

  constructor(index: PacketIndex, order: FrameOrder, config: VideoDecoderConfig, signal: AbortSignal) {
    this.index = index;
    this.order = order;
    this.config = config;
    this.signal = signal;
    this.watchdog = new Watchdog(STALL, signal);
  }

  /**
   * Feeds the packets of a run and flushes.
   *
   * @param wanted frames that go to the sink; all others are closed at once
   * @throws CodedError `media/stalled`, `media/changed`; `AbortError`; what the sink throws
   */
  async run(
    run: Pick<Run, 'start' | 'end'>,
    wanted: ReadonlySet<number>,
    sink: FrameSink,
  ): Promise<RunOutcome> {
    const seen = new Set<number>();
    const copies = new Set<Promise<void>>();
    let failure: unknown;
    let broken: unknown;
    let wake = () => {};
    const decoder = this.decoderFor(
      (frame) => {
        this.watchdog.alive();
        const index = frame.timestamp / SPACING;
        const first = !seen.has(index);
        seen.add(index);
        if (!first || !wanted.has(index) || this.signal.aborted) frame.close();
        else {
          const copy = sink(index, frame)
            .catch((error) => {
              broken ??= error;
            })
            .finally(() => {
              frame.close();
              copies.delete(copy);
              wake();
            });
          copies.add(copy);
        }
        wake();
      },
      (error) => {
        failure ??= error;
        wake();
      },
      () => {
        this.watchdog.alive();
        wake();
      },
    );
    const stopped = () => failure !== undefined || broken !== undefined;
    const until = async (ready: () => boolean) => {
      while (!ready() && !stopped()) {
        await this.watchdog.wait(
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
        );
      }
    };
    try {
      for (let d = run.start; d < run.end && !stopped(); d++) {
        const data = await this.watchdog.wait(this.index.read(d));
        await until(() => decoder.decodeQueueSize < QUEUE && copies.size < COPIES);
        if (stopped()) break;
        this.fed++;
        decoder.decode(
          new EncodedVideoChunk({
            type: d === run.start ? 'key' : 'delta',
            timestamp: this.order.frame[d]! * SPACING,
            data,
          }),
        );
      }
      if (!stopped()) await this.watchdog.wait(decoder.flush());
    } catch (error) {
      // DOMExceptions come from `decode` and `flush`, about this run; everything else ends the job.
      if (this.signal.aborted || !(error instanceof DOMException)) {
        this.close();
        throw error;
      }
      failure ??= error;
    }
    // Copies hold frames of their own, so they end well even when the decoder has not.
    await Promise.all(copies);
    if (broken !== undefined) {
      this.close();
      throw broken;
    }
    if (failure === undefined) return { seen };
    this.close();
    return { seen, failure };
  }

  private listeners: {
    output: (frame: VideoFrame) => void;
    error: (error: unknown) => void;
    dequeue: () => void;
  } = {
    output: (frame) => frame.close(),
    error: () => {},
    dequeue: () => {},
  };

  /** The decoder of the run before, or a new one when that has failed. */
  private decoderFor(
    output: (frame: VideoFrame) => void,
    error: (error: unknown) => void,
    dequeue: () => void,
  ): VideoDecoder {
    this.listeners = { output, error, dequeue };
    if (this.decoder?.state === 'configured') return this.decoder;
    const decoder = new VideoDecoder({
      output: (frame) => (this.decoder === decoder ? this.listeners.output(frame) : frame.close()),
      error: (reason) => {
        if (this.decoder === decoder) this.listeners.error(reason);
      },
    });
    decoder.addEventListener('dequeue', () => this.listeners.dequeue());
    this.decoder = decoder;
    decoder.configure(this.config);
    return decoder;
  }

  close(): void {
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = undefined;
  }
}

/** Microseconds from frame to frame in what the decoder sees: its timestamps carry frame numbers, not times. */
const SPACING = 1000;
