/** `vqathinker merge`: the outputs of several shards as one, sorted by path. */
import { existsSync } from 'node:fs';
import { isScored, type Row } from '../node/rows.ts';
import { UsageError } from './arguments.ts';
import { writerOf } from './formats.ts';
import { earlierRows } from './rows-file.ts';
import { STATUS } from './status.ts';

/**
 * Writes the rows of all files to standard output. Of a path in several files the scored row wins, then the later one.
 *
 * @throws UsageError for a file that is not there or holds no row
 */
export function merge(files: readonly string[]): number {
  if (files.length === 0) throw new UsageError('Name the outputs (jsonl) to join.');
  const rows = new Map<string, Row>();
  for (const file of files) {
    if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
    const merged = earlierRows(file);
    if (merged.length === 0) throw new UsageError(`${file} holds no row of vqathinker score -f jsonl.`);
    for (const row of merged) {
      const other = rows.get(row.path);
      if (!other || isScored(row) || !isScored(other)) rows.set(row.path, row);
    }
  }
  const writer = writerOf('jsonl', { text: true });
  const sorted = [...rows.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const row of sorted) process.stdout.write(writer.row(row));
  if (sorted.some((row) => isScored(row) && row.failed?.length)) return STATUS.failed;
  return sorted.some((row) => !isScored(row)) ? STATUS.unreadable : STATUS.passed;
}
