/** Checkpoints of a run, written by its engine: the folder appears whole or not at all, then older ones are deleted. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { Engine } from '../engine/client.ts';
import { bytesOf, type CheckpointFile, type DriverState, type RunFolder } from '../store/run-folder.ts';

/** Free space that logs and streams need beside a checkpoint. */
const SPARE_BYTES = 32 * 2 ** 20;

/**
 * Bytes of a checkpoint: state (weights as the optimiser steps on them, both moments) and model. AdamW keeps all three in
 * fp32, AdamW with stochastic rounding in the precision of the run.
 */
export function checkpointBytes(
  { parameters, trainable }: { readonly parameters: number; readonly trainable: number },
  precision: Recipe['engine']['precision'],
  { kind }: Stage['optimiser'],
): number {
  const item = precision === 'bf16' ? 2 : 4;
  const trained = 3 * (kind === 'adamw' ? 4 : item);
  return trainable * trained + (parameters - trainable) * item + parameters * item;
}

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
   * Free space for another checkpoint, checked before the first step and before the engine writes for minutes.
   *
   * @param estimated bytes of a checkpoint, used until there is a first one
   * @throws CodedError `train/disk` {step, needed, free}
   */
  async checkFreeSpace(step: number, estimated: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder.path);
    const needed = (this.#last?.bytes ?? estimated) + SPARE_BYTES;
    const free = bavail * bsize;
    if (free < needed) throw new CodedError('train/disk', { step, needed, free });
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
