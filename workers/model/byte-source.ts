/** Bytes of a package file that are read by ranges: from a file on disk, from an address, or from memory. */
import { CodedError } from '../../core/errors.ts';
import { networkError } from '../thread/network-error.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface ByteSource {
  readonly size: number;
  /** The whole content where it is in memory already. */
  readonly held?: Bytes;
  /** Bytes from `from` up to `to`, both within the size. */
  read(from: number, to: number): Promise<Bytes>;
}

export function heldSource(bytes: Bytes): ByteSource {
  return { size: bytes.byteLength, held: bytes, read: async (from, to) => bytes.subarray(from, to) };
}

/** A file on disk. @throws CodedError `model/checksum` {file} where it was changed or deleted since it was chosen */
export function fileSource(path: string, file: Blob): ByteSource {
  return {
    size: file.size,
    async read(from, to) {
      try {
        return new Uint8Array(await file.slice(from, to).arrayBuffer());
      } catch (cause) {
        throw new CodedError('model/checksum', { file: path }, `${path} could not be read`, { cause });
      }
    },
  };
}

/** A file behind an address whose server answers ranges. @throws CodedError `model/network` */
export function addressSource(path: string, url: string, size: number): ByteSource {
  return {
    size,
    async read(from, to) {
      const response = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` } }).catch(
        (cause: unknown) => {
          throw networkError({ file: path, url, cause });
        },
      );
      // Status 200 is the whole file, which must not be taken into memory.
      if (response.status !== 206 && !(response.ok && to - from === size)) {
        await response.body?.cancel();
        throw networkError({ file: path, url, status: response.status });
      }
      const bytes = new Uint8Array(
        await response.arrayBuffer().catch((cause: unknown) => {
          throw networkError({ file: path, url, cause });
        }),
      );
      if (bytes.byteLength !== to - from) throw networkError({ file: path, url, status: response.status });
      return bytes;
    },
  };
}
