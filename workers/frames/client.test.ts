/** The page's side of the frame store over a worker that is listener what to do: frames late, out of order, a worker that dies. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import type { VideoFacts } from '../media/api.ts';
import { expose } from '../thread/rpc.ts';
import type { FillRequest, FramesApi, StoredFrame } from './api.ts';
import { createFrameStore } from './client.ts';
import { planesBytes } from './plan.ts';

const facts = {
  width: 32,
  height: 16,
  frames: 10,
  bitDepth: 8,
  chroma: '4:2:0',
  rotation: 0,
  colour: { matrix: 'bt601', range: 'full', source: 'bitstream', transfer: 'sdr' },
} as unknown as VideoFacts;

const BYTES = planesBytes(32, 16);
const ROOMY = BYTES * 10;

/** A grey frame whose level is its number. */
const frame = (index: number): StoredFrame => ({
  index,
  data: new Uint8Array(BYTES).fill(index, 0, 512).fill(128, 512),
  fromRgb: false,
});

type Fill = (request: FillRequest, give: (frame: StoredFrame) => void) => Promise<void>;

/** Workers made by the store, newest last, each with the fills that it was asked for. */
function world(fill: Fill) {
  const made: { fails: (message: string) => void; ended: boolean; asked: FillRequest[]; held: boolean[] }[] =
    [];
  const start = (): Worker => {
    const { port1, port2 } = new MessageChannel();
    const listeners: ((event: { message: string; preventDefault(): void }) => void)[] = [];
    const self = {
      fails: (message: string) => {
        for (const listener of listeners) listener({ message, preventDefault() {} });
      },
      ended: false,
      asked: [] as FillRequest[],
      held: [] as boolean[],
    };
    made.push(self);
    const api: FramesApi = {
      fill: (_file, request, onFrame) => {
        self.asked.push(request);
        return fill(request, onFrame);
      },
      hold: (on) => void self.held.push(on),
    };
    expose(api, nodeEndpoint(port1 as never) as never);
    const near = nodeEndpoint(port2 as never) as unknown as Worker;
    return Object.assign(Object.create(near) as Worker, {
      postMessage: near.postMessage.bind(near),
      start: () => (port2 as MessagePort).start(),
      addEventListener: (type: string, listener: never) => {
        if (type === 'error') listeners.push(listener);
        else near.addEventListener(type as 'message', listener);
      },
      terminate: () => {
        self.ended = true;
        port1.close();
        port2.close();
      },
    });
  };
  return { made, start };
}

const file = new File(['x'], 'x.mp4');
const everything: Fill = async ({ from, to }, give) => {
  for (let i = from; i < to; i++) await give(frame(i));
};

describe('the frame store', () => {
  it('holds every frame and gives it back as RGB', async () => {
    const { start, made } = world(everything);
    const store = createFrameStore(file, facts, ROOMY, start);
    await vi.waitFor(() => expect(store.ready).toBe(10));
    const rgba = new Uint8ClampedArray(32 * 16 * 4);
    expect(store.paint(7, rgba)).toBe(true);
    expect([...rgba.subarray(0, 4)]).toEqual([7, 7, 7, 255]);
    expect([store.exact(7), store.plan.exact]).toEqual([true, true]);
    // The worker ends with its work.
    await vi.waitFor(() => expect(made[0]?.ended).toBe(true));
    store.dispose();
    expect(store.has(7)).toBe(false);
  });

  it('leaves the picture as it was for a frame that is not there', async () => {
    const { start } = world(() => new Promise(() => {}));
    const store = createFrameStore(file, facts, ROOMY, start);
    const rgba = new Uint8ClampedArray(32 * 16 * 4).fill(9);
    expect(store.paint(3, rgba)).toBe(false);
    expect(new Set(rgba)).toEqual(new Set([9]));
    store.dispose();
  });

  it('tells the code of an error, and keeps what had come', async () => {
    const { start } = world(async (_, give) => {
      for (let i = 0; i < 3; i++) await give(frame(i));
      throw new CodedError('media/stalled', { seconds: 10 });
    });
    const store = createFrameStore(file, facts, ROOMY, start);
    const listener = vi.fn();
    store.subscribe(listener);
    await vi.waitFor(() => expect(store.error).toBeInstanceOf(CodedError));
    expect((store.error as CodedError).code).toBe('media/stalled');
    expect([store.ready, store.has(2), store.has(3)]).toEqual([3, true, false]);
    expect(listener).toHaveBeenCalled();
    store.dispose();
  });

  it('notices a worker that dies', async () => {
    const { start, made } = world(async (_, give) => {
      await give(frame(0));
      await new Promise(() => {});
    });
    const store = createFrameStore(file, facts, ROOMY, start);
    await vi.waitFor(() => expect(store.ready).toBe(1));
    made[0]!.fails('out of memory');
    expect(store.error).not.toBeNull();
    expect(made[0]!.ended).toBe(true);
    expect(store.has(0)).toBe(true);
    store.dispose();
  });

  it('keeps a part of what is too long, and another part when the reader goes there', async () => {
    const long = { ...facts, width: 640, height: 360, frames: 4000 } as VideoFacts;
    const { start, made } = world(() => new Promise(() => {}));
    const store = createFrameStore(file, long, 100e6, start);
    const [from, to] = store.part;
    expect([from, store.plan.room, to]).toEqual([0, store.plan.room, store.plan.room]);
    expect(store.plan.room).toBeLessThan(4000);
    await vi.waitFor(() => expect(made[0]?.asked).toHaveLength(1));
    store.focus(10);
    expect(made).toHaveLength(1);
    store.focus(3500);
    expect(made[0]?.ended).toBe(true);
    expect(store.part[1]).toBe(4000);
    // From where the reader is to the end first.
    await vi.waitFor(() => expect(made[1]?.asked[0]).toMatchObject({ from: 3500, to: 4000 }));
    store.dispose();
  });

  it('brings preferred frames first, and asks for none that are there', async () => {
    const { start, made } = world((request, give) =>
      request.only
        ? Promise.all(request.only.map((index) => give(frame(index)))).then(() => {})
        : new Promise(() => {}),
    );
    const store = createFrameStore(file, facts, ROOMY, start);
    store.prefer([2, 9]);
    await vi.waitFor(() => expect(store.has(9)).toBe(true));
    store.prefer([2, 5]);
    await vi.waitFor(() => expect(store.has(5)).toBe(true));
    expect(made[0]?.asked.flatMap(({ only }) => (only ? [[...only]] : []))).toEqual([[2, 9], [5]]);
    expect(store.ready).toBe(3);
    store.dispose();
  });

  it('gives way while held, also to a worker that begins later', async () => {
    const { start, made } = world(() => new Promise(() => {}));
    const store = createFrameStore(file, facts, ROOMY, start);
    store.hold(true);
    await vi.waitFor(() => expect(made[0]?.held).toContain(true));
    store.hold(false);
    await vi.waitFor(() => expect(made[0]?.held.at(-1)).toBe(false));
    store.dispose();
    expect(made[0]?.ended).toBe(true);
  });
});
