/** A file that grows at its end and can be cut back to where it was: metrics, completions, events. */
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
    // Not in append mode: after a cut the end is ours to name, and a half written line is written over.
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

  /** Either all of it is in the file afterwards, or an error is thrown and none of it counts. */
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

  /** Waits until the disk has it. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
