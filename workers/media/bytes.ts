/** Reads a file in pieces. A `File` is a promise: it may change or vanish after it was chosen. */
import { CodedError } from '../../core/errors.ts';

/** The part of `Blob` that demuxers use: `File` in the page, a `Blob` with a name in tests. */
export interface NamedBlob extends Blob {
  readonly name: string;
}

/**
 * Bytes [start, end), fewer at the end of the file.
 *
 * @throws CodedError `media/changed` when the file cannot be read any more
 */
export async function readRange(
  file: NamedBlob,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch (cause) {
    throw new CodedError('media/changed', { name: file.name }, undefined, { cause });
  }
}
