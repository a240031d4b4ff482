/** One `VideoDecoder`, fed run by run. */
import { type DecodeRange, leads } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { SPACING, type Video } from './video.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds without a frame or a taken packet after which a decoder counts as stalled. */
const STALL = 10_000;
/**
 * Packets in the decoder's queue: when it is full, feeding rests until half of it is taken. It covers the time for
 * which this thread is busy with the pixels of a frame; more would only hold memory.
 */
const QUEUE = 32;
/** Wanted frames that the sink has not done with; each may keep one picture of the decoder. */
const TAKEN = 4;

export interface RunOutcome {
  /** Frames that came out, wanted or not. */
  readonly seen: ReadonlySet<number>;
  /** Error of the decoder; frames that were output before it are in `seen`. */
  readonly failure?: unknown;
}

/** Takes one decoded frame and closes it; decoding goes on meanwhile. */
export type FrameSink = (index: number, frame: VideoFrame) => Promise<void>;

export interface RunOptions {
  /** Without it every frame is closed at once. */
  readonly sink?: FrameSink;
  /** False: the last frames come with the packets of the next run, and the decoder has no pause between. */
  readonly flush?: boolean;
  /** True: packets are fed too whose frames nobody wants and nothing refers to. */
  readonly everyPacket?: boolean;
}

const drop: FrameSink = async () => {};

export interface DecodeOptions {
  readonly software: boolean;
  /** Ends the work with an `AbortError`. */
  readonly signal: AbortSignal;
}

export class RunDecoder {
  private readonly video: Video;
  private readonly config: VideoDecoderConfig;
  private readonly watchdog: Watchdog;
  private readonly signal: AbortSignal;
  private decoder: VideoDecoder | undefined;
  /** Frames of this run and earlier ones that are with the sink. */
  private readonly taken = new Set<Promise<void>>();
  private broken: { readonly error: unknown } | undefined;
  /** Packets fed since the start. */
  fed = 0;

  constructor(video: Video, { software, signal }: DecodeOptions) {
    this.video = video;
    this.config = video.config(software);
    this.signal = signal;
    this.watchdog = new Watchdog(STALL, signal);
  }

  /**
   * Feeds the packets of a run. Frames may still be with the sink afterwards: see `settle`.
   *
   * @param wanted frames that go to the sink, all others are closed at once; `all` closes every one
   * @throws CodedError `media/stalled`, `media/changed`; `AbortError`; what the sink throws
   */
  async run(
    run: Pick<DecodeRange, 'start' | 'end'>,
    wanted: ReadonlySet<number> | 'all',
    { sink = drop, flush = true, everyPacket = wanted === 'all' }: RunOptions = {},
  ): Promise<RunOutcome> {
    const { order } = this.video;
    const seen = new Set<number>();
    let failure: unknown;
    let wake = () => {};
    const decoder = this.decoderFor(
      (frame) => {
        this.watchdog.alive();
        const index = frame.timestamp / SPACING;
        const first = !seen.has(index);
        seen.add(index);
        if (!first || wanted === 'all' || !wanted.has(index) || this.signal.aborted) frame.close();
        else this.take(sink(index, frame), frame);
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
    this.onSettled = () => wake();
    const stopped = () => failure !== undefined || this.broken !== undefined;
    const until = (ready: () => boolean) =>
      this.watchdog.wait(
        new Promise<void>((resolve) => {
          wake = () => {
            if (ready() || stopped()) resolve();
          };
          wake();
        }),
      );
    try {
      const { index } = this.video;
      const patient = <T>(piece: Promise<T>) => this.watchdog.wait(piece);
      for await (const [d, data] of readAhead(index, run.start, run.end, patient)) {
        if (leads(order, d, run.start)) continue;
        const isWanted = wanted === 'all' || wanted.has(order.frame[d]!);
        if (!everyPacket && !isWanted && this.video.isDisposable(data)) continue;
        if (decoder.decodeQueueSize >= QUEUE || this.taken.size >= TAKEN)
          await until(() => decoder.decodeQueueSize <= QUEUE / 2 && this.taken.size < TAKEN);
        if (stopped()) break;
        this.fed++;
        decoder.decode(new EncodedVideoChunk(this.video.chunk(d, data, d === run.start)));
      }
      if (flush && !stopped()) await this.watchdog.wait(decoder.flush());
    } catch (error) {
      // DOMExceptions come from `decode` and `flush`, about this run; everything else ends the job.
      if (this.signal.aborted || !(error instanceof DOMException)) {
        this.close();
        throw error;
      }
      failure ??= error;
    }
    if (this.broken) {
      this.close();
      throw this.broken.error;
    }
    if (failure === undefined) return { seen };
    this.close();
    return { seen, failure };
  }

  private onSettled = () => {};

  private take(work: Promise<void>, frame: VideoFrame): void {
    const done = work
      .catch((error) => {
        this.broken ??= { error };
      })
      .finally(() => {
        frame.close();
        this.watchdog.alive();
        this.taken.delete(done);
        this.onSettled();
      });
    this.taken.add(done);
  }

  /**
   * Waits until the sink has done with every frame.
   *
   * @throws CodedError `media/stalled`; `AbortError`; what the sink throws
   */
  async settle(): Promise<void> {
    await this.watchdog.wait(Promise.all(this.taken));
    if (this.broken) throw this.broken.error;
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
