/** Processes of an engine: started in a group of their own, so that their end takes their children along. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StartedProcess {
  /** Resolves with the first match in its output. @throws Error when it ends first, or after `seconds` */
  match(pattern: RegExp, seconds: number): Promise<RegExpExecArray>;
  /** Ends the whole group; resolves when its leader is gone. */
  end(): Promise<void>;
}

/** Rejects after a number of seconds; the timer keeps no process alive. */
export function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone.
  }
}

/** Groups that still run, ended with this process whatever ends it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});

export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): StartedProcess {
  const child = spawn(command, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  const listeners = new Set<() => void>();
  let ended: string | null = null;
  const notify = () => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
      notify();
    });
  const gone = new Promise<void>((resolve) => {
    const finish = (reason: string) => {
      ended ??= reason;
      notify();
      resolve();
    };
    child.on('error', (error) => finish(error.message));
    child.on('exit', (status, signal) => finish(`ended with ${status ?? signal}`));
  });
  return {
    match: (pattern, seconds) =>
      within(
        seconds,
        command,
        new Promise((resolve, reject) => {
          const look = () => {
            const match = pattern.exec(output);
            if (match === null && ended === null) return;
            listeners.delete(look);
            if (match) resolve(match);
            else reject(new Error(`${command}: ${ended}\n${output.slice(-2000)}`));
          };
          listeners.add(look);
          look();
        }),
      ),
    async end() {
      killGroup(child, 'SIGTERM');
      await within(3, command, gone).catch(() => {});
      killGroup(child, 'SIGKILL');
      await within(3, command, gone).catch(() => {});
      running.delete(child);
    },
  };
}

/** A folder that `remove` deletes. */
export function scratchFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `vqa-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** A TCP port of this machine that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
