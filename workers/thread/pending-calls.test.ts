import { describe, expect, it } from 'vitest';
import { Lifeline } from './pending-calls.ts';

describe('a lifeline', () => {
  it('passes on results and errors, and keeps neither', async () => {
    const life = new Lifeline();
    const works = [life.during(Promise.resolve(7)), life.during(Promise.reject(new Error('broken')))];
    expect(life.calls).toBe(2);
    expect(await works[0]).toBe(7);
    await expect(works[1]).rejects.toThrow('broken');
    expect(life.calls).toBe(0);
  });
  it('rejects what waits and what comes later, with the first reason', async () => {
    const life = new Lifeline();
    const work = life.during(new Promise(() => {}));
    life.end(new Error('first'));
    life.end(new Error('second'));
    await expect(work).rejects.toThrow('first');
    await expect(life.during(Promise.resolve(1))).rejects.toThrow('first');
    await expect(life.during(Promise.reject(new Error('own')))).rejects.toThrow('first');
    expect(life.calls).toBe(0);
  });
});
