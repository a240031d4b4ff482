/**
 * Journal of a conversion beside its files, as JSON lines: first {key}; then the files of each finished graph, as a list;
 * and {path, recorded} for a file under construction whose first bytes are durable. A line that was cut short is ignored.
 */
import { z } from 'zod';
import { conversionJournal } from '../core/files/package-store.ts';
import type { WrittenFile } from './files.ts';

export const journalName = conversionJournal;

const head = z.strictObject({ key: z.string() });
const files = z.array(z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() })).min(1);
const record = z.strictObject({ path: z.string(), recorded: z.int().positive() });

export const headLine = (key: string): string => `${JSON.stringify({ key })}\n`;
export const graphLine = (written: readonly WrittenFile[]): string => `${JSON.stringify(written)}\n`;
export const recordLine = (path: string, recorded: number): string =>
  `${JSON.stringify({ path, recorded })}\n`;

export interface Journal {
  /** Files of the finished graphs. */
  readonly graphs: WrittenFile[][];
  /** Recorded bytes of the files under construction, by path. */
  readonly recorded: ReadonlyMap<string, number>;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The journal of the conversion with that key; null without one, or for that of another conversion. */
export function readJournal(text: string, key: string): Journal | null {
  // Text after the last line end was cut short.
  const [first, ...rest] = text.split('\n').slice(0, -1);
  if (head.safeParse(parsed(first ?? '')).data?.key !== key) return null;
  const graphs: WrittenFile[][] = [];
  const recorded = new Map<string, number>();
  for (const line of rest) {
    const value = parsed(line);
    const graph = files.safeParse(value);
    const one = record.safeParse(value);
    if (graph.success) graphs.push(graph.data);
    else if (one.success) recorded.set(one.data.path, one.data.recorded);
  }
  for (const { path } of graphs.flat()) recorded.delete(path);
  return { graphs, recorded };
}

/**
 * The part of a journal that the files bear out: graphs whose files all have their length, and records that are no longer
 * than their file. A file is made durable before its line is written, so its length tells whether it is whole.
 */
export async function borneOut(
  journal: Journal,
  bytesOf: (path: string) => Promise<number | null>,
): Promise<Journal> {
  const graphs: WrittenFile[][] = [];
  for (const graph of journal.graphs) {
    const sizes = await Promise.all(graph.map(({ path }) => bytesOf(path)));
    if (graph.every(({ bytes }, i) => sizes[i] === bytes)) graphs.push(graph);
  }
  const recorded = new Map<string, number>();
  for (const [path, bytes] of journal.recorded)
    if (((await bytesOf(path)) ?? 0) >= bytes) recorded.set(path, bytes);
  return { graphs, recorded };
}

/** A journal as text. */
export const journalText = (key: string, { graphs, recorded }: Journal): string =>
  headLine(key) +
  graphs.map(graphLine).join('') +
  [...recorded].map(([path, bytes]) => recordLine(path, bytes)).join('');
