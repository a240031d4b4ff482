/**
 * The conversion of a checkpoint, of a folder or of a model hub, to a package: looked at, offered, made. One at a time; it
 * outlives the view that started it, and another visit can go on with it.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { HubAddress } from '../../../core/files/hub-address.ts';
import type {
  CheckpointOffer,
  CheckpointSource,
  ConvertProgress,
  ConvertRequest,
  OfferedDtype,
} from '../../../workers/convert/api.ts';
import type { UnfinishedConversion } from '../../../workers/packages/api.ts';
import { CurrentRun } from '../run/run-handle.ts';
import { DownloadSpeed } from './download-speed.ts';
import { toErrorData } from './model-store.ts';

export interface RunningConversion {
  readonly name: string;
  readonly stage: ConvertProgress['stage'];
  /** Share of the stage, 0 to 1. */
  readonly share: number;
  /** Bytes of the checkpoint a second; null before the first measurement. */
  readonly speed: number | null;
  /** Seconds. */
  readonly left: number | null;
}

export interface ConversionState {
  /** Lists and headers are being read. */
  readonly looking: boolean;
  readonly offered: { readonly source: CheckpointSource; readonly offer: CheckpointOffer } | null;
  /** Repository that asks for a sign-in. */
  readonly locked: HubAddress | null;
  readonly running: RunningConversion | null;
  readonly unfinished: readonly UnfinishedConversion[];
  readonly error: CodedErrorData | null;
}

export interface ConversionDependencies {
  readonly look: (source: CheckpointSource, signal: AbortSignal) => Promise<CheckpointOffer>;
  readonly convert: (
    request: ConvertRequest,
    onProgress: (progress: ConvertProgress) => void,
    signal: AbortSignal,
  ) => Promise<string>;
  readonly unfinished: () => Promise<readonly UnfinishedConversion[]>;
  /** Puts a finished conversion into the list of packages; null when it could not. */
  readonly adopt: (id: string) => Promise<string | null>;
  readonly remove: (id: string) => Promise<void>;
  /** Asks the browser to keep what is stored. */
  readonly persist: () => Promise<unknown>;
  /** Milliseconds. */
  readonly now?: () => number;
}

const IDLE: ConversionState = {
  looking: false,
  offered: null,
  locked: null,
  running: null,
  unfinished: [],
  error: null,
};

export class Conversion {
  readonly store = createStore<ConversionState>(() => IDLE);
  readonly #dependencies: ConversionDependencies;
  readonly #looking = new CurrentRun();
  readonly #running = new CurrentRun();

  constructor(dependencies: ConversionDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reads the list of unfinished conversions. */
  open = async (): Promise<void> => {
    this.store.setState({ unfinished: await this.#dependencies.unfinished().catch(() => []) });
  };

  /** Looks at a checkpoint and offers it; an error is in the state. @returns true for an offer */
  look = async (source: CheckpointSource): Promise<boolean> => {
    const run = this.#looking.begin();
    this.store.setState({ looking: true, offered: null, locked: null, error: null });
    try {
      const offer = await this.#dependencies.look(source, run.signal);
      if (!run.isCurrent()) return false;
      const pinned = offer.address && source.kind === 'hub' ? { ...source, address: offer.address } : source;
      this.store.setState({ looking: false, offered: { source: pinned, offer } });
      return true;
    } catch (cause) {
      if (!run.isCurrent()) return false;
      const error = isAbort(cause) ? null : toErrorData(cause);
      const asks = error?.code === 'hub/access' || error?.code === 'hub/token';
      const locked = source.kind === 'hub' && asks ? source.address : null;
      this.store.setState({ looking: false, error, locked });
      return false;
    } finally {
      run.end();
    }
  };

  /** Withdraws the offer, the question for a token, and the error. */
  dismiss = (): void => {
    this.#looking.cancel();
    this.store.setState({ looking: false, offered: null, locked: null, error: null });
  };

  /** Makes the package that was offered. @returns its id; null after an error (in the state) or a stop */
  start = async (dtype: OfferedDtype): Promise<string | null> => {
    const { offered } = this.store.getState();
    const chosen = offered?.offer.packages.find((one) => one.dtype === dtype);
    if (!offered || !chosen) return null;
    const { source, offer } = offered;
    const { variants } = chosen;
    return this.#make({ source, name: offer.name, dtype, variants }, offer.weightBytes);
  };

  /** Goes on with a conversion of a hub. */
  resume = async (unfinished: UnfinishedConversion, token?: string): Promise<string | null> => {
    const { address } = unfinished;
    if (address === null) return null;
    const source = { kind: 'hub', address, ...(token !== undefined && { token }) } as const;
    if (!(await this.look(source))) return null;
    return this.start(unfinished.dtype);
  };

  /** Deletes the parts of an unfinished conversion. */
  discard = async (id: string): Promise<void> => {
    await this.#dependencies.remove(id).catch(() => {});
    await this.open();
  };

  stop = (): void => this.#running.abort();

  async #make(request: ConvertRequest, weightBytes: number): Promise<string | null> {
    if (this.#running.isRunning()) return null;
    const run = this.#running.begin();
    const { convert, adopt, persist, now = () => performance.now() } = this.#dependencies;
    const { name } = request;
    const speed = new DownloadSpeed(now);
    const first: RunningConversion = { name, stage: 'hash', share: 0, speed: null, left: null };
    this.store.setState({ offered: null, locked: null, error: null, running: first });
    let error: CodedErrorData | null = null;
    try {
      await persist().catch(() => {});
      const id = await convert(
        request,
        ({ stage, done, total }) => {
          if (!run.isCurrent()) return;
          const share = total > 0 ? done / total : 0;
          const read = speed.add((stage === 'hash' ? 0 : weightBytes) + share * weightBytes);
          const left = read !== null && read > 0 ? ((1 - share) * weightBytes) / read : null;
          this.store.setState({ running: { name, stage, share, speed: read, left } });
        },
        run.signal,
      );
      return await adopt(id);
    } catch (cause) {
      if (!isAbort(cause)) error = toErrorData(cause);
      return null;
    } finally {
      run.end();
      this.store.setState({ running: null, error });
      await this.open();
    }
  }
}

/** True while an offer or the question for a token waits for an answer. */
export const hasQuestion = ({ offered, locked }: ConversionState): boolean =>
  offered !== null || locked !== null;

/** The choice that is made for a person: the first that this machine is not known to refuse. */
export function recommended(
  { packages }: CheckpointOffer,
  runs: (dtype: OfferedDtype) => boolean | null,
): OfferedDtype {
  const choice = packages.find(({ dtype }) => runs(dtype) !== false) ?? packages[0];
  if (!choice) throw new CodedError('convert/no-weights');
  return choice.dtype;
}
