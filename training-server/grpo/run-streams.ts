/** The files that a run appends to, truncated to a checkpoint when it resumes from there. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupRecord, MetricRecord } from '../../core/training/run.ts';
import type { DriverState } from '../store/run-folder.ts';
import { Stream } from '../store/stream.ts';
import { fileHead, scalars } from './tensorboard.ts';

type StreamSizes = DriverState['streams'];

export class RunStreams {
  readonly #metrics: Stream;
  readonly #completions: Stream;
  readonly #events: { readonly name: string; readonly stream: Stream };
  readonly #earlier: StreamSizes['tensorboard'];

  private constructor(
    metrics: Stream,
    completions: Stream,
    events: { name: string; stream: Stream },
    earlier: StreamSizes['tensorboard'],
  ) {
    this.#metrics = metrics;
    this.#completions = completions;
    this.#events = events;
    this.#earlier = earlier;
  }

  /**
   * @param sizes bytes of each file that are valid; the rest is truncated
   * @param step of the checkpoint; TensorBoard ignores later steps of earlier event files
   * @param time seconds since 1970
   */
  static async open(folder: string, sizes: StreamSizes, step: number, time: number): Promise<RunStreams> {
    const board = join(folder, 'tensorboard');
    await mkdir(board, { recursive: true });
    for (const name of await readdir(board))
      if (!Object.hasOwn(sizes.tensorboard, name)) await rm(join(board, name));
    for (const [name, bytes] of Object.entries(sizes.tensorboard))
      await (await Stream.open(join(board, name), bytes)).close();
    // Readers take the files in the order of their names.
    const part = String(Object.keys(sizes.tensorboard).length).padStart(4, '0');
    const name = `events.out.tfevents.${part}.vqathinker`;
    const stream = await Stream.open(join(board, name), 0);
    await stream.append(fileHead(time, step));
    return new RunStreams(
      await Stream.open(join(folder, 'metrics.jsonl'), sizes.metrics),
      await Stream.open(join(folder, 'completions.jsonl'), sizes.completions),
      { name, stream },
      sizes.tensorboard,
    );
  }

  async metrics(record: MetricRecord): Promise<void> {
    await this.#metrics.appendJson(record);
    await this.#events.stream.append(scalars(record.time, record.step, record.values));
  }

  async completions(records: readonly GroupRecord[]): Promise<void> {
    if (records.length > 0)
      await this.#completions.append(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  bytes(): StreamSizes {
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
