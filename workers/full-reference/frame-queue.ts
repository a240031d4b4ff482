/** Decoded frames of one side that wait for their partners: a bounded queue between a decoder and the comparison. */

export interface Releasable {
  release(): void;
}

export class FrameQueue<T extends Releasable> {
  private readonly limit: number;
  private readonly waiting = new Map<number, T>();
  /** Frames below it are not requested any more. */
  private floor = 0;
  private ended: { readonly error?: unknown } | null = null;
  private changed = Promise.withResolvers<void>();

  /** @param limit frames that wait before the decoder has to */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Adds a frame; resolves when there is room for the next one. A frame that comes too late is released. */
  async push(index: number, frame: T): Promise<void> {
    if (index < this.floor) return frame.release();
    this.waiting.set(index, frame);
    this.notify();
    while (this.waiting.size > this.limit) await this.changed.promise;
  }

  /** Ends the stream. An error is thrown by `take`, after the frames that came before it. */
  end(error?: unknown): void {
    this.ended ??= { error };
    this.notify();
  }

  /**
   * A frame; requests ascend, and repeat a frame for several pairs. It stays with the queue until a later one is
   * requested.
   *
   * @returns null when the stream has passed it by: it ended, or the queue is full of later frames
   * @throws the error that ended the stream
   */
  async take(index: number): Promise<T | null> {
    this.floor = index;
    for (const [early, frame] of this.waiting)
      if (early < index) {
        this.waiting.delete(early);
        frame.release();
      }
    this.notify();
    for (;;) {
      const frame = this.waiting.get(index);
      if (frame) return frame;
      if (this.ended) {
        if (this.ended.error !== undefined && this.waiting.size === 0) throw this.ended.error;
        return null;
      }
      if (this.waiting.size > this.limit) return null;
      await this.changed.promise;
    }
  }

  private notify(): void {
    const { resolve } = this.changed;
    this.changed = Promise.withResolvers<void>();
    resolve();
  }
}
