/**
 * What many calls hang on: a worker that may die. `Promise.race` against its death would keep every result for as long
 * as it lives, since a promise that does not settle never lets go of who waits for it.
 */
export class PendingCalls {
  private readonly waiting = new Set<(reason: unknown) => void>();
  private rejected: { readonly reason: unknown } | null = null;

  /** What comes first: the result of the work, or the end. Nothing of the work is kept afterwards. */
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

  /** Rejects everything that waits, and whatever will. */
  rejectAll(reason: unknown): void {
    this.rejected ??= { reason };
    for (const reject of this.waiting) reject(this.rejected.reason);
    this.waiting.clear();
  }

  /** Calls that wait now. */
  get size(): number {
    return this.waiting.size;
  }
}
