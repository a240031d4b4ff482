/** Lock of a runs folder, held by one process at a time. */
import { open, readFile, rm } from 'node:fs/promises';
import { CodedError } from '../../core/errors.ts';

/** Start time of a process by the kernel's clock; null where it is not available. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

async function isAlive(pid: number, start: string | null): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // The process id may have been reused.
  return start === null || start === (await startOf(pid));
}

/**
 * @returns a function that releases the lock
 * @throws CodedError `train/in-use` {pid} while another running process holds it
 */
export async function lock(file: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(JSON.stringify({ pid: process.pid, start: await startOf(process.pid) }));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const text = await readFile(file, 'utf8').catch(() => '');
    const held = /^\{"pid":(\d+),"start":(?:"(\d+)"|null)\}$/.exec(text);
    if (held && (await isAlive(Number(held[1]), held[2] ?? null)))
      throw new CodedError('train/in-use', { pid: Number(held[1]), file });
    await rm(file, { force: true });
  }
}
