/** Reading of untrusted text files by line: limited in size and strictly UTF-8. */
import type { FileHandle } from 'node:fs/promises';
import { CodedError } from '../../core/errors.ts';
import { encodingOf } from '../../core/text/encoding.ts';

/** Most bytes of a line: a row of the released file has 500, one with a written answer some thousand. */
export const LONGEST_LINE = 1 << 20;
/** Most bytes of a file: the longest of the ten annotation files has 1 MB. */
export const LONGEST_FILE = 256 << 20;

export const dataFault = (file: string, line: number, problem: string): CodedError =>
  new CodedError('train/data', { file, line, problem });

/**
 * Lines with their numbers from 1, without line ends (LF or CRLF) and without a byte order mark.
 * @param name name of the file in errors
 * @throws `train/data` {file, line, problem}: a line over 1 MiB, bytes that are not UTF-8
 */
export async function* linesOf(
  handle: FileHandle,
  name: string,
): AsyncGenerator<[number: number, text: string]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array, line: number) => {
    try {
      return decoder.decode(bytes);
    } catch {
      throw dataFault(name, line, 'is not UTF-8');
    }
  };
  const chunk = Buffer.allocUnsafe(1 << 16);
  let rest: Buffer[] = [];
  let held = 0;
  let number = 1;
  const finish = (last: Uint8Array): string => {
    const text = decode(rest.length === 0 ? last : Buffer.concat([...rest, last]), number);
    [rest, held] = [[], 0];
    const plain = text.endsWith('\r') ? text.slice(0, -1) : text;
    return number === 1 && plain.startsWith('\uFEFF') ? plain.slice(1) : plain;
  };
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    if (at > LONGEST_FILE) throw dataFault(name, number, `is longer than ${LONGEST_FILE >> 20} MiB`);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0 && end < bytesRead; end = chunk.indexOf(10, start)) {
      yield [number, finish(chunk.subarray(start, end))];
      number += 1;
      start = end + 1;
    }
    held += bytesRead - start;
    if (held > LONGEST_LINE) throw dataFault(name, number, 'is longer than 1 MiB');
    if (start < bytesRead) rest.push(Buffer.from(chunk.subarray(start, bytesRead)));
  }
  if (held > 0) yield [number, finish(new Uint8Array())];
}

/** A whole file, e.g. a table or one JSON document; UTF-16 is read too. */
export async function textOf(handle: FileHandle, name: string): Promise<string> {
  const { size } = await handle.stat();
  if (size > LONGEST_FILE) throw dataFault(name, 0, `is longer than ${LONGEST_FILE >> 20} MiB`);
  const bytes = await handle.readFile();
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw dataFault(name, 0, 'is not UTF-8');
  }
}
