/** Metrics on their way to the page: collected, and passed on a few times a second. */
import { transfer } from '../thread/rpc.ts';
import type { MetricBatch } from './api.ts';

export class Batches {
  private readonly deliver: (batch: MetricBatch) => void;
  private mse: number[] = [];
  private ssim: number[] = [];
  private from = 0;
  private readonly interval: number;
  private last = performance.now();
  /** Deliveries that the page has not confirmed; they travel apart from the report. */
  private readonly delivered: unknown[] = [];

  /** @param interval milliseconds between two batches */
  constructor(deliver: (batch: MetricBatch) => void, interval = 60) {
    this.deliver = deliver;
    this.interval = interval;
  }

  add(mse: number, ssim: number): void {
    this.mse.push(mse);
    this.ssim.push(ssim);
    if (performance.now() - this.last >= this.interval) this.flush();
  }

  flush(): void {
    const [mse, ssim] = [Float64Array.from(this.mse), Float64Array.from(this.ssim)];
    const batch: MetricBatch = { from: this.from, mse, ssim };
    // Counted here: the arrays are empty once they are transferred.
    this.from += mse.length;
    this.delivered.push(this.deliver(transfer(batch, [mse.buffer, ssim.buffer])));
    this.mse = [];
    this.ssim = [];
    this.last = performance.now();
  }

  async end(): Promise<void> {
    this.flush();
    await Promise.all(this.delivered);
  }
}
