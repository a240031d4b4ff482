/**
 * Journal of a conversion beside its files: JSON lines, the first {key}, each further one the files of a finished graph. A
 * line that was cut short is ignored.
 */
import { z } from 'zod';
import type { WrittenFile } from './files.ts';

export const journalName = 'conversion.jsonl';

const head = z.strictObject({ key: z.string() });
const files = z.array(z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() })).min(1);

export const headLine = (key: string): string => `${JSON.stringify({ key })}\n`;
export const graphLine = (written: readonly WrittenFile[]): string => `${JSON.stringify(written)}\n`;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Finished graphs of the conversion with that key; null without a journal, or for that of another conversion. */
export function readJournal(text: string, key: string): WrittenFile[][] | null {
  // Text after the last line end was cut short.
  const [first, ...rest] = text.split('\n').slice(0, -1);
  if (head.safeParse(parsed(first ?? '')).data?.key !== key) return null;
  return rest.flatMap((line) => {
    const graph = files.safeParse(parsed(line));
    return graph.success ? [graph.data] : [];
  });
}
