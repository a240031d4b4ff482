/**
 * A `Blob` over a byte source, as external data of an onnxruntime session. The JSPI build of onnxruntime-web reads a slice
 * of it for each weight and hands that to the graphics device, so that no file is ever whole in memory.
 *
 * The browser's own blobs cannot be used: `blob.slice().stream().getReader({ mode: 'byob' })`, which onnxruntime calls,
 * stalls at random in Chromium 156 on files of several hundred weights.
 */
import type { ByteSource } from './byte-source.ts';

/** Bytes read at once. The next piece is requested while this one is handed over. */
const PIECE = 4 << 20;

/** Reports of all slices of a session's data. onnxruntime turns an error of its reader into a number. */
export interface ReadMonitor {
  readonly onBytes: (bytes: number) => void;
  readonly onFailure: (error: unknown) => void;
}

export class RangeBlob extends Blob {
  readonly #source: ByteSource;
  readonly #monitor: ReadMonitor;
  readonly #from: number;
  readonly #to: number;

  constructor(source: ByteSource, monitor: ReadMonitor, from = 0, to = source.size) {
    super();
    this.#source = source;
    this.#monitor = monitor;
    this.#from = from;
    this.#to = to;
  }

  override get size(): number {
    return this.#to - this.#from;
  }

  override slice(start = 0, end = this.size): RangeBlob {
    const at = (offset: number) =>
      this.#from + Math.min(this.size, Math.max(0, offset < 0 ? this.size + offset : offset));
    return new RangeBlob(this.#source, this.#monitor, at(start), Math.max(at(start), at(end)));
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = this.#from;
    let piece = new Uint8Array(0);
    let next: Promise<Uint8Array<ArrayBuffer>> | null = null;
    const ask = () => {
      const from = at;
      at = Math.min(at + PIECE, this.#to);
      next = from < at ? this.#source.read(from, at) : null;
      // The failure is thrown where the piece is taken.
      next?.catch(() => {});
    };
    const fill = async (): Promise<boolean> => {
      if (piece.byteLength > 0) return true;
      if (!next) ask();
      if (!next) return false;
      piece = await (next as Promise<Uint8Array<ArrayBuffer>>);
      this.#monitor.onBytes(piece.byteLength);
      ask();
      return true;
    };
    return new ReadableStream({
      type: 'bytes',
      pull: async (controller) => {
        try {
          const more = await fill();
          const view = controller.byobRequest?.view;
          if (!more) {
            controller.close();
            controller.byobRequest?.respond(0);
          } else if (view) {
            const taken = piece.subarray(0, view.byteLength);
            new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(taken);
            piece = piece.subarray(taken.byteLength);
            controller.byobRequest?.respond(taken.byteLength);
          } else {
            // The stream takes the buffer away, and a held file is read again.
            const whole = piece.slice();
            piece = new Uint8Array(0);
            controller.enqueue(whole);
          }
        } catch (error) {
          this.#monitor.onFailure(error);
          throw error;
        }
      },
    }) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.stream()).arrayBuffer();
  }
}
