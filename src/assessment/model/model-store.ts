/** The model of the page: the loaded package, the progress of loading, and its error. */
import { createStore } from 'zustand/vanilla';
import { CodedError, type CodedErrorData, isAbort } from '../../../core/errors.ts';
import {
  isVqa2,
  type LoadedModel,
  type LoadedPackage,
  type LoadedVqa2,
  type LoadOptions,
  type LoadProgress,
  type PackageSource,
} from '../../../workers/model/api.ts';
import { createModelClient, type ModelClient } from '../../../workers/model/client.ts';
import { checkBuild } from '../build.ts';
import { CurrentRun } from '../run/run-handle.ts';

export type ModelPhase = 'idle' | 'loading' | 'ready' | 'error';

export interface ModelState {
  readonly phase: ModelPhase;
  readonly source: PackageSource | null;
  readonly progress: LoadProgress | null;
  /** The loaded model, where it answers in words. */
  readonly loaded: LoadedModel | null;
  /** The loaded model, where it is of VQA². */
  readonly vqa2: LoadedVqa2 | null;
  readonly error: CodedErrorData | null;
}

const EMPTY: ModelState = {
  phase: 'idle',
  source: null,
  progress: null,
  loaded: null,
  vqa2: null,
  error: null,
};

/** The package that ships with the page. */
export const bundledSource = (): PackageSource => ({
  kind: 'url',
  base: new URL(`${import.meta.env.BASE_URL}models/small/`, document.baseURI).href,
});

export function toErrorData(error: unknown): CodedErrorData {
  if (error instanceof CodedError) {
    // A worker's script was not there: the server may have another build, which the page then shows.
    if (error.code === 'app/part') void checkBuild();
    return error.toData();
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'app/unexpected', params: { detail: message }, message };
}

/**
 * @param preferred the package to load when the page needs a model and none was asked for: the one used last
 */
export function createModelStore(
  client: ModelClient = createModelClient(),
  preferred: () => Promise<PackageSource> = async () => bundledSource(),
) {
  const store = createStore<ModelState>(() => EMPTY);
  let pending: Promise<LoadedPackage> | null = null;
  const current = new CurrentRun();
  let choosing: Promise<LoadedPackage> | null = null;

  /** Loads a package in place of the present one. The last call wins. */
  function load(source: PackageSource, options: LoadOptions = {}): Promise<LoadedPackage> {
    const run = current.begin();
    store.setState({ ...EMPTY, phase: 'loading', source });
    pending = client
      .load(source, options, (progress) => {
        if (run.isCurrent()) store.setState({ progress });
      })
      .then((loaded) => {
        const slot = isVqa2(loaded) ? { vqa2: loaded } : { loaded };
        if (run.isCurrent()) store.setState({ phase: 'ready', ...slot, progress: null });
        return loaded;
      })
      .catch((error: unknown) => {
        if (run.isCurrent()) {
          pending = null;
          if (!isAbort(error)) store.setState({ phase: 'error', error: toErrorData(error), progress: null });
        }
        throw error;
      });
    return pending;
  }

  function readyPackage(): Promise<LoadedPackage> {
    if (pending) return pending;
    choosing ??= preferred()
      // A package may have been asked for meanwhile.
      .then((source) => pending ?? load(source))
      .finally(() => {
        choosing = null;
      });
    return choosing;
  }

  return {
    store,
    client,
    load,
    /** Loads again what is loaded now or was last asked for. */
    reload: (options: LoadOptions = {}) => load(store.getState().source ?? bundledSource(), options),
    /** The loaded model; loads the preferred one when none was asked for yet or the last one failed. */
    readyPackage,
    /** The same where words are needed. @throws CodedError `model/family` {family} for a model that writes none */
    async ready(): Promise<LoadedModel> {
      const loaded = await readyPackage();
      if (isVqa2(loaded)) throw new CodedError('model/family', { family: 'VQA²' });
      return loaded;
    },
  };
}

export type ModelStore = ReturnType<typeof createModelStore>;
