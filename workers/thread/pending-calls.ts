/**
 * What many calls hang on: a worker that may die. `Promise.race` against its death would keep every result for as long
 * as it lives, since a promise that does not settle never lets go of who waits for it.
 */
export class Lifeline {
  private readonly waiting = new Set<(reason: unknown) => void>();
  private ended: { readonly reason: unknown } | null = null;

  /** What comes first: the result of the work, or the end. Nothing of the work is kept afterwards. */
  during<T>(work: Promise<T>): Promise<T> {
    if (this.ended) {
      work.catch(() => {});
      return Promise.reject(this.ended.reason);
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
  end(reason: unknown): void {
    this.ended ??= { reason };
    for (const reject of this.waiting) reject(this.ended.reason);
    this.waiting.clear();
  }

  /** Calls that wait now. */
  get calls(): number {
    return this.waiting.size;
  }
}
