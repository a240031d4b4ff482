/** The command as a person starts it: its own process, real signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { queuedRun } from '../../core/training/run.ts';
import { RECIPE } from '../http/harness.ts';
import { recipeFrom, recipeSha256 } from '../recipes/recipe-files.ts';
import { RunFolder } from '../store/run-folder.ts';

// Each test starts one to three servers, and a busy machine takes long for each.
vi.setConfig({ testTimeout: 300_000 });

const cli = join(import.meta.dirname, 'serve.ts');
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const top = mkdtempSync(join(tmpdir(), 'cli-'));
  mkdirSync(join(top, 'data'));
  const folders = ['--runs', join(top, 'runs'), '--cache', join(top, 'cache'), '--root', join(top, 'data')];
  const child = spawn(process.execPath, [cli, '--no-page', ...folders, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const until = (pattern: RegExp) =>
    expect
      .poll(() => output, { timeout: 240_000 })
      .toMatch(pattern)
      .then(() => pattern.exec(output)!);
  return { child, ended, until, output: () => output, top };
}

it('prints its address and token, answers to them, saves and leaves on SIGTERM', async () => {
  const server = start(['--port', '0']);
  const [, address] = await server.until(/Training server {3}(http:\/\/127\.0\.0\.1:\d+)/);
  const [, token] = await server.until(/Token {5}(\S{43})/);
  const runs = await fetch(`${address}/api/runs`, { headers: { Authorization: `Bearer ${token}` } });
  expect([runs.status, await runs.json()]).toEqual([200, []]);
  expect((await fetch(`${address}/api/runs`)).status).toBe(401);
  expect(existsSync(join(server.top, 'runs', 'lock.json'))).toBe(true);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(existsSync(join(server.top, 'runs', 'lock.json'))).toBe(false);
});

it('finds the runs of its folder, and leaves while somebody listens to one', async () => {
  const runs = mkdtempSync(join(tmpdir(), 'cli-runs-'));
  const id = '20261121-0742-tiny-3f9a';
  const recipe = await recipeFrom(RECIPE);
  const createdAt = new Date(0).toISOString();
  const queued = queuedRun({ id, recipe: 'tiny', recipeSha256: recipeSha256(recipe), createdAt });
  await new RunFolder(join(runs, id)).make(
    recipe,
    { ...queued, state: 'stopped', step: 7, steps: 10, savedStep: 5, bestStep: 5 },
    { lrFactor: 1, autoResume: false },
  );
  const server = start(['--port', '0', '--runs', runs]);
  const [, address] = await server.until(/Training server {3}(\S+)/);
  const [, token] = await server.until(/Token {5}(\S{43})/);
  const headers = { Authorization: `Bearer ${token}` };
  const list = (await (await fetch(`${address}/api/runs`, { headers })).json()) as {
    id: string;
    step: number;
  }[];
  expect(list).toMatchObject([{ id, state: 'stopped', step: 7, savedStep: 5 }]);
  const stream = await fetch(`${address}/api/runs/${id}/events`, { headers });
  expect(stream.status).toBe(200);
  server.child.kill('SIGINT');
  expect(await server.ended).toBe(0);
  expect(await stream.text()).toContain('event: run');
});

it('a port that is taken is named, and nothing is left locked', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as AddressInfo;
  const server = start(['--port', String(port)]);
  expect(await server.ended).toBe(1);
  expect(server.output()).toContain(`Port ${port} is in use.`);
  expect(server.output()).toContain('train/port');
  expect(existsSync(join(server.top, 'runs', 'lock.json'))).toBe(false);
  other.close();
});

it('says what a public address needs before it opens anything', async () => {
  const server = start(['--host', '0.0.0.0', '--port', '0']);
  expect(await server.ended).toBe(1);
  expect(server.output()).toContain('train/public');
  expect(existsSync(join(server.top, 'runs'))).toBe(false);
});

it('does not print a token that was given', async () => {
  const token = 'a-token-of-the-tests-0123456789';
  const server = start(['--port', '0'], { VQA_TRAIN_TOKEN: token });
  await server.until(/as in VQA_TRAIN_TOKEN/);
  expect(server.output()).not.toContain(token);
});

it('a root that is not there, and runs that another process holds', async () => {
  const first = start(['--port', '0']);
  await first.until(/Token/);
  const again = start(['--port', '0', '--runs', join(first.top, 'runs')]);
  expect(await again.ended).toBe(1);
  expect(again.output()).toContain('train/in-use');
  const rootless = start(['--port', '0', '--root', '/nowhere/at/all']);
  expect(await rootless.ended).toBe(1);
  expect(rootless.output()).toContain('train/missing-path');
});
