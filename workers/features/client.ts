/** Workers that compute the features of one video's frames side by side. */
import type { FeatureValues } from '../../core/sampling/human-features.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { FeatureApi } from './api.ts';
import type { FramePlanes, NumberedLuma } from './frame-features.ts';

/** A sample takes some 90 ms: four workers compute as fast as most decoders decode. */
const MOST_WORKERS = 4;

interface Member {
  readonly worker: Worker;
  readonly remote: Remote<FeatureApi>;
  readonly pending: PendingCalls;
}

export class FeaturePool {
  private readonly members: Member[] = [];
  private readonly size: number;

  /** @param cores processor cores of the machine; one is left to the decoder and the page */
  constructor(cores: number) {
    this.size = Math.min(Math.max(cores - 1, 1), MOST_WORKERS);
  }

  /** The worker with the fewest calls; a new one where all are busy and there may be more. */
  private least(): Member {
    const [first] = this.members.toSorted((a, b) => a.pending.size - b.pending.size);
    if (first && (first.pending.size === 0 || this.members.length >= this.size)) return first;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'features' });
    const pending = new PendingCalls();
    workerFailed(worker).catch((reason) => pending.rejectAll(reason));
    const member = { worker, remote: wrap<FeatureApi>(worker), pending };
    this.members.push(member);
    return member;
  }

  sample(now: FramePlanes, before: NumberedLuma, after: NumberedLuma): Promise<FeatureValues> {
    const { remote, pending } = this.least();
    return pending.track(remote.sample(now, before, after));
  }

  sharpness(frame: FramePlanes): Promise<FeatureValues> {
    const { remote, pending } = this.least();
    return pending.track(remote.sharpness(frame));
  }

  /** Ends the workers; calls in flight reject with `AbortError`. */
  close(): void {
    for (const { worker, pending } of this.members) {
      worker.terminate();
      pending.rejectAll(new DOMException('The features were stopped.', 'AbortError'));
    }
    this.members.length = 0;
  }
}
