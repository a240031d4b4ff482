/**
 * Calls that wait for a worker, all rejected when it fails. `Promise.race` against the failure would hold every result for
 * the worker's lifetime: a promise that does not settle keeps its reactions.
 */
export class PendingCalls {
  private readonly waiting = new Set<(reason: unknown) => void>();
  private rejected: { readonly reason: unknown } | null = null;

  /** The result of the work, or a rejection when the worker fails before. Neither is held afterwards. */
  track<T>(work: Promise<T>): Promise<T> {
    if (this.rejected) {
      work.catch(() => {});
      return Promise.reject(this.rejected.reason);
    }
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      const done = () => this.waiting.delete(reject);
      work.then(
        (value) => {
          done();
          resolve(value);
        },
        (error) => {
          done();
          reject(error);
        },
      );
    });
  }

  /** Rejects all waiting calls and all later ones, with the first reason given. */
  rejectAll(reason: unknown): void {
    this.rejected ??= { reason };
    for (const reject of this.waiting) reject(this.rejected.reason);
    this.waiting.clear();
  }

  /** Number of waiting calls. */
  get size(): number {
    return this.waiting.size;
  }
}
