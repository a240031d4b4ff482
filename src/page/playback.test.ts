import { describe, expect, it } from 'vitest';
import { playbackControls } from './playback.ts';

/** Ten frames in 2 s, then one frame of 3 s, then one more. */
const times = [...Array.from({ length: 10 }, (_, i) => i / 5), 2, 5];

function clock() {
  const state = { position: 0, playing: false, rate: 1 };
  const controls = playbackControls({
    rates: [-2, -1, 0.5, 1, 2],
    times: () => times,
    state: () => state,
    show: (position) => {
      state.position = Math.min(times.length - 1, Math.max(0, position));
    },
    play: (rate) => Object.assign(state, { playing: true, rate }),
    pause: () => {
      state.playing = false;
    },
    setRate: (rate) => {
      state.rate = rate;
    },
  });
  return { state, controls };
}

describe('playback controls', () => {
  it('seek stops, scrub plays on', () => {
    const { state, controls } = clock();
    state.playing = true;
    controls.scrub(4);
    expect(state).toEqual({ position: 4, playing: true, rate: 1 });
    controls.seek(7);
    expect(state).toEqual({ position: 7, playing: false, rate: 1 });
  });
  it('a step of a second lands on the frame that is shown then', () => {
    const { state, controls } = clock();
    controls.stepSeconds(1);
    expect(state.position).toBe(5);
    controls.stepSeconds(-1);
    expect(state.position).toBe(0);
    controls.stepSeconds(-1);
    expect(state.position).toBe(0);
  });
  it('a step of a second leaves a frame that is longer than that', () => {
    const { state, controls } = clock();
    controls.seek(10);
    controls.stepSeconds(1);
    expect(state.position).toBe(11);
  });
  it('shifts along the speeds and stays at their ends', () => {
    const { state, controls } = clock();
    controls.shift(-1);
    expect(state).toMatchObject({ playing: true, rate: -1 });
    controls.shift(-1);
    controls.shift(-1);
    expect(state.rate).toBe(-2);
    controls.pause();
    controls.shift(1);
    expect(state.rate).toBe(1);
    controls.shift(1);
    controls.shift(1);
    expect(state.rate).toBe(2);
  });
  it('sets the speed without starting', () => {
    const { state, controls } = clock();
    controls.setRate(0.5);
    expect(state).toMatchObject({ playing: false, rate: 0.5 });
    state.playing = true;
    controls.setRate(2);
    expect(state).toMatchObject({ playing: true, rate: 2 });
  });
});
