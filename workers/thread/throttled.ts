/** Progress that crosses a thread: tens of reports a second are enough for any eye. */

/** Between two reports, in milliseconds. */
const INTERVAL = 50;

/**
 * Passes on at most a report an interval, and those that must not be missed.
 *
 * @param matters whether a report must be passed on, against the one told last
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
