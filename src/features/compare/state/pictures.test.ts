import { describe, expect, it, vi } from 'vitest';
import type { DecodedFrameImage } from '../../../../workers/media/api.ts';
import { createPictures } from './pictures.ts';

const picture = (bytes: number): DecodedFrameImage => ({
  width: 1,
  height: 1,
  rgba: new Uint8ClampedArray(bytes),
  decoded: 5,
});

/** A decoder that answers when it is told to; a stopped wish rejects as the media worker's does. */
function decoder(bytes = 4) {
  const open = new Map<number, (picture: DecodedFrameImage) => void>();
  const media = {
    frameImage: vi.fn(
      (_id: number, index: number, signal?: AbortSignal) =>
        new Promise<DecodedFrameImage>((resolve, reject) => {
          open.set(index, resolve);
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    ),
  };
  return { media, answer: (index: number) => open.get(index)?.(picture(bytes)) };
}

describe('true pictures', () => {
  it('keep what was decoded, and decode it once', async () => {
    const { media, answer } = decoder();
    const pictures = createPictures(media);
    const wish = pictures.want('a', 1, 7);
    expect([pictures.busy, pictures.has(1, 7)]).toEqual([true, false]);
    answer(7);
    expect((await wish)?.rgba.length).toBe(4);
    expect([pictures.busy, pictures.has(1, 7), pictures.has(2, 7)]).toEqual([false, true, false]);
    await pictures.want('b', 1, 7);
    expect(media.frameImage).toHaveBeenCalledTimes(1);
  });
  it('follow the newest wish of a side, and leave the other side alone', async () => {
    const { media, answer } = decoder();
    const pictures = createPictures(media);
    const old = pictures.want('a', 1, 1);
    const other = pictures.want('b', 1, 2);
    const now = pictures.want('a', 1, 3);
    await expect(old).rejects.toMatchObject({ name: 'AbortError' });
    expect(await pictures.want('a', 1, 3)).toBeNull();
    answer(2);
    answer(3);
    await Promise.all([other, now]);
    expect([1, 2, 3].map((index) => pictures.has(1, index))).toEqual([false, true, true]);
    expect(media.frameImage).toHaveBeenCalledTimes(3);
  });
  it('decode a frame that both sides want once, as long as one of them wants it', async () => {
    const { media, answer } = decoder();
    const pictures = createPictures(media);
    const [a, b] = [pictures.want('a', 1, 7), pictures.want('b', 1, 7)];
    const signal = media.frameImage.mock.calls[0]?.[2];
    const other = pictures.want('a', 1, 8);
    await expect(a).rejects.toMatchObject({ name: 'AbortError' });
    expect(signal?.aborted).toBe(false);
    answer(7);
    answer(8);
    await other;
    expect((await b)?.decoded).toBe(5);
    expect((await pictures.want('b', 1, 7))?.decoded).toBe(0);
    expect(media.frameImage).toHaveBeenCalledTimes(2);

    const [c, d] = [pictures.want('a', 1, 9), pictures.want('b', 1, 9)];
    pictures.cancel();
    await expect(c).rejects.toMatchObject({ name: 'AbortError' });
    await expect(d).rejects.toMatchObject({ name: 'AbortError' });
    expect(media.frameImage.mock.calls[2]?.[2]?.aborted).toBe(true);
  });
  it('let go of the oldest when they take too much', async () => {
    const { media, answer } = decoder(30e6);
    const pictures = createPictures(media);
    for (const index of [0, 1, 2]) {
      const wish = pictures.want('a', 1, index);
      answer(index);
      await wish;
      // Looked at again: the first one is the last to go.
      pictures.get(1, 0);
    }
    expect([0, 1, 2].map((index) => pictures.has(1, index))).toEqual([true, false, true]);
    pictures.clear();
    expect(pictures.has(1, 0)).toBe(false);
  });
  it('pass on what the decoder says', async () => {
    const pictures = createPictures({ frameImage: () => Promise.reject(new Error('broken')) });
    await expect(pictures.want('a', 1, 1)).rejects.toThrow('broken');
    expect(pictures.busy).toBe(false);
  });
});
