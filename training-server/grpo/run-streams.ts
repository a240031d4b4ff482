/** What a run writes down as it goes, cut back to a checkpoint when it goes on from there. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompletionRecord, MetricRecord } from '../../core/training/run.ts';
import type { DriverState } from '../store/run-folder.ts';
import { Stream } from '../store/stream.ts';
import { fileHead, scalars } from './tensorboard.ts';

type Kept = DriverState['streams'];

export class RunStreams {
  readonly #metrics: Stream;
  readonly #completions: Stream;
  readonly #events: { readonly name: string; readonly stream: Stream };
  readonly #earlier: Kept['tensorboard'];

  private constructor(
    metrics: Stream,
    completions: Stream,
    events: { name: string; stream: Stream },
    earlier: Kept['tensorboard'],
  ) {
    this.#metrics = metrics;
    this.#completions = completions;
    this.#events = events;
    this.#earlier = earlier;
  }

  /**
   * @param kept bytes that count of each file; all else is cut off
   * @param step of the checkpoint, from which on earlier event files are void
   * @param time seconds since 1970
   */
  static async open(folder: string, kept: Kept, step: number, time: number): Promise<RunStreams> {
    const board = join(folder, 'tensorboard');
    await mkdir(board, { recursive: true });
    for (const name of await readdir(board))
      if (!Object.hasOwn(kept.tensorboard, name)) await rm(join(board, name));
    for (const [name, bytes] of Object.entries(kept.tensorboard))
      await (await Stream.open(join(board, name), bytes)).close();
    // Readers take the files in the order of their names.
    const part = String(Object.keys(kept.tensorboard).length).padStart(4, '0');
    const name = `events.out.tfevents.${part}.vqathinker`;
    const stream = await Stream.open(join(board, name), 0);
    await stream.append(fileHead(time, step));
    return new RunStreams(
      await Stream.open(join(folder, 'metrics.jsonl'), kept.metrics),
      await Stream.open(join(folder, 'completions.jsonl'), kept.completions),
      { name, stream },
      kept.tensorboard,
    );
  }

  async metrics(record: MetricRecord): Promise<void> {
    await this.#metrics.appendJson(record);
    await this.#events.stream.append(scalars(record.time, record.step, record.values));
  }

  async completions(records: readonly CompletionRecord[]): Promise<void> {
    if (records.length > 0)
      await this.#completions.append(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  bytes(): Kept {
    return {
      metrics: this.#metrics.bytes,
      completions: this.#completions.bytes,
      tensorboard: { ...this.#earlier, [this.#events.name]: this.#events.stream.bytes },
    };
  }

  async sync(): Promise<void> {
    for (const stream of this.#all) await stream.sync();
  }

  async close(): Promise<void> {
    for (const stream of this.#all) await stream.close();
  }

  get #all(): Stream[] {
    return [this.#metrics, this.#completions, this.#events.stream];
  }
}
