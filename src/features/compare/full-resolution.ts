/** Requests of the viewer for full-resolution frames, in a pause of the clock. */
import { isAbort } from '../../../core/errors.ts';
import { compare } from './state/session.ts';
import { NO_FRAME } from './state/timeline.ts';

const SIDES = ['a', 'b'] as const;
/** Milliseconds of pause before a request: a held arrow key passes many frames. */
const DECODE_DELAY = 30;

function holdProxyFrames(on: boolean): void {
  for (const name of SIDES) compare.sideOf(name)?.frames.hold(on);
}

/** @param onArrival called after each decoded frame */
export function createFullResolution(onArrival: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** @returns number of frames decoded on the way */
  async function requestSide(name: (typeof SIDES)[number], position: number): Promise<number> {
    const side = compare.sideOf(name);
    const index = compare.frameOf(name, position);
    if (!side || index === NO_FRAME || side.frames.exact(index)) return 0;
    side.frames.hold(true);
    try {
      const image = await compare.frameImages.request(name, side.video.id, index);
      onArrival();
      return image?.decoded ?? 0;
    } catch (error) {
      if (!isAbort(error)) console.warn(error);
      return 0;
    }
  }

  /** Requests the frames of both sides at once; the proxy frames wait. */
  async function requestBoth(): Promise<void> {
    const start = performance.now();
    const { position } = compare.clock.store.getState();
    const counts = await Promise.all(SIDES.map((name) => requestSide(name, position)));
    if (compare.frameImages.busy) return;
    holdProxyFrames(false);
    const decoded = counts.reduce((sum, count) => sum + count, 0);
    performance.measure('compare:full-resolution', { start, end: performance.now(), detail: { decoded } });
  }

  return {
    /** Requests the current frames after a pause; aborts the requests while the clock runs. */
    settle(): void {
      clearTimeout(timer);
      if (compare.clock.store.getState().playing) {
        compare.frameImages.cancel();
        holdProxyFrames(false);
      } else timer = setTimeout(() => void requestBoth(), DECODE_DELAY);
    },
    dispose(): void {
      clearTimeout(timer);
      compare.frameImages.cancel();
    },
  };
}
