/**
 * Process groups of an engine, recognised by a mark on their command lines: torchrun and every rank carry `--mark=ID`, so
 * that a reused process id is never signalled.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writeWhole } from '../store/atomic.ts';

const run = promisify(execFile);

const recordSchema = z.strictObject({
  mark: z.string().regex(/^[0-9a-f-]{36}$/),
  /** Leaders of process groups: torchrun first, then the ranks. */
  groups: z.array(z.int().min(2)),
});
export type ProcessRecord = z.infer<typeof recordSchema>;

/** Writes the record atomically; flushed first, so that a power cut leaves the old record or the new one. */
export async function writeRecord(file: string, record: ProcessRecord): Promise<void> {
  await writeWhole(file, `${JSON.stringify(record)}\n`, 0o600);
}

interface MarkedProcess {
  readonly group: number;
  readonly command: string;
}

/** All processes of this machine, by /proc where there is one, else by `ps`. */
async function processes(): Promise<MarkedProcess[]> {
  if (!existsSync('/proc/self/stat')) {
    const { stdout } = await run('ps', ['-axww', '-o', 'pgid=,command='], { maxBuffer: 2 ** 26 });
    return stdout.split('\n').map((line) => {
      const [, group = '0', command = ''] = line.match(/^\s*(\d+) (.*)$/) ?? [];
      return { group: Number(group), command };
    });
  }
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(ids.map(processOf));
}

async function processOf(id: string): Promise<MarkedProcess> {
  try {
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8');
    // After the name, which may hold anything but ends at the last bracket: state, parent, process group.
    const [, , group] = (await readFile(`/proc/${id}/stat`, 'utf8')).split(') ').at(-1)!.split(' ');
    return { group: Number(group), command };
  } catch {
    return { group: 0, command: '' }; // it has ended
  }
}

/**
 * Process groups in which a process carries the mark. The recorded groups are not enough: torchrun starts a failed rank
 * again in a new group.
 */
export async function livingGroups({ mark }: ProcessRecord): Promise<number[]> {
  const marked = (await processes()).filter(({ command }) => command.includes(`--mark=${mark}`));
  return [...new Set(marked.map(({ group }) => group))].filter((group) => group > 1).sort((a, b) => a - b);
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
 * Kills the process groups of a killed driver by its record; none without a record or with a damaged one.
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
  const record = parsedRecord(text);
  const killed = record === null ? 0 : await killGroups(record);
  await rm(recordFile, { force: true });
  return killed;
}

function parsedRecord(text: string): ProcessRecord | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
