/** A benchmark of this machine: the adapter's rates first, then the speeds of one package. */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../../core/errors.ts';
import type { AdapterRates, PackageSpeeds } from '../../../../core/stats/benchmark.ts';
import type { BenchmarkStage } from '../../../../workers/model/api.ts';
import { toErrorData } from '../../../assessment/model/model-store.ts';
import { CurrentRun } from '../../../assessment/run/run-handle.ts';

export type BenchmarkStep = 'adapter' | 'load' | BenchmarkStage;

export interface BenchmarkState {
  /** The present measurement; null when nothing runs. */
  readonly step: BenchmarkStep | null;
  readonly rates: AdapterRates | null;
  readonly speeds: PackageSpeeds | null;
  readonly stopped: boolean;
  readonly error: CodedErrorData | null;
}

export interface BenchmarkDependencies {
  readonly measureAdapter: (signal: AbortSignal) => Promise<AdapterRates>;
  /** Loads the package anew. */
  readonly load: () => Promise<unknown>;
  readonly measurePackage: (
    onStage: (stage: BenchmarkStage) => void,
    signal: AbortSignal,
  ) => Promise<PackageSpeeds>;
}

const IDLE: BenchmarkState = { step: null, rates: null, speeds: null, stopped: false, error: null };

export class Benchmark {
  readonly store = createStore<BenchmarkState>(() => IDLE);
  readonly #dependencies: BenchmarkDependencies;
  readonly #run = new CurrentRun();

  constructor(dependencies: BenchmarkDependencies) {
    this.#dependencies = dependencies;
  }

  start = async (): Promise<void> => {
    const run = this.#run.begin();
    const { measureAdapter, load, measurePackage } = this.#dependencies;
    const change = (to: Partial<BenchmarkState>) => {
      if (run.isCurrent()) this.store.setState(to);
    };
    const next = (step: BenchmarkStep) => {
      run.signal.throwIfAborted();
      change({ step });
    };
    this.store.setState({ ...IDLE, step: 'adapter' });
    try {
      change({ rates: await measureAdapter(run.signal) });
      next('load');
      await load();
      next('prefill');
      change({ speeds: await measurePackage(next, run.signal) });
    } catch (error) {
      change(isAbort(error) ? { stopped: true } : { error: toErrorData(error) });
    } finally {
      change({ step: null });
      run.end();
    }
  };

  /** Takes effect before the next piece, frame or token; a load goes on to its end. */
  stop = (): void => this.#run.abort();
}
