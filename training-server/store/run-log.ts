/** The log of a run: JSON lines of driver and engine. */
import type { LogLine } from '../../core/training/run.ts';
import { recordsOf, wholeLines } from './lines.ts';
import { Stream } from './stream.ts';

/** The log line of a parsed line; null for anything else. */
function readLine(value: unknown): LogLine | null {
  const line = value as LogLine;
  return typeof line.text === 'string' && typeof line.time === 'number' ? line : null;
}

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
    const lines: LogLine[] = [];
    for await (const line of recordsOf(this.#file, readLine)) {
      lines.push(line);
      if (lines.length > count) lines.shift();
    }
    return lines;
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
