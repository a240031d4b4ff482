/** PSNR and SSIM of two videos: both are decoded once, in order, and each pair is compared as it comes. */
import { CodedError } from '../../core/errors.ts';
import { PlaneComparer } from '../../core/stats/full-reference.ts';
import { decodeFrames } from '../media/decode.ts';
import { Video } from '../media/video.ts';
import { releaseCallback } from '../thread/rpc.ts';
import type { FullReferenceApi } from './api.ts';
import { Batches } from './batches.ts';
import { FrameQueue } from './frame-queue.ts';
import { type HeldLuma, LumaReader } from './luma.ts';
import { planComparison, waitingFrames } from './plan.ts';

/** Decodes the frames into a queue; those that cannot be decoded are left out. */
async function decodeInto(
  queue: FrameQueue<HeldLuma>,
  video: Video,
  frames: Int32Array,
  reader: LumaReader,
): Promise<void> {
  // Copies of several frames may end in another order, and the queue takes a frame that is behind for a missing one.
  let last = Promise.resolve();
  const add = async (index: number, frame: VideoFrame) => queue.push(index, await reader.read(frame));
  try {
    await decodeFrames(
      video,
      frames,
      (index, _used, frame) => {
        last = last.then(() => add(index, frame));
        return last;
      },
      { software: false, signal: new AbortController().signal, substitutes: false },
    );
    queue.end();
  } catch (error) {
    queue.end(error);
  }
}

export const fullReference: FullReferenceApi = {
  async measure({ a, b, framesA, framesB }, onPlan, onBatch) {
    const start = performance.now();
    const videos = await Promise.all([Video.open(a), Video.open(b)]);
    const luma = planComparison(videos[0].facts, videos[1].facts);
    onPlan(luma);
    const comparer = new PlaneComparer(luma.width, luma.height, luma.peak);
    const readers = videos.map(({ facts }) => new LumaReader(facts, luma)) as [LumaReader, LumaReader];
    const waiting = waitingFrames(videos.map(({ facts }) => facts));
    const queueA = new FrameQueue<HeldLuma>(waiting);
    const queueB = new FrameQueue<HeldLuma>(waiting);
    void decodeInto(queueA, videos[0], framesA, readers[0]);
    void decodeInto(queueB, videos[1], framesB, readers[1]);
    const batches = new Batches(onBatch);
    let compared = 0;
    for (let pair = 0; pair < framesA.length; pair++) {
      const [planeA, planeB] = await Promise.all([queueA.take(framesA[pair]!), queueB.take(framesB[pair]!)]);
      if (planeA && planeB) {
        const { mse, ssim } = comparer.compare(planeA, planeB);
        batches.add(mse, ssim ?? Number.NaN);
        compared++;
      } else batches.add(Number.NaN, Number.NaN);
    }
    await batches.end();
    if (compared === 0) throw new CodedError('media/damaged');
    releaseCallback(onPlan);
    releaseCallback(onBatch);
    const fromRgb = (['a', 'b'] as const).filter((_, i) => readers[i]?.fromRgb);
    return { seconds: (performance.now() - start) / 1000, fromRgb };
  },
};
