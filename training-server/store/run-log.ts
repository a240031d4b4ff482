/** The log of a run: JSON lines of driver and engine. */
import type { LogLine } from '../../core/training/run.ts';
import { linesOf, wholeLines } from './lines.ts';
import { Stream } from './stream.ts';

export class RunLog {
  readonly #file: string;
  readonly #onLine: (line: LogLine) => void;
  #stream: Promise<Stream> | null = null;
  #written: Promise<unknown> = Promise.resolve();

  constructor(file: string, onLine: (line: LogLine) => void) {
    this.#file = file;
    this.#onLine = onLine;
  }

  write(level: LogLine['level'], source: LogLine['source'], text: string): void {
    const line: LogLine = { time: Date.now() / 1000, source, level, text };
    this.#onLine(line);
    // A log that cannot be written does not stop the run.
    this.#written = this.#written.then(() => this.#append(line)).catch(() => {});
  }

  async #append(line: LogLine): Promise<void> {
    this.#stream ??= wholeLines(this.#file).then((bytes) => Stream.open(this.#file, bytes));
    await (await this.#stream).appendJson(line);
  }

  async tail(count: number): Promise<LogLine[]> {
    await this.flush();
    const lines: string[] = [];
    for await (const line of linesOf(this.#file)) {
      lines.push(line);
      if (lines.length > count) lines.shift();
    }
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  async flush(): Promise<void> {
    await this.#written;
  }

  async close(): Promise<void> {
    await this.flush();
    await (await this.#stream)?.close();
    this.#stream = null;
  }
}
