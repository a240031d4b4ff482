/** Checkpoints of a run, written by its engine: the folder appears whole or not at all, then older ones are deleted. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Engine } from '../engine/client.ts';
import { bytesOf, type CheckpointFile, type DriverState, type RunFolder } from '../store/run-folder.ts';

/** Free space that logs and streams need beside a checkpoint. */
const SPARE_BYTES = 32 * 2 ** 20;

export class CheckpointWriter {
  readonly #folder: RunFolder;
  readonly #now: () => number;
  #last: Pick<CheckpointFile, 'step' | 'bytes'> | null = null;

  /** @param now seconds since 1970 */
  constructor(folder: RunFolder, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Step of the last checkpoint; null before the first. */
  get savedStep(): number | null {
    return this.#last?.step ?? null;
  }

  /** State of the last checkpoint, null where there is none; deletes what a crash left half written. */
  async restoreLast(): Promise<DriverState | null> {
    const last = await this.#folder.last();
    this.#last = last;
    await this.#deletePartial();
    return last?.state ?? null;
  }

  /**
   * Free space for another checkpoint of the last one's size, checked before the engine writes for minutes.
   *
   * @throws CodedError `train/disk` {step}
   */
  async checkFreeSpace(step: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder.path);
    const needed = (this.#last?.bytes ?? 0) + SPARE_BYTES;
    if (bavail * bsize < needed) throw new CodedError('train/disk', { step });
  }

  /** The engine's state and model first, then the pointer to them: any of these may be the last thing done. */
  async write(engine: Engine, state: DriverState): Promise<void> {
    const { step } = state;
    const partial = await this.#folder.beginCheckpoint(step);
    try {
      await engine.call('save', { folder: join(partial, 'state'), extra: { step } });
      await engine.call('export', { folder: join(partial, 'model') });
      const bytes = await bytesOf(partial);
      const createdAt = new Date(this.#now() * 1000).toISOString();
      const metrics = Object.fromEntries(
        Object.entries(state.latest).filter(([name]) => name.startsWith('eval/') || name === 'reward'),
      );
      await this.#folder.commitCheckpoint({ step, createdAt, bytes, metrics, state });
      this.#last = { step, bytes };
    } catch (error) {
      await this.#deletePartial();
      throw error;
    }
  }

  /** Keeps the last `count`, the best one, and those that stages ended with. */
  async deleteOld(count: number, { best, stageEnds }: DriverState): Promise<void> {
    const steps = (await this.#folder.checkpoints()).map(({ step }) => step);
    const retained = [...steps.slice(-count), ...stageEnds, ...(best ? [best.step] : [])];
    await this.#folder.deleteOtherCheckpoints(new Set(retained));
  }

  async #deletePartial(): Promise<void> {
    const whole = await this.#folder.checkpoints();
    await this.#folder.deleteOtherCheckpoints(new Set(whole.map(({ step }) => step)));
  }
}
