/** The package of a checkpoint: made on the server, then offered to the Models page. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { CodedErrorData } from '../../../core/errors.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import { packageOffer } from '../../assessment/model/offered-package.ts';
import { goTo } from '../../page/router.ts';
import { training } from './state/session.ts';

export interface PackageState {
  readonly state: 'none' | 'making' | 'ready' | 'failed';
  readonly percent: number;
  /** Address of its manifest, once it is ready. */
  readonly manifestUrl: string | null;
  /** Reason of `failed`; null where the server names none. */
  readonly error: CodedErrorData | null;
  /** Makes it, or opens it in Models where it is made. */
  readonly send: () => Promise<void>;
}

/** Time between two looks at packages that are being made, in ms. */
const LOOK_MS = 1500;

/** Looks again at the checkpoints as long as one of their packages is being made. One call on the page. */
export function useMakingWatch(): void {
  const making = useStore(
    training.store,
    (state) => state.checkpoints?.some((one) => one.package?.state === 'making') ?? false,
  );
  useEffect(() => {
    if (!making) return;
    const timer = setInterval(() => void training.loadCheckpoints(), LOOK_MS);
    return () => clearInterval(timer);
  }, [making]);
}

export function usePackage(id: string | null): PackageState {
  const checkpoint = useStore(training.store, (state) => state.checkpoints?.find((one) => one.id === id));
  const made = checkpoint?.package ?? null;
  const state = made?.state ?? 'none';
  const manifestUrl = made?.state === 'ready' ? (training.api()?.manifestUrl(made.id) ?? null) : null;
  const send = async () => {
    if (id === null) return;
    if (manifestUrl !== null) {
      const { headers } = training.api()!;
      packageOffer.offer({ manifestUrl, headers, name: nameOf(id) });
      goTo('models');
      return;
    }
    try {
      await training.makePackage(id);
    } catch (error) {
      training.store.setState({ actionError: toErrorData(error) });
    }
  };
  return {
    state,
    percent: Math.round((made?.done ?? 0) * 100),
    manifestUrl,
    error: made?.error ?? null,
    send,
  };
}

/** `20261121-0742-small-grpo-3f9a:400` as people say it. */
export function nameOf(id: string): string {
  const { runs } = training.store.getState();
  const [run, step] = id.split(':');
  const recipe = runs.find((one) => one.id === run)?.recipe;
  return recipe && step ? `${recipe}, ${step}` : id;
}
