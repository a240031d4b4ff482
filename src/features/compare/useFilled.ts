/** Fill state of the frame stores, updated at most ten times a second. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { compare } from './state/session.ts';

export interface Filled {
  readonly ready: number;
  readonly of: number;
  /** 0 … 1 */
  readonly part: number;
  readonly failed: boolean;
}

const INTERVAL = 100;

function filled(): Filled {
  const { a, b } = compare.store.getState();
  const stores = [a?.frames, b?.frames].filter((store) => store !== undefined);
  const ready = stores.reduce((sum, store) => sum + store.ready, 0);
  const of = stores.reduce((sum, store) => sum + store.plan.room, 0);
  return { ready, of, part: of > 0 ? ready / of : 0, failed: stores.some((store) => store.error !== null) };
}

export function useFilled(): Filled {
  const a = useStore(compare.store, (state) => state.a);
  const b = useStore(compare.store, (state) => state.b);
  const [now, setNow] = useState(filled);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const update = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setNow(filled());
      }, INTERVAL);
    };
    setNow(filled());
    const stops = [a, b].map((side) => side?.frames.subscribe(update));
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop?.();
    };
  }, [a, b]);
  return now;
}
