/** Stalls of the open video, and what each of them costs: the score with all of them, with none, and without each one. */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import { orderedStalls, readStalls, type Stall } from '../../../core/vqa2/stalls.ts';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import type { MediaClient } from '../../../workers/media/client.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import type { Vqa2Client } from '../../../workers/model/client.ts';
import { toErrorData } from '../model/model-store.ts';
import { CurrentRun } from '../run/run-handle.ts';
import { scoreVideo } from './score-video.ts';

/** Scores of 0 to 100; null where one is not there yet. */
export interface StallCosts {
  readonly state: 'running' | 'done' | 'stopped';
  readonly stalls: readonly Stall[];
  readonly all: number | null;
  readonly none: number | null;
  /** Without the stall of the same index. */
  readonly without: readonly (number | null)[];
}

export interface StallState {
  readonly file: File | null;
  readonly stalls: readonly Stall[];
  readonly costs: StallCosts | null;
  readonly error: CodedErrorData | null;
}

const EMPTY: StallState = { file: null, stalls: [], costs: null, error: null };

export interface StallDependencies {
  readonly media: Pick<MediaClient, 'frames'>;
  readonly client: Vqa2Client;
}

export class StallStore {
  readonly store = createStore<StallState>(() => EMPTY);
  readonly #dependencies: StallDependencies;
  readonly #current = new CurrentRun();

  constructor(dependencies: StallDependencies) {
    this.#dependencies = dependencies;
  }

  /** Shows a video; another one begins without stalls. */
  use = (file: File | null): void => {
    if (this.store.getState().file === file) return;
    this.#current.cancel();
    this.store.setState({ ...EMPTY, file });
  };

  /** Replaces the stalls; what was measured with others goes. */
  set = (stalls: readonly Stall[]): void => {
    this.#current.cancel();
    this.store.setState({ stalls, costs: null, error: null });
  };

  /** Stalls of a list in place of the present ones. An error is in the state, and the present ones stay. */
  read = (text: string, { facts }: OpenedVideo): void => {
    try {
      this.set(orderedStalls(readStalls(text), facts));
    } catch (error) {
      this.store.setState({ error: toErrorData(error) });
    }
  };

  stop = (): void => this.#current.abort();

  /** Scores with all stalls, with none, and without each one; what is there when it is stopped stays. */
  measure = async (video: OpenedVideo, model: LoadedVqa2): Promise<void> => {
    const { file, stalls: given } = this.store.getState();
    if (!file) return;
    const run = this.#current.begin();
    try {
      const stalls = orderedStalls(given, video.facts);
      const score = async (some: readonly Stall[]) => {
        const { outcome } = await scoreVideo(
          { file, video },
          {
            ...this.#dependencies,
            model,
            stalls: some,
            shown: 'none',
            signal: run.signal,
            onEvent: () => {},
          },
        );
        return outcome.levels.percent;
      };
      let costs: StallCosts = {
        state: 'running',
        stalls,
        all: null,
        none: null,
        without: stalls.map(() => null),
      };
      const change = (to: Partial<StallCosts>) => {
        costs = { ...costs, ...to };
        if (run.isCurrent()) this.store.setState({ stalls, costs });
      };
      change({});
      change({ all: await score(stalls) });
      change({ none: await score([]) });
      for (const [i] of stalls.entries()) {
        // Without the only one there is none.
        const percent = stalls.length === 1 ? costs.none : await score(stalls.filter((_, k) => k !== i));
        change({ without: costs.without.with(i, percent) });
      }
      change({ state: 'done' });
    } catch (error) {
      if (!run.isCurrent()) return;
      const { costs } = this.store.getState();
      this.store.setState({
        costs: costs && { ...costs, state: 'stopped' },
        error: isAbort(error) ? null : toErrorData(error),
      });
    } finally {
      run.end();
    }
  };
}
