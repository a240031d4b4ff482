/** Progress reports across a thread, at most twenty a second. */

/** Least time between two reports, in milliseconds. */
const INTERVAL = 50;

/**
 * Passes on one report an interval, and each that matters.
 *
 * @param matters true for a report that must be passed on; `last` is the one passed on before
 */
export function throttled<T>(
  report: (progress: T) => void,
  matters: (progress: T, last: T) => boolean,
  now: () => number = () => performance.now(),
): (progress: T) => void {
  let last: { readonly progress: T; readonly at: number } | null = null;
  return (progress) => {
    const at = now();
    if (last && at - last.at < INTERVAL && !matters(progress, last.progress)) return;
    last = { progress, at };
    report(progress);
  };
}
