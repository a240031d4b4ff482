/** The command as a person starts it: its own process, real signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const cli = join(import.meta.dirname, 'cli.ts');
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
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const until = (pattern: RegExp) =>
    expect
      .poll(() => said, { timeout: 30_000 })
      .toMatch(pattern)
      .then(() => pattern.exec(said)!);
  return { child, ended, until, said: () => said, top };
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

it('leaves with open event streams', async () => {
  const server = start(['--port', '0']);
  const [, address] = await server.until(/Training server {3}(\S+)/);
  const [, token] = await server.until(/Token {5}(\S{43})/);
  const held = fetch(`${address}/api/runs/none/events`, { headers: { Authorization: `Bearer ${token}` } });
  expect((await held).status).toBe(404);
  server.child.kill('SIGINT');
  expect(await server.ended).toBe(0);
});

it('a port that is taken is named, and nothing is left locked', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as AddressInfo;
  const server = start(['--port', String(port)]);
  expect(await server.ended).toBe(1);
  expect(server.said()).toContain(`Port ${port} is in use.`);
  expect(server.said()).toContain('train/port');
  expect(existsSync(join(server.top, 'runs', 'lock.json'))).toBe(false);
  other.close();
});

it('says what a public address needs before it opens anything', async () => {
  const server = start(['--host', '0.0.0.0', '--port', '0']);
  expect(await server.ended).toBe(1);
  expect(server.said()).toContain('train/public');
  expect(existsSync(join(server.top, 'runs'))).toBe(false);
});

it('does not print a token that was given', async () => {
  const token = 'a-token-of-the-tests-0123456789';
  const server = start(['--port', '0'], { VQA_TRAIN_TOKEN: token });
  await server.until(/as in VQA_TRAIN_TOKEN/);
  expect(server.said()).not.toContain(token);
});

it('a root that is not there, and runs that another process holds', async () => {
  const first = start(['--port', '0']);
  await first.until(/Token/);
  const again = start(['--port', '0', '--runs', join(first.top, 'runs')]);
  expect(await again.ended).toBe(1);
  expect(again.said()).toContain('train/in-use');
  const rootless = start(['--port', '0', '--root', '/nowhere/at/all']);
  expect(await rootless.ended).toBe(1);
  expect(rootless.said()).toContain('train/missing-path');
});
