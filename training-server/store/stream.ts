/** A file that is appended to and can be truncated to an earlier length: metrics, completions, events. */
import { type FileHandle, open } from 'node:fs/promises';

export class Stream {
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** @param bytes length to truncate the file to; default: its size */
  static async open(path: string, bytes?: number): Promise<Stream> {
    // Not in append mode: after truncation, writes start at the valid length and overwrite an incomplete line.
    const file = await open(path, 'a+').then(async (made) => {
      await made.close();
      return open(path, 'r+');
    });
    const { size } = await file.stat();
    const length = Math.min(bytes ?? size, size);
    if (length < size) await file.truncate(length);
    return new Stream(file, length);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends all of the data, or throws and leaves the valid length unchanged. */
  async append(data: string | Uint8Array): Promise<void> {
    const buffer = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < buffer.length; ) {
      const { bytesWritten } = await this.#file.write(buffer, done, buffer.length - done, this.#bytes + done);
      done += bytesWritten;
    }
    this.#bytes += buffer.length;
  }

  async appendJson(value: unknown): Promise<void> {
    await this.append(`${JSON.stringify(value)}\n`);
  }

  /** Flushes the data to the disk. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
