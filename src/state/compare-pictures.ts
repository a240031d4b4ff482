/** True pixels of single frames, decoded when they are asked for; a few of the last ones are kept. */
import type { Picture } from '../../workers/media/api.ts';

/** Bytes of pictures that are kept, beside those on screen. */
const KEPT_BYTES = 80e6;

export interface PictureSource {
  picture(id: number, index: number, signal?: AbortSignal): Promise<Picture>;
}

export function createPictures(media: PictureSource) {
  const kept = new Map<string, Picture>();
  const wishes = new Map<string, { readonly key: string; readonly stop: AbortController }>();
  let bytes = 0;
  const keyOf = (id: number, index: number) => `${id}/${index}`;

  function keep(key: string, picture: Picture): void {
    kept.set(key, picture);
    bytes += picture.rgba.byteLength;
    for (const [old, { rgba }] of kept) {
      if (bytes <= KEPT_BYTES || old === key) break;
      kept.delete(old);
      bytes -= rgba.byteLength;
    }
  }

  return {
    /** The picture if it is kept; it is then the last one to go. */
    get(id: number, index: number): Picture | undefined {
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
     * Decodes a frame. A side has one wish at a time: a newer one ends the one before, which rejects with `AbortError`;
     * the same wish twice is one.
     *
     * @throws CodedError with the `media/*` codes
     */
    async want(side: string, id: number, index: number): Promise<Picture | null> {
      const key = keyOf(id, index);
      const there = this.get(id, index);
      const before = wishes.get(side);
      if (there) {
        before?.stop.abort();
        wishes.delete(side);
        return there;
      }
      if (before?.key === key) return null;
      before?.stop.abort();
      const mine = { key, stop: new AbortController() };
      wishes.set(side, mine);
      try {
        const picture = await media.picture(id, index, mine.stop.signal);
        keep(key, picture);
        return picture;
      } finally {
        if (wishes.get(side) === mine) wishes.delete(side);
      }
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
