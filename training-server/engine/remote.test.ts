/** A remote engine: torchrun of two nodes, both on this machine, connects to a driver over TCP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { python } from '../../scripts/python.mjs';
import type { Engine } from './client.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { spawnEngine } from './spawn.ts';

const folder = mkdtempSync(join(tmpdir(), 'remote-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const token = 'a token that only the two ends know';
const host = '127.0.0.1';
const given = (port: number, signal?: AbortSignal) => ({
  logs: join(folder, 'logs'),
  record: join(folder, 'engine.json'),
  tcp: { host, port },
  remote: { token },
  ...(signal && { signal }),
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `torchrun` as `docs/scaling.md` says it, one process a machine. */
function machine(
  rank: number,
  meeting: number,
  control: number,
): { child: ChildProcess; ended: Promise<number | null> } {
  const child = spawn(
    python,
    [
      '-m',
      'torch.distributed.run',
      '--nnodes=2',
      `--node-rank=${rank}`,
      `--master-addr=${host}`,
      `--master-port=${meeting}`,
      '--nproc-per-node=1',
      '--module',
      'engine',
    ],
    {
      cwd: join(import.meta.dirname, '..', 'torch'),
      env: {
        ...process.env,
        OMP_NUM_THREADS: '1',
        ...(rank === 0 && { VQA_CTRL: `tcp:${host}:${control}`, VQA_CTRL_TOKEN: token }),
      },
      stdio: 'ignore',
    },
  );
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

/** Until somebody listens there. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, host, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Says hello as rank 0 does; resolves with what came back until the connection was ended by the other side. */
function knock(port: number, local: string): Promise<string> {
  const hello = {
    protocol: PROTOCOL_VERSION,
    pid: 2,
    pgids: [2],
    ranks: 1,
    restart: 0,
    device: 'cpu',
    gpus: 0,
    torch: '2',
    memoryBytes: null,
    token: local,
  };
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, host, () =>
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'hello', params: hello })}\n`),
    );
    let output = '';
    socket.on('data', (data) => {
      output += data;
    });
    socket.on('close', () => resolve(output));
    socket.on('error', reject);
  });
}

test('who does not know the token is shown the door, and the driver waits on', async () => {
  const port = await freePort();
  const stop = new AbortController();
  const waiting = spawnEngine(given(port, stop.signal));
  const outcome = expect(waiting).rejects.toThrow('aborted');
  await listening(port);
  expect(await knock(port, 'a guess of the same length as the token')).toBe('');
  expect(
    await Promise.race([
      waiting.then(
        () => 'taken',
        () => 'failed',
      ),
      'waiting',
    ]),
  ).toBe('waiting');
  stop.abort();
  await outcome;
  expect(existsSync(given(port).record)).toBe(false);
});

test('a stranger that sends without end is cut off early, and one that stays keeps nobody', async () => {
  const port = await freePort();
  const stop = new AbortController();
  const outcome = expect(spawnEngine(given(port, stop.signal))).rejects.toThrow('aborted');
  await listening(port);
  const sent = await new Promise<number>((resolve) => {
    const socket = createConnection(port, host);
    const send = () => {
      while (!socket.destroyed && socket.bytesWritten < 2 ** 26 && socket.write('x'.repeat(4096)));
    };
    socket.on('connect', send).on('drain', send);
    socket.on('error', () => {});
    socket.on('close', () => resolve(socket.bytesWritten));
  });
  expect(sent).toBeLessThan(2 ** 24);
  const silent = createConnection(port, host);
  silent.on('error', () => {});
  await new Promise((resolve) => silent.once('connect', resolve));
  stop.abort();
  await outcome;
  if (!silent.closed) await new Promise((resolve) => silent.once('close', resolve));
});

describe.skipIf(!existsSync(python))('two machines', () => {
  let engine: Engine | undefined;
  const children: ChildProcess[] = [];
  afterEach(async () => {
    await engine?.stop();
    for (const child of children) child.kill('SIGKILL');
  });

  test('meet, answer one driver, and leave when it lets them go', async () => {
    const [control, meeting] = [await freePort(), await freePort()];
    const machines = [0, 1].map((rank) => machine(rank, meeting, control));
    children.push(...machines.map(({ child }) => child));
    engine = await spawnEngine(given(control));
    expect(engine.hello).toMatchObject({ ranks: 2 });
    const probed = await engine.call('probe', { paths: [join(folder, 'none.mp4')] });
    expect(probed).toMatchObject([{ frames: 0, error: 'the file is not there' }]);
    await engine.stop();
    expect(await engine.closed).toBeNull();
    expect(await Promise.all(machines.map(({ ended }) => ended))).toEqual([0, 0]);
  }, 300_000);
});
