/** Reading the JSON lines of a run that may still be growing. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** Whole lines from a byte on; a last line without its end is not there yet. Nothing where the file is not there. */
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

/** Bytes of the file up to the end of its last whole line. */
export async function wholeLines(file: string): Promise<number> {
  let bytes = 0;
  for await (const line of linesOf(file)) bytes += Buffer.byteLength(line) + 1;
  return bytes;
}
