/**
 * Playback of the open video. Positions are frames of the `times` table, so a variable frame rate works too; the
 * browser's `<video>` is seeked to them. A frame that the browser cannot play, or hides behind an edit list, comes from
 * the media worker.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
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
  /** The attached element has shown a frame. WebKit shows none before it has played. */
  readonly painted: boolean;
}

/** Time inside a frame in seconds, away from both ends, so that rounding cannot reach a neighbour. */
export function middleOf(times: Float64Array, frame: number, duration: number): number {
  const from = times[frame] ?? 0;
  const to = times[frame + 1] ?? Math.max(duration, from + 0.001);
  return from + Math.min((to - from) / 2, 0.25);
}

/** Plays backwards by seeks, as fast as the browser finishes them: browsers play forwards only. Returns the way to stop. */
function playBackwards(
  rate: number,
  from: number,
  {
    seeking,
    showAt,
    onStart,
  }: { seeking: () => boolean; showAt: (time: number) => void; onStart: () => void },
): () => void {
  const startedAt = performance.now();
  let request = 0;
  const step = () => {
    const time = from + (rate * (performance.now() - startedAt)) / 1000;
    if (time <= 0) return onStart();
    if (!seeking()) showAt(time);
    request = requestAnimationFrame(step);
  };
  request = requestAnimationFrame(step);
  return () => cancelAnimationFrame(request);
}

/** Calls back with the media time of each presented frame, in seconds, while `active` holds. */
function watchFrames(
  element: HTMLVideoElement,
  active: () => boolean,
  signal: AbortSignal,
  onFrame: (mediaTime: number) => void,
): void {
  const present = (mediaTime: number) => {
    if (active() && !element.seeking && !element.paused) onFrame(mediaTime);
  };
  if (typeof element.requestVideoFrameCallback !== 'function') {
    element.addEventListener('timeupdate', () => present(element.currentTime), { signal });
    return;
  }
  const watch = () =>
    element.requestVideoFrameCallback((_, { mediaTime }) => {
      present(mediaTime);
      if (active()) watch();
    });
  watch();
}

/** Loop, sound and view of the player; loop and sound are stored on this device. */
function viewControls(store: StoreApi<PlayerState>, element: () => HTMLVideoElement | null) {
  const get = store.getState;
  const toggleStored = (name: 'loop' | 'muted') => {
    const value = !get()[name];
    store.setState({ [name]: value });
    persist(name, value);
    const video = element();
    if (video) video[name] = value;
  };
  return {
    toggleLoop: () => toggleStored('loop'),
    toggleMute: () => toggleStored('muted'),
    toggleActual: () => store.setState({ actual: !get().actual }),
    toggleModelView: () => store.setState({ modelView: !get().modelView }),
  };
}

/** Moves the element to frames; of several requests during a seek the last one counts. */
function elementSeeker(video: OpenedVideo, ready: () => HTMLVideoElement | null) {
  let wanted: number | null = null;
  function seek(frame: number): void {
    const element = ready();
    if (!element) return;
    wanted = element.seeking ? frame : null;
    if (wanted === null)
      element.currentTime = Math.max(0, middleOf(video.times, frame, video.facts.duration) + video.start);
  }
  return {
    seek,
    /** Must be called when a seek has ended. */
    finish: () => {
      if (wanted !== null) seek(wanted);
    },
  };
}

interface Attachment {
  readonly isAttached: () => boolean;
  readonly isBackwards: () => boolean;
  readonly seeker: ReturnType<typeof elementSeeker>;
}

/** WebKit calls back for the frame of a video that never played, and leaves the element empty. */
const PAINTS_WHILE_PAUSED = !/Apple/.test(globalThis.navigator?.vendor ?? '');

