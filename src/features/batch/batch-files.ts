/** Files of a batch: videos, score tables, or a saved batch. */

import { CodedError } from '../../../core/errors.ts';
import { isBatchFile, readBatchFile } from '../../../core/files/batch.ts';
import type { FolderFile } from '../../../workers/model/api.ts';
import type { PickedFolder } from '../../page/file-input.ts';
import { batch } from './state/session.ts';

const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|ts|m2ts|mts|avi|mpg|mpeg|wmv|flv|ogv|3gp|y4m)$/i;
const TABLE = /\.(csv|tsv|jsonl|json|txt)$/i;
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
  const videos = files.filter(isVideo);
  const tables: { name: string; text: string }[] = [];
  for (const { file } of files.filter((one) => !isVideo(one) && TABLE.test(one.file.name))) {
    if (file.size > LONGEST_TABLE) continue;
    const text = await file.text();
    const saved = savedBatch(text);
    if (saved !== null) {
      await batch.open(readBatchFile(saved));
      // A saved batch and its videos may come together.
      if (videos.length > 0) await batch.add(videos, []);
      return;
    }
    tables.push({ name: file.name, text });
  }
  if (videos.length === 0 && tables.length === 0) throw new CodedError('batch/nothing');
  await batch.add(videos, tables, name, handle);
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
