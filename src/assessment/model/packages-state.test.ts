/** Changes of the list of packages, without a store. */
import { expect, test } from 'vitest';
import { CodedError } from '../../../core/errors.ts';
import type { StoredPackage } from '../../../workers/packages/api.ts';
import { EMPTY, interrupted, type PackageRow, type PackagesState, reducePackages } from './packages-state.ts';
import { BUNDLED } from './preferred-package.ts';

const row = (id: string, change: Partial<PackageRow> = {}) =>
  ({ id, stored: null, work: { kind: 'none' }, error: null, ...change }) as unknown as PackageRow;
const listOf = (...ids: string[]): PackagesState => ({ ...EMPTY, rows: ids.map((id) => row(id)) });
const ids = (change: Partial<PackagesState>) => change.rows?.map(({ id }) => id);

test('a row that was added while the list was read stays, after the listed ones', () => {
  const added = row('new', { error: { code: 'x', params: {}, message: '' } });
  const state = { ...EMPTY, rows: [added] };
  const opened = { kind: 'opened', machine: null, error: null } as const;
  expect(ids(reducePackages(state, { ...opened, rows: [row(BUNDLED), row('a')] }))).toEqual([
    BUNDLED,
    'a',
    'new',
  ]);
  const both = reducePackages(state, { ...opened, rows: [row(BUNDLED), row('new')] });
  expect([ids(both), both.rows?.[1]]).toEqual([[BUNDLED, 'new'], added]);
});

test('a row is added once: at the end, or at its old place', () => {
  expect(ids(reducePackages(listOf('a', 'b'), { kind: 'added', row: row('a') }))).toEqual(['b', 'a']);
  expect(ids(reducePackages(listOf('a', 'c'), { kind: 'added', row: row('b'), at: 1 }))).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect(ids(reducePackages(listOf(BUNDLED, 'a'), { kind: 'cleared' }))).toEqual([BUNDLED]);
});

test('a download is paused by the person or the network; another error ends it', () => {
  const stored = { arrivedBytes: 5, totalBytes: 9 } as StoredPackage;
  const of = (thrown: unknown, kind: 'downloading' | 'checking' = 'downloading') => {
    const error = thrown instanceof CodedError ? thrown.toData() : { code: '', params: {}, message: '' };
    return interrupted(kind, thrown, error, stored, 7);
  };
  const stopped = new DOMException('paused', 'AbortError');
  expect(of(stopped)).toEqual({
    stored,
    work: { kind: 'paused', reason: 'person', since: 7 },
    error: null,
  });
  expect(of(stopped, 'checking').work).toEqual({ kind: 'none' });
  expect(of(new CodedError('model/network', { file: 'x' }))).toMatchObject({
    work: { kind: 'paused', reason: 'network' },
    error: { params: { received: 5, total: 9 } },
  });
  expect(of(new CodedError('model/network', { file: 'x', status: 403 })).work).toEqual({ kind: 'none' });
});
