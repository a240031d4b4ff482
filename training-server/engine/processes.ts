/**
 * Process groups of an engine, recognised by a mark on their command lines: torchrun and every rank carry `--mark=ID`, so
 * that a reused process id is never signalled.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

const recordSchema = z.strictObject({
  mark: z.string().regex(/^[0-9a-f-]{36}$/),
  /** Leaders of process groups: torchrun first, then the ranks. */
  groups: z.array(z.int().min(2)),
});
export type ProcessRecord = z.infer<typeof recordSchema>;

/** Writes the record atomically. */
export async function writeRecord(file: string, record: ProcessRecord): Promise<void> {
  await writeFile(`${file}.partial`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(`${file}.partial`, file);
}

async function commandOf(pid: number): Promise<string> {
  try {
    if (existsSync('/proc/self/cmdline')) return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return ''; // no such process
  }
}

/** Groups of the record whose leader still runs with the mark. */
export async function livingGroups({ mark, groups }: ProcessRecord): Promise<number[]> {
  const commands = await Promise.all(groups.map(commandOf));
  return groups.filter((_, i) => commands[i]!.includes(`--mark=${mark}`));
}

/** Signals a group; signal 0 only checks it. @returns false when it has ended; a zombie has not */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** Sends SIGKILL until no group is left. @throws Error after 10 s (a process that cannot be killed) */
export async function killGroups(record: ProcessRecord): Promise<number> {
  let killed = 0;
  for (let attempt = 0; attempt < 100; attempt++) {
    const living = await livingGroups(record);
    if (living.length === 0) return killed;
    killed = Math.max(killed, living.length);
    for (const group of living) signalGroup(group, 'SIGKILL');
    await sleep(100);
  }
  throw new Error(`process groups ${record.groups.join(', ')} do not end`);
}

/**
 * Kills the process groups of a killed driver by its record; none without a record.
 *
 * @returns number of killed groups
 */
export async function reapOrphans(recordFile: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(recordFile, 'utf8');
  } catch {
    return 0;
  }
  const killed = await killGroups(recordSchema.parse(JSON.parse(text)));
  await rm(recordFile, { force: true });
  return killed;
}
