/** PSNR and SSIM of two videos, pair by pair of the page's clock, and the VMAF log beside them. */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import { readVmafLog, type VmafLog } from '../../../../core/files/vmaf-log.ts';
import { type MetricSummary, summariseMetrics } from '../../../../core/stats/full-reference.ts';
import type { ComparedLuma, ComparedSide } from '../../../../workers/full-reference/api.ts';
import type { Measure } from '../../../../workers/full-reference/client.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import type { CompareState } from './store.ts';
import { type ComparedPairs, comparedPairs } from './timeline.ts';

export interface MeasureState {
  readonly phase: 'idle' | 'running' | 'done' | 'stopped' | 'error';
  /** The pairs of the open videos, measured or not; null without a second video. */
  readonly pairs: ComparedPairs | null;
  /** Pairs that are measured. */
  readonly done: number;
  /** By timeline position, NaN where there is no value; [positions]. Replaced with every batch. */
  readonly mse: Float64Array;
  readonly ssim: Float64Array;
  /** Null until the first measurement has begun. */
  readonly luma: ComparedLuma | null;
  readonly fromRgb: readonly ComparedSide[];
  readonly seconds: number | null;
  readonly error: CodedErrorData | null;
  readonly vmaf: VmafLog | null;
  readonly vmafError: CodedErrorData | null;
}

const NONE = new Float64Array();
const UNMEASURED = {
  phase: 'idle',
  done: 0,
  luma: null,
  fromRgb: [],
  seconds: null,
  error: null,
} as const satisfies Partial<MeasureState>;
const EMPTY: MeasureState = {
  ...UNMEASURED,
  pairs: null,
  mse: NONE,
  ssim: NONE,
  vmaf: null,
  vmafError: null,
};

export interface MeasurerDependencies {
  readonly measure: Measure;
  readonly state: () => CompareState;
}

/** Names all that the pairs depend on. */
const keyOf = ({ a, b, settings }: CompareState): string =>
  a && b ? `${a.video.id}/${b.video.id}/${settings.offset}` : '';

export class Measurer {
  readonly store = createStore<MeasureState>(() => EMPTY);
  readonly #measure: Measure;
  readonly #compare: () => CompareState;
  #stop = new AbortController();
  #key = '';
  #videos = '';

  constructor({ measure, state }: MeasurerDependencies) {
    this.#measure = measure;
    this.#compare = state;
  }

  /** Drops values of other videos or another offset; to be called after each change of the page's state. */
  follow = (): void => {
    const state = this.#compare();
    const key = keyOf(state);
    if (key === this.#key) return;
    this.#key = key;
    this.#stop.abort();
    const { a, b, timeline, settings } = state;
    const videos = `${a?.video.id}/${b?.video.id}`;
    const log = videos === this.#videos ? {} : { vmaf: null, vmafError: null };
    this.#videos = videos;
    if (!a || !b || !timeline) {
      this.store.setState(EMPTY);
      return;
    }
    const clip = ({ video }: typeof a) => ({ times: video.times, duration: video.facts.duration });
    const pairs = comparedPairs(timeline, clip(a), clip(b), settings.offset);
    const none = new Float64Array(timeline.positions).fill(Number.NaN);
    this.store.setState({ ...UNMEASURED, ...log, pairs, mse: none, ssim: none });
  };

  /** Measures all pairs, from the first one. */
  run = async (): Promise<void> => {
    const { a, b, timeline } = this.#compare();
    const { pairs } = this.store.getState();
    if (!a || !b || !timeline || !pairs) return;
    this.#stop.abort();
    const stop = new AbortController();
    this.#stop = stop;
    const isCurrent = () => this.#stop === stop && !stop.signal.aborted;
    const none = new Float64Array(timeline.positions).fill(Number.NaN);
    this.store.setState({ ...UNMEASURED, phase: 'running', mse: none, ssim: none });
    const request = { a: a.file, b: b.file, framesA: pairs.a, framesB: pairs.b };
    try {
      const report = await this.#measure(
        request,
        {
          onPlan: (luma) => isCurrent() && this.store.setState({ luma }),
          onBatch: ({ from, mse, ssim }) => isCurrent() && this.#add(pairs, from, mse, ssim),
        },
        stop.signal,
      );
      if (isCurrent()) this.store.setState({ phase: 'done', ...report });
    } catch (error) {
      if (this.#stop !== stop || this.store.getState().phase !== 'running') return;
      this.store.setState(
        isAbort(error) ? { phase: 'stopped' } : { phase: 'error', error: toErrorData(error) },
      );
    }
  };

  /** Stops; the values so far stay. */
  stop = (): void => this.#stop.abort();

  /** Reads a log of libvmaf, in which a frame is a frame of B. */
  openLog = async (file: File): Promise<void> => {
    try {
      const vmaf = readVmafLog(file.name, await file.text());
      this.store.setState({ vmaf, vmafError: null });
    } catch (error) {
      this.store.setState({ vmafError: toErrorData(error) });
    }
  };

  closeLog = (): void => this.store.setState({ vmaf: null, vmafError: null });

  dismissLogError = (): void => this.store.setState({ vmafError: null });

  #add({ positions }: ComparedPairs, from: number, newMse: Float64Array, newSsim: Float64Array): void {
    const { mse, ssim, done } = this.store.getState();
    const [nextMse, nextSsim] = [mse.slice(), ssim.slice()];
    for (let k = 0; k < newMse.length; k++) {
      const position = positions[from + k]!;
      nextMse[position] = newMse[k]!;
      nextSsim[position] = newSsim[k]!;
    }
    this.store.setState({ mse: nextMse, ssim: nextSsim, done: done + newMse.length });
  }
}

/** Figures of what is measured; null before the first value. */
export function summaryOf({ mse, ssim, luma }: MeasureState): MetricSummary | null {
  const summary = luma && summariseMetrics(mse, ssim, luma.peak);
  return summary && summary.pairs > 0 ? summary : null;
}

/** VMAF by timeline position: the value of B's frame there, NaN without one. */
export function vmafByPosition({ vmaf, pairs, mse }: MeasureState): Float64Array | null {
  if (!vmaf || !pairs) return null;
  const values = new Float64Array(mse.length).fill(Number.NaN);
  for (const [k, position] of pairs.positions.entries())
    values[position] = vmaf.frames[pairs.b[k]!] ?? Number.NaN;
  return values;
}
