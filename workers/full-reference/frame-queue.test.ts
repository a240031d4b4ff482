import { describe, expect, it, vi } from 'vitest';
import { FrameQueue } from './frame-queue.ts';

const frame = (index: number) => ({ index, release: vi.fn() });
const settled = async (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([work.then(() => true), new Promise<boolean>((done) => setTimeout(() => done(false), 5))]);

describe('FrameQueue', () => {
  it('gives a frame as often as it is requested, and releases it with a later request', async () => {
    const queue = new FrameQueue<ReturnType<typeof frame>>(2);
    const [one, two] = [frame(1), frame(2)];
    void queue.push(1, one);
    void queue.push(2, two);
    expect(await queue.take(1)).toBe(one);
    expect(await queue.take(1)).toBe(one);
    expect(one.release).not.toHaveBeenCalled();
    expect(await queue.take(2)).toBe(two);
    expect(one.release).toHaveBeenCalledOnce();
  });

  it('makes the decoder wait when it is full, and the comparison when it is empty', async () => {
    const queue = new FrameQueue<ReturnType<typeof frame>>(1);
    const taken = queue.take(0);
    expect(await settled(taken)).toBe(false);
    expect(await settled(queue.push(0, frame(0)))).toBe(true);
    const full = queue.push(1, frame(1));
    expect(await settled(full)).toBe(false);
    await queue.take(1);
    expect(await settled(full)).toBe(true);
  });

  it('gives null for a frame that the stream has passed by, instead of waiting for ever', async () => {
    const queue = new FrameQueue<ReturnType<typeof frame>>(2);
    for (const index of [4, 5, 6]) void queue.push(index, frame(index));
    expect(await queue.take(3)).toBeNull();
    expect((await queue.take(4))?.index).toBe(4);
    const last = queue.take(9);
    queue.end();
    expect(await last).toBeNull();
  });

  it('releases a frame that comes too late', async () => {
    const queue = new FrameQueue<ReturnType<typeof frame>>(2);
    queue.end();
    await queue.take(5);
    const late = frame(3);
    await queue.push(3, late);
    expect(late.release).toHaveBeenCalledOnce();
  });

  it('gives what came before an error, then throws it', async () => {
    const queue = new FrameQueue<ReturnType<typeof frame>>(2);
    void queue.push(0, frame(0));
    queue.end(new Error('stalled'));
    expect((await queue.take(0))?.index).toBe(0);
    await expect(queue.take(1)).rejects.toThrow('stalled');
  });
});
