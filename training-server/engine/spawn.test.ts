import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { python } from '../../scripts/python.mjs';
import type { Engine } from './client.ts';
import { ControlSocket } from './control-socket.ts';
import { crashOf } from './crash.ts';
import { livingGroups, type ProcessRecord, reapOrphans, writeRecord } from './processes.ts';
import { spawnEngine } from './spawn.ts';
import type { EngineOptions } from './torchrun.ts';

const folder = mkdtempSync(join(tmpdir(), 'engine-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

function options(changes: Partial<EngineOptions> = {}): EngineOptions {
  const local = join(folder, String(count++));
  return { logs: join(local, 'logs'), record: join(folder, `${count}.json`), ...changes };
}

const recordOf = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord;

/** Until none of the recorded groups lives. */
const gone = (record: ProcessRecord) =>
  expect.poll(() => livingGroups(record), { timeout: 300_000, interval: 100 }).toEqual([]);

/** Starting Python with torch takes long where others work, too. */
const LONG = 600_000;
const slow = test.skipIf(!process.env.VQA_SLOW);

describe.skipIf(!existsSync(python))('an engine of its own', () => {
  let engine: Engine | undefined;
  afterEach(() => engine?.stop());

  test(
    'starts, answers, keeps its socket to itself, and leaves nothing when it is stopped',
    async () => {
      const given = options();
      engine = await spawnEngine(given);
      expect(engine.hello).toMatchObject({ ranks: 1, restart: 0 });
      const record = recordOf(given.record);
      expect(new Set(await livingGroups(record))).toEqual(new Set(record.groups));
      expect(record.groups).toContain(engine.hello.pid);
      expect(statSync(given.record).mode & 0o077).toBe(0);
      const probed = await engine.call('probe', { paths: [join(folder, 'none.mp4')] });
      expect(probed).toMatchObject([{ frames: 0, error: 'the file is not there' }]);
      await expect(engine.call('export', { folder: join(folder, 'x') })).rejects.toMatchObject({
        code: 'train/engine',
        message: 'no checkpoint is loaded',
        trace: expect.stringContaining('commands.py'),
      });
      await engine.stop();
      expect(await engine.closed).toBeNull();
      expect(await livingGroups(record)).toEqual([]);
      expect(existsSync(given.record)).toBe(false);
      expect(readFileSync(join(given.logs, 'engine.log'), 'utf8')).not.toContain('FAILED');
    },
    LONG,
  );

  test(
    'that is killed says so to whoever waits, and takes all its processes along',
    async () => {
      const given = options();
      engine = await spawnEngine(given);
      const record = recordOf(given.record);
      process.kill(engine.hello.pid, 'SIGSTOP'); // so that the call is on its way when it dies
      const call = engine.call('probe', { paths: ['a'] });
      process.kill(engine.hello.pid, 'SIGKILL');
      await expect(call).rejects.toMatchObject({ code: 'train/engine' });
      expect(await engine.closed).toMatchObject({ code: 'train/engine' });
      await gone(record);
    },
    LONG,
  );

  slow(
    'that hangs is ended',
    async () => {
      const given = options({ silence: 7 });
      engine = await spawnEngine(given);
      const record = recordOf(given.record);
      process.kill(-engine.hello.pid, 'SIGSTOP');
      expect(await engine.closed).toMatchObject({
        message: expect.stringContaining('no sign of life for 7 s'),
      });
      await gone(record);
    },
    LONG,
  );

  slow(
    'whose driver is killed ends by itself; one that cannot is reaped by the record',
    async () => {
      const given = options();
      const script = join(folder, 'driver.ts');
      const module = JSON.stringify(join(import.meta.dirname, 'spawn.ts'));
      writeFileSync(
        script,
        `import { spawnEngine } from ${module};
       await spawnEngine(${JSON.stringify(given)}); console.log('up'); setInterval(() => {}, 1000);`,
      );
      const start = async () => {
        const driver = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
        await new Promise((resolve) => driver.stdout.once('data', resolve));
        return { driver, record: recordOf(given.record) };
      };
      const first = await start();
      first.driver.kill('SIGKILL');
      await gone(first.record);

      const second = await start();
      for (const group of second.record.groups) process.kill(-group, 'SIGSTOP');
      second.driver.kill('SIGKILL');
      await sleep(500);
      expect(new Set(await livingGroups(second.record))).toEqual(new Set(second.record.groups));
      expect(await reapOrphans(given.record)).toBe(2);
      await gone(second.record);
      expect(await reapOrphans(given.record)).toBe(0);
    },
    LONG,
  );

  slow(
    'that may be started again says hello again, and what was asked before is lost',
    async () => {
      engine = await spawnEngine(options({ restarts: 1 }));
      const first = engine.hello.pid;
      const again = new Promise<Engine['hello']>((resolve) => engine!.on('hello', resolve));
      process.kill(first, 'SIGSTOP');
      const lost = engine.call('probe', { paths: ['a'] });
      process.kill(first, 'SIGKILL');
      await expect(lost).rejects.toMatchObject({ code: 'train/engine' });
      expect(await engine.restarted()).toBe(true);
      expect(await again).toMatchObject({ restart: 1 });
      expect(await engine.restarted()).toBe(false); // it lives
      expect(engine.hello.pid).not.toBe(first);
      expect(await engine.call('probe', { paths: [] })).toEqual([]);
      process.kill(engine.hello.pid, 'SIGKILL');
      expect(await engine.restarted()).toBe(false);
      expect(await engine.closed).toMatchObject({ code: 'train/engine' });
    },
    LONG,
  );

  test(
    'a start that is given up, or cannot be, leaves nothing',
    async () => {
      const stop = new AbortController();
      const given = options({ signal: stop.signal });
      const start = expect(spawnEngine(given)).rejects.toThrow('aborted');
      await expect.poll(() => existsSync(given.record)).toBe(true); // torchrun runs, no rank has connected
      stop.abort();
      await start;
      expect(existsSync(given.record)).toBe(false);
      await expect(spawnEngine(options({ python: '/nowhere/python' }))).rejects.toMatchObject({
        code: 'train/engine',
        message: '/nowhere/python does not start',
      });
      const broken = spawnEngine(options({ torchrun: ['--no-such-option'] }));
      await expect(broken).rejects.toMatchObject({ message: expect.stringContaining('did not start; see') });
    },
    LONG,
  );
});

test('a process with the mark is ended though its group was never recorded', async () => {
  const mark = '00000000-0000-4000-8000-000000000001';
  const code = 'setInterval(() => {}, 1000)';
  const orphan = spawn(process.execPath, ['-e', code, '--', `--mark=${mark}`], { detached: true });
  const ended = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
  const record = join(folder, 'unrecorded.json');
  await writeRecord(record, { mark, groups: [] });
  await expect.poll(() => livingGroups({ mark, groups: [] })).toEqual([orphan.pid]);
  expect(await reapOrphans(record)).toBe(1);
  expect(await ended).toBe('SIGKILL');
});

test('the socket folder of a killed process is deleted by the next engine, that of a living one is not', async () => {
  const ended = spawnSync(process.execPath, ['--version']).pid;
  const folders = [ended, process.pid].map((pid) => join(tmpdir(), `vqa-engine-${pid}-left`));
  for (const left of folders) mkdirSync(left, { recursive: true });
  const socket = await ControlSocket.open(undefined);
  expect(folders.map((left) => existsSync(left))).toEqual([false, true]);
  await socket.close();
  rmSync(folders[1]!, { recursive: true });
});

test('a damaged record costs no start', async () => {
  const record = join(folder, 'empty.json');
  writeFileSync(record, '');
  expect(await reapOrphans(record)).toBe(0);
  expect(existsSync(record)).toBe(false);
});

test('a number that has another program by now is not signalled', async () => {
  const other = spawn('sleep', ['60'], { detached: true });
  try {
    const record = join(folder, 'foreign.json');
    await writeRecord(record, { mark: '00000000-0000-4000-8000-000000000000', groups: [other.pid!] });
    expect(await reapOrphans(record)).toBe(0);
    expect(other.exitCode).toBeNull();
    expect(process.kill(other.pid!, 0)).toBe(true);
  } finally {
    other.kill('SIGKILL');
  }
});

test('the first error that a rank has written is the reason, with its trace', () => {
  const logs = join(folder, 'crash');
  const write = (rank: number, message: string, seconds: number) => {
    const location = join(logs, 'ranks', 'run_x', 'attempt_0', String(rank));
    mkdirSync(location, { recursive: true });
    const extraInfo = { py_callstack: `Traceback of ${rank}`, timestamp: '1' };
    writeFileSync(join(location, 'error.json'), JSON.stringify({ message: { message, extraInfo } }));
    utimesSync(join(location, 'error.json'), seconds, seconds);
  };
  expect(crashOf(logs, 0).message).toContain('ended unasked; see');
  write(0, 'RuntimeError: the other rank is gone', 2000);
  write(1, 'ValueError: first\nsecond line', 1000);
  expect(crashOf(logs, 0)).toMatchObject({ message: 'ValueError: first', trace: 'Traceback of 1' });
  expect(crashOf(logs, 1_500_000).message).toBe('RuntimeError: the other rank is gone');
});
