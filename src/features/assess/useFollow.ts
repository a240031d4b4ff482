/** Scrolls with the end of a growing text while that end is in view. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Room at the foot of the window that the end stays above, in pixels (bottom bar, Follow button). */
const FOOT = 80;

export interface Follow {
  /** Ref of the caret. */
  readonly end: RefObject<HTMLSpanElement | null>;
  /** The end is below the window and no longer followed. */
  readonly away: boolean;
  /** Brings the end back into view and follows again. */
  readonly resume: () => void;
}

export function useFollow(text: string, writing: boolean): Follow {
  const end = useRef<HTMLSpanElement>(null);
  const following = useRef(false);
  const [away, setAway] = useState(false);

  const look = useCallback(() => {
    const box = end.current?.getBoundingClientRect();
    if (!box) return;
    following.current = box.bottom <= innerHeight && box.top >= 0;
    setAway(box.top > innerHeight - FOOT / 2 && !following.current);
  }, []);

  useEffect(() => {
    if (!writing) {
      setAway(false);
      return;
    }
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look, { passive: true });
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [writing, look]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs whenever the text has grown
  useLayoutEffect(() => {
    if (!writing) return;
    const box = end.current?.getBoundingClientRect();
    if (following.current && box && box.bottom > innerHeight - FOOT)
      scrollBy(0, box.bottom - innerHeight + FOOT);
    look();
  }, [text, writing, look]);

  const resume = useCallback(() => {
    end.current?.scrollIntoView({ block: 'center' });
    look();
  }, [look]);

  return { end, away, resume };
}
