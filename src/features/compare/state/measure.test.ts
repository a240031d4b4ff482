/** The measurement's state over a stand-in for the worker: batches, offset, stop, errors, a VMAF log. */
import { describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../../../core/errors.ts';
import type { ComparedLuma } from '../../../../workers/full-reference/api.ts';
import type { Measure, MeasureListener } from '../../../../workers/full-reference/client.ts';
import { Measurer, summaryOf, vmafByPosition } from './measure.ts';
import { DEFAULTS } from './settings.ts';
import type { CompareState, Side } from './store.ts';
import { pairTimeline } from './timeline.ts';

const LUMA: ComparedLuma = {
  width: 64,
  height: 36,
  bitDepth: 8,
  peak: 255,
  range: 'limited',
  resized: null,
  mixedMatrices: false,
};

const side = (id: number, frames: number, fps: number): Side =>
  ({
    file: new File(['x'], `${id}.mp4`),
    video: {
      id,
      times: Float64Array.from({ length: frames }, (_, i) => i / fps),
      facts: { duration: frames / fps },
    },
  }) as unknown as Side;

const clip = ({ video }: Side) => ({ times: video.times, duration: video.facts.duration });

function stateOf(a: Side, b: Side | null, offset = 0): CompareState {
  const timeline = b ? pairTimeline(clip(a), clip(b), offset) : null;
  return { settings: { ...DEFAULTS, offset }, a, b, timeline } as unknown as CompareState;
}

interface Call extends MeasureListener {
  readonly request: Parameters<Measure>[0];
  readonly signal: AbortSignal;
  readonly done: PromiseWithResolvers<{ seconds: number; fromRgb: [] }>;
}

function world(first: CompareState) {
  let state = first;
  const calls: Call[] = [];
  const measure: Measure = (request, listener, signal) => {
    const done = Promise.withResolvers<{ seconds: number; fromRgb: [] }>();
    signal.addEventListener('abort', () => done.reject(signal.reason));
    calls.push({ ...listener, request, signal, done });
    return done.promise;
  };
  const measurer = new Measurer({ measure, state: () => state });
  measurer.follow();
  return {
    measurer,
    calls,
    change(next: CompareState) {
      state = next;
      measurer.follow();
    },
    get now() {
      return measurer.store.getState();
    },
  };
}

const batch = (from: number, mse: number[]) => ({
  from,
  mse: Float64Array.from(mse),
  ssim: Float64Array.from(mse, () => 0.5),
});

describe('Measurer', () => {
  it('pairs the frames by the clock, and puts each value at its position', async () => {
    const page = world(stateOf(side(1, 4, 25), side(2, 4, 25), 1));
    const run = page.measurer.run();
    const { request, onPlan, onBatch, done } = page.calls[0]!;
    // The last position of A has no frame of B.
    expect([[...request.framesA], [...request.framesB]]).toEqual([
      [0, 1, 2],
      [1, 2, 3],
    ]);
    onPlan(LUMA);
    onBatch(batch(0, [4]));
    expect(page.now).toMatchObject({ phase: 'running', done: 1 });
    onBatch(batch(1, [9, Number.NaN]));
    done.resolve({ seconds: 1, fromRgb: [] });
    await run;
    expect([...page.now.mse]).toEqual([4, 9, Number.NaN, Number.NaN]);
    expect(page.now).toMatchObject({ phase: 'done', done: 3, seconds: 1 });
    expect(summaryOf(page.now)).toMatchObject({ pairs: 2, minPsnr: { index: 1 } });
  });

  it('drops the values of another offset, and ends their measurement', async () => {
    const [a, b] = [side(1, 4, 25), side(2, 4, 25)];
    const page = world(stateOf(a, b));
    const run = page.measurer.run();
    const { onPlan, onBatch, signal } = page.calls[0]!;
    onPlan(LUMA);
    onBatch(batch(0, [4]));
    page.change(stateOf(a, b, -1));
    await run;
    expect(signal.aborted).toBe(true);
    onBatch(batch(1, [9]));
    expect(page.now).toMatchObject({ phase: 'idle', done: 0 });
    expect(summaryOf(page.now)).toBeNull();
    // A timeline that is drawn anew pairs the same frames.
    void page.measurer.run();
    page.change(stateOf(a, b, -1));
    expect(page.now.phase).toBe('running');
  });

  it('keeps the values so far when it is stopped, and starts anew', async () => {
    const page = world(stateOf(side(1, 4, 25), side(2, 4, 25)));
    const run = page.measurer.run();
    page.calls[0]!.onPlan(LUMA);
    page.calls[0]!.onBatch(batch(0, [4, 5]));
    page.measurer.stop();
    await run;
    expect(page.now).toMatchObject({ phase: 'stopped', done: 2 });
    void page.measurer.run();
    expect(page.now).toMatchObject({ phase: 'running', done: 0 });
  });

  it('holds the error of a measurement', async () => {
    const page = world(stateOf(side(1, 4, 25), side(2, 4, 25)));
    const run = page.measurer.run();
    page.calls[0]!.done.reject(new CodedError('compare/aspect', { a: '1 × 1', b: '2 × 1' }));
    await run;
    expect(page.now).toMatchObject({ phase: 'error', error: { code: 'compare/aspect' } });
  });

  it('puts VMAF at the frames of B, and keeps the log until other videos are open', async () => {
    const [a, b] = [side(1, 2, 25), side(2, 4, 50)];
    const page = world(stateOf(a, b));
    const log = new File(['Frame,vmaf\n0,90\n1,80\n3,60\n'], 'vmaf.csv');
    await page.measurer.openLog(log);
    expect([...(vmafByPosition(page.now) ?? [])]).toEqual([90, 80, Number.NaN, 60]);
    page.change(stateOf(a, b, 1));
    expect([...(vmafByPosition(page.now) ?? [])]).toEqual([80, Number.NaN, 60, Number.NaN]);
    await page.measurer.openLog(new File(['nothing'], 'x.csv'));
    expect(page.now).toMatchObject({ vmafError: { code: 'compare/log' }, vmaf: { file: 'vmaf.csv' } });
    page.change(stateOf(a, side(3, 4, 50)));
    await vi.waitFor(() => expect(page.now.vmaf).toBeNull());
  });

  it('has no pairs with one video', () => {
    expect(world(stateOf(side(1, 4, 25), null)).now.pairs).toBeNull();
  });
});
