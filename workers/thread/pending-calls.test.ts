import { describe, expect, it } from 'vitest';
import { PendingCalls } from './pending-calls.ts';

describe('pending calls', () => {
  it('passes on results and errors, and keeps neither', async () => {
    const pending = new PendingCalls();
    const works = [pending.track(Promise.resolve(7)), pending.track(Promise.reject(new Error('broken')))];
    expect(pending.size).toBe(2);
    expect(await works[0]).toBe(7);
    await expect(works[1]).rejects.toThrow('broken');
    expect(pending.size).toBe(0);
  });
  it('rejects what waits and what comes later, with the first reason', async () => {
    const pending = new PendingCalls();
    const work = pending.track(new Promise(() => {}));
    pending.rejectAll(new Error('first'));
    pending.rejectAll(new Error('second'));
    await expect(work).rejects.toThrow('first');
    await expect(pending.track(Promise.resolve(1))).rejects.toThrow('first');
    await expect(pending.track(Promise.reject(new Error('own')))).rejects.toThrow('first');
    expect(pending.size).toBe(0);
  });
});
