import { describe, expect, it, vi } from 'vitest';
import type { DecodedFrameImage } from '../../../../workers/media/api.ts';
import { createFrameImages } from './frame-images.ts';

const image = (bytes: number): DecodedFrameImage => ({
  width: 1,
  height: 1,
  rgba: new Uint8ClampedArray(bytes),
  decoded: 5,
});

/** A decoder whose promises are resolved by hand; an aborted one rejects as the media worker's does. */
function decoder(bytes = 4) {
  const open = new Map<number, (image: DecodedFrameImage) => void>();
  const media = {
    frameImage: vi.fn(
      (_id: number, index: number, signal?: AbortSignal) =>
        new Promise<DecodedFrameImage>((resolve, reject) => {
          open.set(index, resolve);
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    ),
  };
  return { media, answer: (index: number) => open.get(index)?.(image(bytes)) };
}

describe('full-resolution frame images', () => {
  it('are cached and decoded once', async () => {
    const { media, answer } = decoder();
    const frameImages = createFrameImages(media);
    const request = frameImages.request('a', 1, 7);
    expect([frameImages.busy, frameImages.has(1, 7)]).toEqual([true, false]);
    answer(7);
    expect((await request)?.rgba.length).toBe(4);
    expect([frameImages.busy, frameImages.has(1, 7), frameImages.has(2, 7)]).toEqual([false, true, false]);
    await frameImages.request('b', 1, 7);
    expect(media.frameImage).toHaveBeenCalledTimes(1);
  });
  it('follow the newest request of a side, and leave the other side alone', async () => {
    const { media, answer } = decoder();
    const frameImages = createFrameImages(media);
    const old = frameImages.request('a', 1, 1);
    const other = frameImages.request('b', 1, 2);
    const now = frameImages.request('a', 1, 3);
    await expect(old).rejects.toMatchObject({ name: 'AbortError' });
    expect(await frameImages.request('a', 1, 3)).toBeNull();
    answer(2);
    answer(3);
    await Promise.all([other, now]);
    expect([1, 2, 3].map((index) => frameImages.has(1, index))).toEqual([false, true, true]);
    expect(media.frameImage).toHaveBeenCalledTimes(3);
  });
  it('share the decoding of a frame until both requests are aborted', async () => {
    const { media, answer } = decoder();
    const frameImages = createFrameImages(media);
    const [a, b] = [frameImages.request('a', 1, 7), frameImages.request('b', 1, 7)];
    const signal = media.frameImage.mock.calls[0]?.[2];
    const other = frameImages.request('a', 1, 8);
    await expect(a).rejects.toMatchObject({ name: 'AbortError' });
    expect(signal?.aborted).toBe(false);
    answer(7);
    answer(8);
    await other;
    expect((await b)?.decoded).toBe(5);
    expect((await frameImages.request('b', 1, 7))?.decoded).toBe(0);
    expect(media.frameImage).toHaveBeenCalledTimes(2);

    const [c, d] = [frameImages.request('a', 1, 9), frameImages.request('b', 1, 9)];
    frameImages.cancel();
    await expect(c).rejects.toMatchObject({ name: 'AbortError' });
    await expect(d).rejects.toMatchObject({ name: 'AbortError' });
    expect(media.frameImage.mock.calls[2]?.[2]?.aborted).toBe(true);
  });
  it('evict the least recently used beyond the capacity', async () => {
    const { media, answer } = decoder(30e6);
    const frameImages = createFrameImages(media);
    for (const index of [0, 1, 2]) {
      const request = frameImages.request('a', 1, index);
      answer(index);
      await request;
      // Used again: evicted last.
      frameImages.get(1, 0);
    }
    expect([0, 1, 2].map((index) => frameImages.has(1, index))).toEqual([true, false, true]);
    frameImages.clear();
    expect(frameImages.has(1, 0)).toBe(false);
  });
  it('reject with the error of the decoder', async () => {
    const frameImages = createFrameImages({ frameImage: () => Promise.reject(new Error('broken')) });
    await expect(frameImages.request('a', 1, 1)).rejects.toThrow('broken');
    expect(frameImages.busy).toBe(false);
  });
});
