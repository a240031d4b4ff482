import { Duplex } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isAbort } from '../../core/errors.ts';
import { EngineConnection, EngineError, refusal } from './client.ts';
import { type Hello, PROTOCOL_VERSION } from './protocol.ts';

/** The engine's end of a connection: what was sent, and what to say. */
class Wire extends Duplex {
  readonly sent: { id?: number; method: string; params: unknown }[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().trim().split('\n')) this.sent.push(JSON.parse(line));
    done();
  }
  say(...messages: object[]): void {
    this.push(messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''));
  }
}

function connected() {
  const wire = new Wire();
  return { wire, connection: new EngineConnection(wire) };
}

const facts = { frames: 10, width: 4, height: 2, fps: 25 };

test('answers find their questions, whatever their order and however the bytes are cut', async () => {
  const { wire, connection } = connected();
  const first = connection.call('probe', { paths: ['é.mp4'] });
  const second = connection.call('stop', {});
  await tick();
  expect(wire.sent.map(({ id, method }) => [id, method])).toEqual([
    [1, 'probe'],
    [2, 'stop'],
  ]);
  const bytes = Buffer.from(
    `${JSON.stringify({ id: 2, result: {} })}\n${JSON.stringify({ id: 1, result: [{ ...facts, error: 'é' }] })}\n`,
  );
  for (const byte of bytes) wire.push(Buffer.from([byte]));
  expect(await second).toEqual({});
  expect(await first).toEqual([{ ...facts, error: 'é' }]);
});

test('an error keeps its code, its values and its trace', async () => {
  const { wire, connection } = connected();
  const call = connection.call('stop', {});
  const data = { code: 'train/disk', params: { problem: 'full' }, trace: 'File "saving.py"' };
  wire.say({ id: 1, error: { code: -32000, message: 'full', data } });
  const error = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ code: 'train/disk', params: { problem: 'full' }, trace: 'File "saving.py"' });
});

test('an answer of another shape is an error of the engine, and the next call still goes', async () => {
  const { wire, connection } = connected();
  const call = connection.call('probe', { paths: [] });
  wire.say({ id: 1, result: [{ frames: 'many' }] });
  await expect(call).rejects.toMatchObject({ code: 'train/engine' });
  const next = connection.call('stop', {});
  wire.say({ id: 2, result: {} });
  expect(await next).toEqual({});
});

test('a call that is given up rejects at once, says so, and its late answer is not read', async () => {
  const { wire, connection } = connected();
  const stop = new AbortController();
  const call = connection.call('probe', { paths: [] }, { signal: stop.signal });
  await tick();
  stop.abort(new Error('paused'));
  expect(isAbort(await call.catch((reason: unknown) => reason))).toBe(true);
  expect(wire.sent.at(-1)).toMatchObject({ method: 'cancel', params: { id: 1 } });
  wire.say({ id: 1, result: [] });
  await tick();
  await expect(connection.call('probe', { paths: [] }, { signal: stop.signal })).rejects.toThrow();
  expect(wire.sent).toHaveLength(2);
});

test('the end of the stream ends every call, and the reason is the one that was found', async () => {
  const wire = new Wire();
  const connection = new EngineConnection(
    wire,
    () => new EngineError('train/engine', {}, 'rank 1: out of memory'),
  );
  const calls = [connection.call('stop', {}), connection.call('probe', { paths: [] })];
  wire.destroy();
  for (const call of calls) await expect(call).rejects.toThrow('rank 1: out of memory');
  await expect(connection.call('stop', {})).rejects.toThrow('rank 1: out of memory');
  expect(await connection.ended).toMatchObject({ message: 'rank 1: out of memory' });
});

test.each([
  ['a line that is no message', 'hello\n'],
  ['a malformed notice', `${JSON.stringify({ method: 'heartbeat', params: { time: 'now' } })}\n`],
  ['null', 'null\n'],
])('%s breaks the connection', async (_, line) => {
  const { wire, connection } = connected();
  const call = connection.call('stop', {});
  wire.push(line);
  await expect(call).rejects.toMatchObject({ code: 'train/engine' });
});

test('notices reach their listeners; unknown ones are let pass', async () => {
  const { wire, connection } = connected();
  const received: unknown[] = [];
  const off = connection.on('progress', (progress) => received.push(progress));
  const progress = { phase: 'rollout', done: 1, of: 2 };
  wire.say({ method: 'weather', params: {} }, { method: 'progress', params: progress });
  await tick();
  off();
  wire.say({ method: 'progress', params: progress });
  await tick();
  expect(received).toEqual([progress]);
});

test('a connection without the token, or of another version, is refused', () => {
  const hello = { protocol: PROTOCOL_VERSION, token: 'right' } as Hello;
  expect(refusal(hello, 'right')).toBeNull();
  expect(refusal({ ...hello, token: 'wrong' }, 'right')).toContain('token');
  expect(refusal({ ...hello, token: undefined }, 'right')).toContain('token');
  expect(refusal({ ...hello, protocol: 0 }, 'right')).toContain('two versions');
});
