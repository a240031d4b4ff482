import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

describe('Pace', () => {
  it('waits for the reply that is too far behind, and only for that', async () => {
    const pace = new Pace(3, () => {});
    const replies: ((more: boolean) => void)[] = [];
    for (let tokens = 1; tokens <= 3; tokens++)
      pace.report(tokens, new Promise((resolve) => replies.push(resolve)));
    await pace.room(3);
    let passed = false;
    const waiting = pace.room(4).then(() => {
      passed = true;
    });
    await Promise.resolve();
    replies[1]?.(true);
    await new Promise((done) => setTimeout(done, 5));
    expect(passed).toBe(false);
    replies[0]?.(true);
    await waiting;
    expect(passed).toBe(true);
  });

  it('stops when the reply says so, before the wait for it ends', async () => {
    let stopped = false;
    const pace = new Pace(1, () => {
      stopped = true;
    });
    pace.report(1, Promise.resolve(false));
    await pace.room(2);
    expect(stopped).toBe(true);
  });

  it('takes a reader that fails for one that is gone', async () => {
    let stopped = false;
    const pace = new Pace(1, () => {
      stopped = true;
    });
    pace.report(1, Promise.reject(new Error('closed')));
    await pace.room(2);
    expect(stopped).toBe(true);
  });
});
