/** Reading of JSON lines from files that may still grow. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** Bytes read at a time in the search for a line end. */
const WINDOW = 64 * 1024;

/** Complete lines from a byte on; a last line without its end is left out. Empty for a missing file. */
export async function* linesOf(file: string, from = 0): AsyncGenerator<string> {
  const size = (await stat(file).catch(() => null))?.size ?? 0;
  if (size <= from) return;
  const source = createReadStream(file, { start: from, end: size - 1, encoding: 'utf8' });
  let ended = true;
  source.on('data', (chunk) => {
    ended = chunk.at(-1) === '\n';
  });
  let held: string | null = null;
  for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (held !== null) yield held;
    held = line;
  }
  if (held !== null && ended) yield held;
}

/**
 * Values of the complete lines from a byte on. A damaged line, such as the zeros that a power cut leaves, is left out:
 * it costs its own record only.
 *
 * @param read value of a parsed line; null for one of another kind
 */
export async function* recordsOf<T>(
  file: string,
  read: (value: unknown) => T | null,
  from = 0,
): AsyncGenerator<T> {
  for await (const line of linesOf(file, from)) {
    const record = recordOf(line, read);
    if (record !== null) yield record;
  }
}

/** The record in a line; null where the line is damaged or of another kind. */
export function recordOf<T>(line: string, read: (value: unknown) => T | null): T | null {
  try {
    return read(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Bytes of the file up to the end of its last complete line. */
export async function wholeLines(path: string): Promise<number> {
  const file = await open(path).catch(() => null);
  if (file === null) return 0;
  try {
    const buffer = Buffer.alloc(WINDOW);
    for (let end = (await file.stat()).size; end > 0; end -= WINDOW) {
      const from = Math.max(0, end - WINDOW);
      await file.read(buffer, 0, end - from, from);
      const at = buffer.subarray(0, end - from).lastIndexOf(10);
      if (at >= 0) return from + at + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}

/** Byte at which the first line of that step or a later one begins; the end of the file when there is none. */
export const offsetOfStep = (path: string, step: number): Promise<number> => offsetOf(path, 'step', step);

/** Byte at which the first event of that number or a later one begins; the end of the file when there is none. */
export const offsetOfEvent = (path: string, id: number): Promise<number> => offsetOf(path, 'id', id);

/** Bisection of a file whose lines begin with `{"KEY":N,`, where N never falls. */
async function offsetOf(path: string, key: 'step' | 'id', wanted: number): Promise<number> {
  const file = await open(path).catch(() => null);
  if (file === null) return 0;
  try {
    const { size } = await file.stat();
    // The first line of the number or later begins in (low, high]; a line also begins at 0.
    let [low, high] = [-1, size];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const line = await lineAfter(file, key, middle, size);
      if (line !== null && line.number < wanted) low = Math.max(line.start, middle);
      else high = middle;
    }
    return (await lineAfter(file, key, high, size))?.start ?? size;
  } finally {
    await file.close();
  }
}

/** The first readable line that begins at a byte or after it; null where there is none. */
async function lineAfter(
  file: FileHandle,
  key: 'step' | 'id',
  at: number,
  size: number,
): Promise<{ start: number; number: number } | null> {
  const head = key === 'step' ? /^\{"step":(\d+),/ : /^\{"id":(\d+),/;
  const buffer = Buffer.alloc(64);
  let start: number | null = at === 0 ? 0 : await lineStart(file, at, size);
  while (start !== null) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const match = head.exec(buffer.toString('latin1', 0, bytesRead));
    if (match) return { start, number: Number(match[1]) };
    start = await lineStart(file, start + 1, size); // a damaged line
  }
  return null;
}

/** First byte after a line end, at a byte or after it; null where there is none. */
async function lineStart(file: FileHandle, at: number, size: number): Promise<number | null> {
  const buffer = Buffer.alloc(WINDOW);
  for (let from = at - 1; from < size; from += WINDOW) {
    const { bytesRead } = await file.read(buffer, 0, WINDOW, from);
    const end = buffer.subarray(0, bytesRead).indexOf(10);
    if (end >= 0) return from + end + 1 < size ? from + end + 1 : null;
  }
  return null;
}

/** The last complete line; null where there is none. Lines are shorter than 4 MiB. */
export async function lastLine(path: string): Promise<string | null> {
  const file = await open(path).catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, 4 * 2 ** 20));
    await file.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(10);
    return end < 0 ? null : tail.toString('utf8', tail.lastIndexOf(10, end - 1) + 1, end);
  } finally {
    await file.close();
  }
}
