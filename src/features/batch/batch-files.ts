/** Files of a batch: videos, score tables, or a saved batch. */

import { CodedError } from '../../../core/errors.ts';
import { isBatchFile, readBatchFile } from '../../../core/files/batch.ts';
import { readScoreTable } from '../../../core/files/score-table.ts';
import { encodingOf } from '../../../core/text/encoding.ts';
import type { FolderFile } from '../../../workers/model/api.ts';
import type { PickedFolder } from '../../page/file-input.ts';
import type { TableFile } from './state/score-files.ts';
import { batch } from './state/session.ts';

const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|ts|m2ts|mts|avi|mpg|mpeg|wmv|flv|ogv|3gp|y4m)$/i;
const TABLE = /\.(csv|tsv|tab|psv|jsonl|ndjson|json|txt|xml|dat)$/i;
/** Workbooks, which are named and not read. */
const WORKBOOK = /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/i;
/** Largest table in bytes; a hundred thousand rows take some megabytes. */
const LONGEST_TABLE = 64 << 20;

const isVideo = ({ file }: FolderFile) => file.type.startsWith('video/') || VIDEO.test(file.name);

/**
 * Adds videos and tables to the batch, or opens a saved batch.
 *
 * @param name of the folder; empty for loose files
 * @throws CodedError `result/file`, `result/version` of a saved batch; `batch/nothing` when there is neither video nor table
 */
export async function addBatchFiles({ name, files, handle }: PickedFolder): Promise<void> {
  if (files.length === 0) return;
  const visible = files.filter(({ file }) => !file.name.startsWith('.'));
  const videos = visible.filter(isVideo);
  const tables: TableFile[] = [];
  for (const { file } of visible.filter((one) => !isVideo(one))) {
    if (TABLE.test(file.name)) {
      const table = await readTableFile(file);
      const saved = savedBatch(table.text);
      if (saved !== null) {
        await batch.open(readBatchFile(saved));
        // A saved batch and its videos may come together.
        if (videos.length > 0) await batch.add(videos, []);
        return;
      }
      // A folder may hold notes and settings beside its table.
      if (name === '' || !isBeside(table)) tables.push(table);
    } else if (WORKBOOK.test(file.name)) {
      const format = file.name.split('.').at(-1)!.toUpperCase();
      tables.push({ name: file.name, text: '', fault: { kind: 'workbook', format } });
    }
  }
  if (videos.length === 0 && tables.length === 0) throw new CodedError('batch/nothing');
  await batch.add(videos, tables, name, handle);
}

/** True for a text file of a folder that is no table of any kind. */
function isBeside({ name, text }: TableFile): boolean {
  if (!/\.(txt|json|xml|dat)$/i.test(name)) return false;
  const { faults } = readScoreTable(text);
  return faults.some(({ line, fault }) => line === 0 && ['no-columns', 'json', 'empty'].includes(fault.kind));
}

/** The text of a table in its encoding; of a file that cannot be read, the fault. */
async function readTableFile(file: File): Promise<TableFile> {
  const { name } = file;
  if (file.size > LONGEST_TABLE)
    return { name, text: '', fault: { kind: 'too-long', megabytes: Math.round(LONGEST_TABLE / 1e6) } };
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return { name, text: new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes) };
  } catch {
    return { name, text: '', fault: { kind: 'encoding' } };
  }
}

function savedBatch(text: string): unknown {
  if (!/^\s*\{/.test(text) || !text.includes('"batch"')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isBatchFile(value) ? value : null;
  } catch {
    return null;
  }
}
