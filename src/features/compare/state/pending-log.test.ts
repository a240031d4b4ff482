import { expect, it, vi } from 'vitest';
import { type OpenFiles, PendingLog } from './pending-log.ts';
import type { Side } from './store.ts';

const file = (name: string) => new File(['x'], name);
const [one, two, three, four, log] = ['1.mp4', '2.mp4', '3.mp4', '4.mp4', 'log.json'].map(file) as [
  File,
  File,
  File,
  File,
  File,
];
const state = (a: File | null, b: File | null, more: Partial<OpenFiles> = {}): OpenFiles => ({
  a: a && ({ file: a } as Side),
  b: b && ({ file: b } as Side),
  opening: null,
  error: null,
  ...more,
});

function opened() {
  const open = vi.fn();
  return { open, pending: new PendingLog(open) };
}

it('opens a log at once for the pair that is open', () => {
  const { open, pending } = opened();
  pending.offer(log, [], state(one, two));
  expect(open).toHaveBeenCalledExactlyOnceWith(log);
  pending.follow(state(one, two));
  expect(open).toHaveBeenCalledOnce();
});

it('waits for the videos that came with it, also where another pair is open', () => {
  const { open, pending } = opened();
  pending.offer(log, [three, four], state(one, two));
  pending.follow(state(one, two, { opening: { side: 'a', name: '3.mp4' } }));
  // The first of them is open, the second not yet.
  pending.follow(state(three, two));
  expect(open).not.toHaveBeenCalled();
  pending.follow(state(three, four));
  expect(open).toHaveBeenCalledExactlyOnceWith(log);
});

it('is dropped with a video that cannot be opened', () => {
  const { open, pending } = opened();
  pending.offer(log, [three, four], state(null, null));
  const error = {
    side: 'b',
    file: four,
    data: { code: 'media/container', params: {}, message: '' },
  } as const;
  pending.follow(state(three, null, { error }));
  pending.follow(state(three, four));
  expect(open).not.toHaveBeenCalled();
});
