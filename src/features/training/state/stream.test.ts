import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../../../core/errors.ts';
import { backoff, followEvents, type StreamState } from './stream.ts';

/** A response whose body the test writes. */
function channel(status = 200) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  const encoder = new TextEncoder();
  return {
    response: new Response(body, { status }),
    write: (text: string) => controller?.enqueue(encoder.encode(text)),
    writeBytes: (bytes: Uint8Array) => controller?.enqueue(bytes),
    end: () => controller?.close(),
    fail: () => controller?.error(new TypeError('network')),
  };
}

type Channel = ReturnType<typeof channel>;

function follow(answers: (Channel | 'refuses')[], options: { silenceMs?: number } = {}) {
  const events: string[] = [];
  const states: StreamState[] = [];
  const asked: { id: string | undefined; at: number }[] = [];
  const stream = followEvents({
    url: 'http://server/events',
    headers: { Authorization: 'Bearer t' },
    now: Date.now,
    random: () => 0.5,
    refusal: async (response) => (response.status === 401 ? new CodedError('train/token') : null),
    onEvent: ({ id, data }) => events.push(`${id}:${data}`),
    onState: (state) => states.push(state),
    fetch: async (_, init) => {
      const headers = init?.headers as Record<string, string>;
      expect(headers.Authorization).toBe('Bearer t');
      asked.push({ id: headers['Last-Event-ID'], at: Date.now() });
      const answer = answers.shift();
      if (!answer || answer === 'refuses') throw new TypeError('Failed to fetch');
      init?.signal?.addEventListener('abort', () => {
        try {
          answer.fail();
        } catch {
          // Ended already.
        }
      });
      return answer.response;
    },
    ...options,
  });
  return { events, states, asked, stream };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('backoff', () => {
  it('doubles and stops growing', () => {
    expect([0, 1, 2, 3, 4, 9].map((n) => backoff(n, 0.5))).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
  });
  it('is spread, and never shorter than the server asks for', () => {
    expect(backoff(0, 0)).toBe(900);
    expect(backoff(0, 1)).toBe(1100);
    expect(backoff(0, 0.5, 3000)).toBe(3000);
  });
});

describe('followEvents', () => {
  it('takes up where it broke off, with the last id', async () => {
    const [first, second] = [channel(), channel()];
    const { events, states, asked, stream } = follow([first, second]);
    await settle();
    first.write('id: 4\ndata: a\n\nid: 5\nda');
    first.write('ta: b\n\nid: 6\ndata: never finish');
    await settle();
    expect(events).toEqual(['4:a', '5:b']);
    first.fail();
    await settle();
    expect(states.map(({ kind }) => kind)).toEqual(['connecting', 'live', 'waiting']);
    expect(states.at(-1)).toEqual({ kind: 'waiting', lastContactAt: 1_000_000, nextAt: 1_001_000 });
    await vi.advanceTimersByTimeAsync(1000);
    second.write('id: 6\ndata: c\n\n');
    await settle();
    expect(asked.map(({ id }) => id)).toEqual([undefined, '5']);
    expect(events).toEqual(['4:a', '5:b', '6:c']);
    stream.stop();
  });
  it('waits longer each time, and starts anew after it was silent', async () => {
    const silent = channel();
    const { asked, stream } = follow(['refuses', 'refuses', 'refuses', silent, 'refuses']);
    await vi.advanceTimersByTimeAsync(7000);
    expect(asked.map(({ at }) => at - 1_000_000)).toEqual([0, 1000, 3000, 7000]);
    silent.end();
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.map(({ at }) => at - 1_000_000)).toEqual([0, 1000, 3000, 7000, 8000]);
    stream.stop();
  });
  it('does not wait when told to try now', async () => {
    const { asked, stream } = follow(['refuses', 'refuses']);
    await settle();
    stream.retry();
    await settle();
    expect(asked.map(({ at }) => at)).toEqual([1_000_000, 1_000_000]);
    stream.stop();
  });
  it('counts a silent line as broken; a comment keeps it', async () => {
    const silent = channel();
    const { states, stream } = follow([silent], { silenceMs: 20_000 });
    await settle();
    await vi.advanceTimersByTimeAsync(15_000);
    silent.write(': alive\n\n');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(states.at(-1)?.kind).toBe('live');
    await vi.advanceTimersByTimeAsync(6000);
    expect(states.at(-1)).toMatchObject({ kind: 'waiting', lastContactAt: 1_015_000 });
    stream.stop();
  });
  it('puts together a character that was cut in two', async () => {
    const line = channel();
    const { events, stream } = follow([line]);
    await settle();
    const bytes = new TextEncoder().encode('data: 画面\n\n');
    for (const byte of bytes) line.writeBytes(new Uint8Array([byte]));
    await settle();
    expect(events).toEqual([':画面']);
    stream.stop();
  });
  it('ends for good when the token is refused', async () => {
    const { states, asked, stream } = follow([channel(401)]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(states.at(-1)).toMatchObject({ kind: 'refused', error: { code: 'train/token' } });
    stream.stop();
  });
  it('says nothing after it was stopped', async () => {
    const line = channel();
    const { events, states, stream } = follow([line]);
    await settle();
    stream.stop();
    const before = states.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([events.length, states.length]).toEqual([0, before]);
  });
});
