/** Connections beyond the limit. */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { RECIPE, startHarness } from './harness.ts';

test('silent connections keep nobody out: the longest waiting one is closed for a new one', async () => {
  // The limits of time are so long that none of them ends a connection here.
  const patient = { headersMs: 600_000, requestMs: 600_000, connections: 8 };
  const small = await startHarness({ server: { limits: patient } });
  const silent = Array.from({ length: 30 }, (_, i) => {
    const socket = connect(small.port, '127.0.0.1');
    socket.on('error', () => {});
    if (i % 2 === 0) socket.write('GET /api/runs HTTP/1.1\r\nX-A: ');
    return socket;
  });
  await expect.poll(() => silent.filter((socket) => socket.closed || socket.destroyed).length).toBe(22);
  expect((await small.ask('/api/runs')).status).toBe(200);
  for (const socket of silent) socket.destroy();
  await small.close();
});

test('connections with a request are not closed for others', async () => {
  const small = await startHarness({ server: { limits: { connections: 2 } } });
  const { id } = await small.runs.start(RECIPE as never);
  const stop = new AbortController();
  const streams = [1, 2].map(() => small.ask(`/api/runs/${id}/events`, { signal: stop.signal }));
  for (const stream of streams) expect((await stream).status).toBe(200);
  await expect(small.ask('/api/runs')).rejects.toThrow();
  expect(small.events.clients).toBe(2);
  stop.abort();
  await expect.poll(() => small.events.clients).toBe(0);
  expect((await small.ask('/api/runs')).status).toBe(200);
  await small.close();
});
