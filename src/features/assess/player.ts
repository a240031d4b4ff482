/**
 * Playback of the open video. Positions are frames of the `times` table, so a variable frame rate works too; the
 * browser's `<video>` is seeked to them. A frame that the browser cannot play, or hides behind an edit list, comes from
 * the media worker.
 */
import { createStore } from 'zustand/vanilla';
import { frameAt } from '../../../core/sampling/frame-sampling.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import { persist, readPersisted } from '../../assessment/persisted.ts';
import { playbackControls } from '../../page/playback.ts';

export const RATES = [-2, -1, -0.5, 0.25, 0.5, 1, 1.5, 2, 4] as const;

export interface PlayerState {
  /** Source frame that is shown, 0 … frames − 1. */
  readonly frame: number;
  readonly playing: boolean;
  readonly rate: number;
  readonly loop: boolean;
  readonly muted: boolean;
  /** One video pixel per device pixel, instead of fitting the area. */
  readonly actual: boolean;
  /** On a sampled frame: shows the pixels that the model saw. */
  readonly modelView: boolean;
  /** Playback by the browser: not tried yet, works, fails. */
  readonly native: 'unknown' | 'yes' | 'no';
}

/** Time inside a frame in seconds, away from both ends, so that rounding cannot reach a neighbour. */
export function middleOf(times: Float64Array, frame: number, duration: number): number {
  const from = times[frame] ?? 0;
  const to = times[frame + 1] ?? Math.max(duration, from + 0.001);
  return from + Math.min((to - from) / 2, 0.25);
}

export function createPlayer(file: File, video: OpenedVideo) {
  const { times, start, facts } = video;
  const last = times.length - 1;
  const address = URL.createObjectURL(file);
  const store = createStore<PlayerState>(() => ({
    frame: 0,
    playing: false,
    rate: 1,
    loop: readPersisted('loop', (value) => value === true, false),
    muted: readPersisted('muted', (value) => value !== false, true),
    actual: false,
    modelView: false,
    native: 'unknown',
  }));
  const get = store.getState;
  const set = (change: Partial<PlayerState>) => store.setState(change);
  let element: HTMLVideoElement | null = null;
  /** Frame to seek to when the seek in progress has ended. */
  let wanted: number | null = null;
  let backwards = 0;

  function seekElement(frame: number): void {
    if (!element || get().native !== 'yes') return;
    if (element.seeking) {
      wanted = frame;
      return;
    }
    wanted = null;
    element.currentTime = Math.max(0, middleOf(times, frame, facts.duration) + start);
  }

  function show(frame: number): void {
    const to = Math.min(last, Math.max(0, Math.round(frame)));
    set({ frame: to });
    seekElement(to);
  }

  function stopBackwards(): void {
    cancelAnimationFrame(backwards);
    backwards = 0;
  }

  /** Plays backwards by seeks, as fast as the browser finishes them: browsers play forwards only. */
  function runBackwards(rate: number): void {
    element?.pause();
    const from = { at: performance.now(), time: times[get().frame] ?? 0 };
    const step = () => {
      const time = from.time + (rate * (performance.now() - from.at)) / 1000;
      if (time <= 0) {
        show(0);
        set({ playing: false });
        return;
      }
      if (!element?.seeking) show(frameAt(times, time));
      backwards = requestAnimationFrame(step);
    };
    backwards = requestAnimationFrame(step);
  }

  function play(rate: number): void {
    if (!element || get().native !== 'yes') return;
    stopBackwards();
    set({ playing: true, rate });
    if (rate < 0) {
      runBackwards(rate);
      return;
    }
    if (get().frame >= last) show(0);
    element.playbackRate = rate;
    void element.play().catch(() => set({ playing: false }));
  }

  function pause(): void {
    stopBackwards();
    element?.pause();
    set({ playing: false });
  }

  /** Takes over the frame that the browser has presented. */
  function follow(shown: HTMLVideoElement, mediaTime: number): void {
    if (shown !== element || shown.seeking || shown.paused) return;
    const frame = frameAt(times, mediaTime - start + 0.0005);
    if (frame !== get().frame) set({ frame });
  }

  function attach(to: HTMLVideoElement): () => void {
    element = to;
    to.muted = get().muted;
    to.loop = get().loop;
    const events = new AbortController();
    const on = (type: keyof HTMLMediaElementEventMap, act: () => void) =>
      to.addEventListener(type, act, { signal: events.signal });
    on('loadeddata', () => {
      // A file of which only the sound can be played has no video size.
      set({ native: to.videoWidth > 0 ? 'yes' : 'no' });
      seekElement(get().frame);
    });
    on('error', () => set({ native: 'no', playing: false }));
    on('seeked', () => {
      if (wanted !== null) seekElement(wanted);
    });
    on('ended', () => set({ playing: false, frame: last }));
    on('pause', () => {
      if (!backwards && !to.ended) set({ playing: false });
    });
    on('play', () => set({ playing: true }));
    if (typeof to.requestVideoFrameCallback === 'function') {
      const watch = () =>
        to.requestVideoFrameCallback((_, { mediaTime }) => {
          follow(to, mediaTime);
          if (element === to) watch();
        });
      watch();
    } else on('timeupdate', () => follow(to, to.currentTime));
    return () => {
      events.abort();
      to.pause();
      stopBackwards();
      if (element === to) element = null;
    };
  }

  const controls = playbackControls({
    rates: RATES,
    times: () => times,
    state: () => ({ position: get().frame, playing: get().playing, rate: get().rate }),
    show,
    play,
    pause,
    setRate: (rate) => set({ rate }),
  });

  return {
    store,
    video,
    /** `blob:` address of the file. */
    address,
    attach,
    ...controls,
    step(frames: number): void {
      pause();
      show(get().frame + frames);
    },
    toggle(): void {
      if (get().playing) pause();
      else play(get().rate > 0 ? get().rate : 1);
    },
    toggleLoop(): void {
      const loop = !get().loop;
      set({ loop });
      persist('loop', loop);
      if (element) element.loop = loop;
    },
    toggleMute(): void {
      const muted = !get().muted;
      set({ muted });
      persist('muted', muted);
      if (element) element.muted = muted;
    },
    toggleActual: () => set({ actual: !get().actual }),
    toggleModelView: () => set({ modelView: !get().modelView }),
    dispose(): void {
      pause();
      URL.revokeObjectURL(address);
    },
  };
}

export type Player = ReturnType<typeof createPlayer>;