/** Copies events and presented frames of the element into the store; returns the way to stop. */
function followElement(
  element: HTMLVideoElement,
  { times, start }: OpenedVideo,
  store: StoreApi<PlayerState>,
  { isAttached, isBackwards, seeker }: Attachment,
): () => void {
  const get = store.getState;
  const set = (change: Partial<PlayerState>) => store.setState(change);
  const events = new AbortController();
  const on = (type: keyof HTMLMediaElementEventMap, act: () => void) =>
    element.addEventListener(type, act, { signal: events.signal });
  element.muted = get().muted;
  element.loop = get().loop;
  on('loadeddata', () => {
    // A file of which only the sound can be played has no video size.
    set({ native: element.videoWidth > 0 ? 'yes' : 'no' });
    seeker.seek(get().frame);
  });
  on('error', () => set({ native: 'no', playing: false }));
  on('seeked', seeker.finish);
  on('ended', () => set({ playing: false, frame: times.length - 1 }));
  on('pause', () => {
    if (!isBackwards() && !element.ended) set({ playing: false });
  });
  on('play', () => set({ playing: true }));
  set({ painted: false });
  on('playing', () => set({ painted: true }));
  if (PAINTS_WHILE_PAUSED) element.requestVideoFrameCallback?.(() => set({ painted: true }));
  watchFrames(element, isAttached, events.signal, (mediaTime) => {
    const frame = frameAt(times, mediaTime - start + 0.0005);
    if (frame !== get().frame) set({ frame });
  });
  return () => events.abort();
}

const newStore = () =>
  createStore<PlayerState>(() => ({
    frame: 0,
    playing: false,
    rate: 1,
    loop: readPersisted('loop', (value) => value === true, false),
    muted: readPersisted('muted', (value) => value !== false, true),
    actual: false,
    modelView: false,
    native: 'unknown',
    painted: false,
  }));

/** Shows and plays frames on the attached `<video>` and keeps the store up to date. */
function elementPlayback(video: OpenedVideo, store: StoreApi<PlayerState>) {
  const { times } = video;
  const last = times.length - 1;
  const get = store.getState;
  const set = (change: Partial<PlayerState>) => store.setState(change);
  let element: HTMLVideoElement | null = null;
  let backwards: (() => void) | null = null;
  const seeker = elementSeeker(video, () => (get().native === 'yes' ? element : null));

  function show(frame: number): void {
    const to = Math.min(last, Math.max(0, Math.round(frame)));
    set({ frame: to });
    seeker.seek(to);
  }

  function stopBackwards(): void {
    backwards?.();
    backwards = null;
  }

  function pause(): void {
    stopBackwards();
    element?.pause();
    set({ playing: false });
  }

  function play(rate: number): void {
    if (!element || get().native !== 'yes') return;
    stopBackwards();
    set({ playing: true, rate });
    if (rate < 0) {
      element.pause();
      backwards = playBackwards(rate, times[get().frame] ?? 0, {
        seeking: () => element?.seeking ?? false,
        showAt: (time) => show(frameAt(times, time)),
        onStart: () => {
          show(0);
          set({ playing: false });
        },
      });
      return;
    }
    if (get().frame >= last) show(0);
    element.playbackRate = rate;
    void element.play().catch(() => set({ playing: false }));
  }

  function attach(to: HTMLVideoElement): () => void {
    element = to;
    const detach = followElement(to, video, store, {
      isAttached: () => to === element,
      isBackwards: () => backwards !== null,
      seeker,
    });
    return () => {
      detach();
      to.pause();
      stopBackwards();
      if (element === to) element = null;
    };
  }

  return { show, play, pause, attach, element: () => element };
}

export function createPlayer(file: File, video: OpenedVideo) {
  const address = URL.createObjectURL(file);
  const store = newStore();
  const get = store.getState;
  const { show, play, pause, attach, element } = elementPlayback(video, store);
  const controls = playbackControls({
    rates: RATES,
    times: () => video.times,
    state: () => ({ position: get().frame, playing: get().playing, rate: get().rate }),
    show,
    play,
    pause,
    setRate: (rate) => store.setState({ rate }),
  });
  return {
    store,
    video,
    /** `blob:` address of the file. */
    address,
    attach,
    ...controls,
    ...viewControls(store, element),
    step(frames: number): void {
      pause();
      show(get().frame + frames);
    },
    toggle(): void {
      if (get().playing) pause();
      else play(get().rate > 0 ? get().rate : 1);
    },
    dispose(): void {
      pause();
      URL.revokeObjectURL(address);
    },
  };
}

export type Player = ReturnType<typeof createPlayer>;
