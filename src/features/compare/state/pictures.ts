/** True pixels of single frames, decoded when they are asked for; a few of the last ones are kept. */
import type { DecodedFrameImage } from '../../../../workers/media/api.ts';

/** Bytes of pictures that are kept, beside those on screen; less on small devices. */
export const KEPT_BYTES = 80e6;

export interface PictureSource {
  frameImage(id: number, index: number, signal?: AbortSignal): Promise<DecodedFrameImage>;
}

/** A frame that is being decoded, for one side or for both. */
interface Running {
  readonly picture: Promise<DecodedFrameImage>;
  readonly stop: AbortController;
  sides: number;
}

/** @param room bytes that kept pictures may take */
export function createPictures(media: PictureSource, room = KEPT_BYTES) {
  const kept = new Map<string, DecodedFrameImage>();
  const running = new Map<string, Running>();
  const wishes = new Map<string, { readonly key: string; readonly stop: AbortController }>();
  let bytes = 0;
  const keyOf = (id: number, index: number) => `${id}/${index}`;

  /** The decoding of a frame, begun by whoever wants it first; it ends when nobody does. */
  function run(id: number, index: number, signal: AbortSignal): Promise<DecodedFrameImage> {
    const key = keyOf(id, index);
    let one = running.get(key);
    if (!one) {
      const stop = new AbortController();
      const picture = media.frameImage(id, index, stop.signal).then((picture) => {
        if (!stop.signal.aborted) keep(key, picture);
        return picture;
      });
      one = { picture, stop, sides: 0 };
      running.set(key, one);
      const mine = one;
      const done = () => {
        if (running.get(key) === mine) running.delete(key);
      };
      picture.then(done, done);
    }
    const mine = one;
    mine.sides++;
    return new Promise((resolve, reject) => {
      mine.picture.then(resolve, reject);
      signal.addEventListener('abort', () => {
        reject(signal.reason);
        if (--mine.sides > 0) return;
        running.delete(key);
        mine.stop.abort(signal.reason);
      });
    });
  }

  function keep(key: string, picture: DecodedFrameImage): void {
    kept.set(key, picture);
    bytes += picture.rgba.byteLength;
    for (const [old, { rgba }] of kept) {
      if (bytes <= room || old === key) break;
      kept.delete(old);
      bytes -= rgba.byteLength;
    }
  }

  return {
    room,
    /** The picture if it is kept; it is then the last one to go. */
    get(id: number, index: number): DecodedFrameImage | undefined {
      const key = keyOf(id, index);
      const picture = kept.get(key);
      if (picture) {
        kept.delete(key);
        kept.set(key, picture);
      }
      return picture;
    },
    has: (id: number, index: number) => kept.has(keyOf(id, index)),
    /**
     * Decodes a frame; both sides' wish for the same one is decoded once. A side has one wish at a time: a newer one ends
     * the one before, which rejects with `AbortError`; the same wish twice is one.
     *
     * @throws CodedError with the `media/*` codes
     */
    async want(side: string, id: number, index: number): Promise<DecodedFrameImage | null> {
      const key = keyOf(id, index);
      const there = this.get(id, index);
      const before = wishes.get(side);
      if (there) {
        before?.stop.abort();
        wishes.delete(side);
        return { ...there, decoded: 0 };
      }
      if (before?.key === key) return null;
      before?.stop.abort();
      const mine = { key, stop: new AbortController() };
      wishes.set(side, mine);
      try {
        return await run(id, index, mine.stop.signal);
      } finally {
        if (wishes.get(side) === mine) wishes.delete(side);
      }
    },
    /**
     * Decodes a frame that may be wanted, for no side; it is no wish and keeps nobody waiting.
     *
     * @throws as `want`
     */
    async ahead(id: number, index: number, signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      if (!kept.has(keyOf(id, index))) await run(id, index, signal);
    },
    /** Takes the wishes back. */
    cancel(): void {
      for (const { stop } of wishes.values()) stop.abort();
      wishes.clear();
    },
    /** Whether something is being decoded. */
    get busy(): boolean {
      return wishes.size > 0;
    },
    clear(): void {
      this.cancel();
      kept.clear();
      bytes = 0;
    },
  };
}

export type Pictures = ReturnType<typeof createPictures>;
