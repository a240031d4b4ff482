/** Records of a run, read from its folder: checkpoints, metrics and completions. */
import { type GroupRecord, groupRecordSchema, type MetricRecord, type Run } from '../../core/training/run.ts';
import { offsetOfStep, recordsOf } from '../store/lines.ts';
import type { RunFolder } from '../store/run-folder.ts';
import type { RunCheckpoint } from './api.ts';

export async function readCheckpoints(folder: RunFolder, run: Run): Promise<RunCheckpoint[]> {
  return (await folder.checkpoints()).map(({ step, createdAt, bytes, metrics }) => ({
    run: run.id,
    step,
    best: step === run.bestStep,
    last: step === run.savedStep,
    createdAt,
    bytes,
    metrics,
    model: folder.model(step),
  }));
}

/** Records of the steps from `from` on, in order. */
export async function readMetrics(folder: RunFolder, from: number): Promise<MetricRecord[]> {
  const records: MetricRecord[] = [];
  const file = folder.file('metrics.jsonl');
  for await (const record of recordsOf(file, readMetric, await offsetOfStep(file, from)))
    if (record.step >= from) records.push(record);
  return records;
}

/** The groups of one step; none where it has no rollout. */
export async function readGroups(folder: RunFolder, step: number): Promise<GroupRecord[]> {
  const records: GroupRecord[] = [];
  const file = folder.file('completions.jsonl');
  for await (const record of recordsOf(file, readGroup, await offsetOfStep(file, step))) {
    if (record.step > step) break;
    if (record.step === step) records.push(record);
  }
  return records;
}

function readMetric(value: unknown): MetricRecord | null {
  return Number.isSafeInteger((value as MetricRecord).step) ? (value as MetricRecord) : null;
}

const readGroup = (value: unknown): GroupRecord | null => groupRecordSchema.safeParse(value).data ?? null;
