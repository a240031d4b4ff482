/** Workers that compute the features of frames side by side. */
import type { FeatureValues } from '../../core/sampling/human-features.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, wrap } from '../thread/rpc.ts';
import type { FeatureApi } from './api.ts';
import type { FramePlanes, NumberedLuma } from './frame-features.ts';

/** More would wait for the decoder. */
const MOST_WORKERS = 4;

/** Bytes of frames that may wait for a worker. */
const QUEUE_BYTES = 64 << 20;

interface Member {
  readonly worker: Worker;
  readonly remote: Remote<FeatureApi>;
  readonly pending: PendingCalls;
}

/** Starts its workers when they are first needed, and ends one that has failed. */
export class FeaturePool {
  private readonly members: Member[] = [];
  private readonly size: number;
  private readonly waiting: (() => void)[] = [];
  private queued = 0;

  /** @param cores processor cores of the machine */
  constructor(cores: number) {
    this.size = Math.min(Math.max(cores, 1), MOST_WORKERS);
  }

  private started(): Member {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'features' });
    const member = { worker, remote: wrap<FeatureApi>(worker), pending: new PendingCalls() };
    const drop = (message: string) => {
      const at = this.members.indexOf(member);
      if (at >= 0) this.members.splice(at, 1);
      worker.terminate();
      member.pending.rejectAll(new Error(message));
    };
    worker.addEventListener('error', (event) => drop(event.message || 'A feature worker ended.'));
    worker.addEventListener('messageerror', () => drop('A feature worker sent what cannot be read.'));
    this.members.push(member);
    return member;
  }

  /** The worker with the fewest calls; a new one where all are busy and there may be more. */
  private least(): Member {
    const [first] = this.members.toSorted((a, b) => a.pending.size - b.pending.size);
    return first && (first.pending.size === 0 || this.members.length >= this.size) ? first : this.started();
  }

  private async call(
    bytes: number,
    work: (remote: Remote<FeatureApi>) => Promise<FeatureValues>,
  ): Promise<FeatureValues> {
    const { remote, pending } = this.least();
    this.queued += bytes;
    try {
      return await pending.track(work(remote));
    } finally {
      this.queued -= bytes;
      if (this.queued < QUEUE_BYTES) for (const wake of this.waiting.splice(0)) wake();
    }
  }

  /** @param video number of the video: its frames' numbers name their luma */
  sample(video: number, now: FramePlanes, before: NumberedLuma, after: NumberedLuma): Promise<FeatureValues> {
    const bytes = 1.5 * now.y.length + before.y.length + after.y.length;
    return this.call(bytes, (remote) => remote.sample(video, now, before, after));
  }

  sharpness(frame: FramePlanes): Promise<FeatureValues> {
    return this.call(1.5 * frame.y.length, (remote) => remote.sharpness(frame));
  }

  /** Resolves when the frames that wait for a worker take little enough memory for more. */
  async room(): Promise<void> {
    while (this.queued >= QUEUE_BYTES) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Starts the workers, so that the first frames do not wait for them. */
  prepare(): void {
    while (this.members.length < this.size) this.started();
  }
}
