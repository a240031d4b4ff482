import { describe, expect, it } from 'vitest';
import { ACTIONS, createActionRegistry, type Offers, offeredIds } from './actions.ts';

function registry() {
  const ran: string[] = [];
  const run = (name: string) => () => void ran.push(name);
  return { ran, run, actions: createActionRegistry() };
}

describe('the table', () => {
  it.each([
    ['assess', ['everywhere', 'playing', 'assess']],
    ['compare', ['everywhere', 'playing', 'compare']],
    ['training', ['everywhere', 'training']],
  ])('gives no chord to two actions on the page %s', (_, groups) => {
    const entries = Object.values(ACTIONS).filter(({ group }) => groups.includes(group));
    const keys = entries.flatMap((entry) => entry.keys as readonly string[]);
    expect(new Set(keys).size).toBe(keys.length);
  });
  it('uses no letter alone that begins a pair', () => {
    const keys = Object.values(ACTIONS).flatMap((entry) => entry.keys as readonly string[]);
    expect(keys).not.toContain('g');
  });
});

describe('the registry', () => {
  it('runs the newest enabled offer and falls back to an older one', () => {
    const { ran, run, actions } = registry();
    actions.add({ current: { escape: run('page') } });
    const inner: { current: Offers } = { current: { escape: run('dialog') } };
    const remove = actions.add(inner);
    expect(actions.run('escape')).toBe(true);
    inner.current = { escape: null };
    expect(actions.run('escape')).toBe(true);
    inner.current = { escape: { run: run('guarded'), isEnabled: () => false } };
    expect(actions.run('escape')).toBe(true);
    remove();
    expect(actions.run('escape')).toBe(true);
    expect(ran).toEqual(['dialog', 'page', 'page', 'page']);
  });
  it('reports an action that nobody offers, or that the browser does', () => {
    const { actions } = registry();
    expect(actions.run('next')).toBe(false);
    actions.add({ current: { paste: 'browser' } });
    expect(actions.run('paste')).toBe(false);
    expect([...actions.offered()]).toEqual(['paste']);
  });
  it('tells its listeners of each change, with a new set', () => {
    const { run, actions } = registry();
    const seen: number[] = [];
    actions.subscribe(() => seen.push(actions.offered().size));
    const before = actions.offered();
    const remove = actions.add({ current: { open: run('a'), copy: null } });
    expect(actions.offered()).not.toBe(before);
    remove();
    expect(seen).toEqual([1, 0]);
  });
  it('lists ids in the order of the table', () => {
    expect(offeredIds({ compare: () => {}, open: () => {}, help: null })).toEqual(['open', 'compare']);
  });
});
