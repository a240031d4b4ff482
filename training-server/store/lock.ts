/**
 * Lock of a runs folder, held by one process at a time, also among containers and machines that share the folder over a
 * network disk.
 *
 * The file appears whole or not at all (a hard link to a finished file). Its holder touches it every 15 s. A process of
 * this machine is known to have ended by its process id; one elsewhere by two minutes without a touch.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';

const TOUCH_MS = 15_000;
/** Time without a touch after which a process elsewhere counts as ended. */
const SILENCE_MS = 120_000;
/** Pause between two attempts while another process removes a stale lock. */
const RETRY_MS = 20;

const holderSchema = z.object({
  pid: z.int(),
  /** Start time of the process by the kernel's clock; null where it is not available. */
  start: z.string().nullable(),
  /** Machine, its boot, and its process id namespace: a process id means something only where all three agree. */
  host: z.string().optional(),
  boot: z.string().nullable().optional(),
  namespace: z.string().nullable().optional(),
});
export type Holder = z.infer<typeof holderSchema>;

const read = (file: string) => readFile(file, 'utf8').catch(() => null);

async function startOf(pid: number): Promise<string | null> {
  const text = await read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

export async function thisProcess(): Promise<Holder> {
  return {
    pid: process.pid,
    start: await startOf(process.pid),
    host: hostname(),
    boot: (await read('/proc/sys/kernel/random/boot_id'))?.trim() ?? null,
    namespace: await readlink('/proc/self/ns/pid').catch(() => null),
  };
}

function holderOf(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** True where the holder's process id can be looked up here; locks of earlier versions name no host. */
const isHere = (holder: Holder, self: Holder) =>
  holder.host === undefined || (holder.host === self.host && holder.namespace === self.namespace);

async function isAlive({ pid, start }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // The process id may have been reused.
  return start === null || start === (await startOf(pid));
}

/** The error that the holder of a lock is a reason for; null for a holder that has ended. */
async function refusal(holder: Holder, self: Holder, silentMs: number, file: string) {
  const { pid, host } = holder;
  if (isHere(holder, self)) {
    const rebooted = holder.boot != null && self.boot != null && holder.boot !== self.boot;
    return !rebooted && (await isAlive(holder)) ? new CodedError('train/in-use', { pid, file }) : null;
  }
  if (silentMs > SILENCE_MS) return null;
  const seconds = Math.max(0, Math.round(silentMs / 1000));
  return new CodedError('train/in-use-elsewhere', { pid, host: host!, seconds, file });
}

/** Creates a file with its content in one step. @returns false where it exists */
async function createWhole(file: string, candidate: string): Promise<boolean> {
  try {
    await link(candidate, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
  }
  // A file system without hard links: the file may be seen empty for a moment, which counts as fresh.
  try {
    await writeFile(file, (await read(candidate)) ?? '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param self the process that locks, by default this one
 * @returns a function that releases the lock
 * @throws CodedError `train/in-use` {pid} while another process of this machine holds it, `train/in-use-elsewhere` {pid,
 *   host, seconds} while one elsewhere does
 */
export async function lock(file: string, self?: Holder): Promise<() => Promise<void>> {
  const holder = self ?? (await thisProcess());
  const text = JSON.stringify({ ...holder, id: randomUUID() });
  const candidate = `${file}.${randomUUID()}`;
  await writeFile(candidate, text);
  try {
    while (!(await createWhole(file, candidate))) await removeStale(file, candidate, holder);
  } finally {
    await rm(candidate, { force: true });
  }
  // Of this very file, whatever its name belongs to later. Writing it sets its time by the clock of the file system.
  const handle = await open(file, 'r+');
  const touching = setInterval(() => void handle.write(text, 0).catch(() => {}), TOUCH_MS).unref();
  return async () => {
    clearInterval(touching);
    await handle.close();
    if ((await read(file)) === text) await rm(file, { force: true });
  };
}

/** Removes the lock of a holder that has ended. @throws CodedError where it has not */
async function removeStale(file: string, candidate: string, self: Holder): Promise<void> {
  const held = await heldBy(file, candidate);
  if (held === null) return;
  const { text, holder, silentMs } = held;
  const refused = holder && (await refusal(holder, self, silentMs, file));
  if (refused) throw refused;
  // Being written, on a file system without hard links.
  if (text === '' && silentMs <= SILENCE_MS) await sleep(RETRY_MS);
  else await discard(file, text, self);
}

/** Content of a lock and the time since it was touched, by the clock of the file system; null where there is none. */
async function heldBy(file: string, candidate: string) {
  await writeFile(candidate, (await read(candidate)) ?? '', { flag: 'r+' });
  const [text, touched, present] = await Promise.all([
    read(file),
    stat(file).catch(() => null),
    stat(candidate),
  ]);
  if (text === null || touched === null) return null;
  return { text, holder: holderOf(text), silentMs: present.mtimeMs - touched.mtimeMs };
}

/** Removes a stale lock under a lock of its own: of several that found it stale, one removes it, once. */
async function discard(file: string, text: string, self: Holder): Promise<void> {
  let release: () => Promise<void>;
  try {
    release = await lock(`${file}.stale`, self);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    await sleep(RETRY_MS); // another process is removing it
    return;
  }
  try {
    // It may have been removed and taken meanwhile.
    if ((await read(file)) === text) await rm(file, { force: true });
  } finally {
    await release();
  }
}
