/** Clock of the timeline: frame times and the current frame. Without the video it cannot play, only seek. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { QualityTimeline } from '../../../../core/files/quality-timeline.ts';

export interface Clock {
  readonly video: {
    /** Presentation time of every frame in seconds. */
    readonly times: ArrayLike<number>;
    readonly facts: { readonly name: string; readonly duration: number };
  };
  readonly store: Pick<StoreApi<{ readonly frame: number }>, 'getState' | 'getInitialState' | 'subscribe'>;
  seek(frame: number): void;
  scrub(frame: number): void;
}

/** Evenly spaced frame times within each segment: a timeline file has no times of single frames. */
function timesOf({ segments }: QualityTimeline): number[] {
  return segments.flatMap(({ frames, start, end }) =>
    Array.from({ length: frames }, (_, i) => start + ((end - start) * i) / frames),
  );
}

export function stillClock(curve: QualityTimeline): Clock {
  const store = createStore(() => ({ frame: 0 }));
  const times = timesOf(curve);
  const seek = (frame: number) => store.setState({ frame: Math.min(times.length - 1, Math.max(0, frame)) });
  return {
    video: { times, facts: { name: curve.result.file.name, duration: curve.duration } },
    store,
    seek,
    scrub: seek,
  };
}
