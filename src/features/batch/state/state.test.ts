/** Each change of the Batch page's state, without a store. */
import { expect, test } from 'vitest';
import type { BatchModel } from '../../../../core/files/batch.ts';
import type { TableFile } from './score-files.ts';
import { answeredRow, type BatchEvent, type BatchState, EMPTY, failedRow, reduceBatch } from './state.ts';

function stateAfter(state: BatchState, ...events: BatchEvent[]): BatchState {
  let now = state;
  for (const event of events) now = { ...now, ...reduceBatch(now, event) };
  return now;
}

const video = (path: string, bytes = 1) => ({ path, file: new File(['x'.repeat(bytes)], path) });
const added = (
  videos: ReturnType<typeof video>[],
  tables: TableFile[] = [],
  present = videos.map(({ path }) => path),
): BatchEvent => ({
  kind: 'added',
  videos,
  tables,
  present: new Set(present),
  retained: new Set(),
  name: 'set',
  createdAt: '2026-01-01T00:00:00.000Z',
});
const two = stateAfter(EMPTY, added([video('a.mp4'), video('b.mp4')]));
const answer = { score: 3, text: 'x', tokens: 1, named: [], thumbnail: null };

test('a new batch gets a name and a date, more videos do not change them', () => {
  expect(two).toMatchObject({ phase: 'checked', name: 'set', check: null });
  const more = stateAfter(two, {
    ...added([video('c.mp4')], [], ['a.mp4', 'b.mp4', 'c.mp4']),
    name: 'other',
  } as BatchEvent);
  expect([more.name, more.rows.map(({ path }) => path)]).toEqual(['set', ['a.mp4', 'b.mp4', 'c.mp4']]);
});

test('the same path with another size is another video, with the same size the same row', () => {
  const done = answeredRow(two.rows[0]!, answer, 2);
  const state = stateAfter(two, { kind: 'replaced', rows: [done] });
  expect(state.phase).toBe('paused');
  const same = stateAfter(state, added([video('a.mp4')], [], ['a.mp4', 'b.mp4']));
  expect(same.rows[0]?.score).toBe(3);
  const other = stateAfter(state, added([video('a.mp4', 2)], [], ['a.mp4', 'b.mp4']));
  expect(other.rows[0]).toMatchObject({ state: 'waiting', bytes: 2, score: null });
});

test('tables before videos: the scores wait for their videos, and faults add up', () => {
  const table = { name: 't.csv', text: 'path,mos\na.mp4,4\nz.mp4,1\nb.mp4,none' };
  const state = stateAfter(EMPTY, added([video('a.mp4'), video('b.mp4')], [table]));
  expect(state.check).toMatchObject({
    tables: [{ name: 't.csv' }],
    withoutVideo: ['z.mp4'],
    withoutScore: 1,
  });
  expect(state.check?.faults.map(({ table: name }) => name)).toEqual(['t.csv']);
  const more = stateAfter(state, added([video('c.mp4')], [], ['a.mp4', 'b.mp4', 'c.mp4']));
  expect(more.check).toMatchObject({ tables: [{ name: 't.csv' }], withoutVideo: ['z.mp4'], withoutScore: 2 });
});

test('a table may come before any video: it is matched at every add', () => {
  const table = { name: 't.csv', text: 'path,mos\na.mp4,4\nb.mp4,1' };
  const alone = stateAfter(EMPTY, added([], [table]));
  expect(alone).toMatchObject({ rows: [], check: { withoutVideo: ['a.mp4', 'b.mp4'] } });
  const first = stateAfter(alone, added([video('a.mp4')]));
  expect(first.rows).toMatchObject([{ path: 'a.mp4', mos: 4 }]);
  const second = stateAfter(first, added([video('b.mp4')], [], ['a.mp4', 'b.mp4']));
  expect(second.rows).toMatchObject([{ mos: 4 }, { mos: 1 }]);
  expect(second.check).toMatchObject({ withoutVideo: [], withoutScore: 0 });
});

test('another column of the table gives other scores, and none of the former column stays', () => {
  const table = { name: 't.csv', text: 'a.mp4,1.2,x\nb.mp4,2.4,40\nc.mp4,4.4,60' };
  const videos = ['a.mp4', 'b.mp4', 'c.mp4'].map((name) => video(name));
  const state = stateAfter(EMPTY, added(videos, [table]));
  expect(state.rows.map(({ mos }) => mos)).toEqual([1.2, 2.4, 4.4]);
  expect(state.check?.tables).toMatchObject([{ mos: 1, range: [1.2, 4.4] }]);
  const other = stateAfter(state, { kind: 'columnChosen', table: 't.csv', column: 2 });
  expect(other.rows.map(({ mos }) => mos)).toEqual([undefined, 40, 60]);
  expect(other.check).toMatchObject({ tables: [{ mos: 2, range: [40, 60], sure: true }], withoutScore: 1 });
});

test('a table of the same name replaces the earlier one', () => {
  const of = (mos: number) => ({ name: 't.csv', text: `path,mos\na.mp4,${mos}` });
  const state = stateAfter(EMPTY, added([video('a.mp4')], [of(3)]), added([], [of(4)], ['a.mp4']));
  expect(state.rows).toMatchObject([{ mos: 4 }]);
  expect(state.check).toMatchObject({ contradictions: [], tables: [{ scores: 1 }] });
});

test('a waiting row without its file needs access; a running batch keeps its phase', () => {
  const state = stateAfter(two, {
    kind: 'reached',
    present: new Set(['a.mp4']),
    retained: new Set(),
    locked: ['set'],
  });
  expect([state.phase, state.locked]).toEqual(['access', ['set']]);
  const running = stateAfter(state, { kind: 'began' }, added([video('c.mp4')], [], ['a.mp4', 'c.mp4']));
  expect(running.phase).toBe('running');
  expect(stateAfter(running, { kind: 'ended' }).phase).toBe('access');
});

test('a failed row has an error and no score; a restart makes all rows wait again and drops the model', () => {
  const failed = failedRow(two.rows[0]!, { code: 'media/codec', params: { codec: 'HEVC' }, message: '' });
  expect(failed).toMatchObject({ state: 'failed', score: null, error: { code: 'media/codec' } });
  const state = stateAfter(
    two,
    { kind: 'ready', model: {} as BatchModel, settings: { profile: 'p', sampling: 'greedy', maxTokens: 8 } },
    { kind: 'replaced', rows: [failed, answeredRow(two.rows[1]!, answer, 1)] },
  );
  expect(state.phase).toBe('done');
  const again = stateAfter(state, { kind: 'restarted' });
  expect(again).toMatchObject({ phase: 'checked', model: null, settings: null });
  expect(again.rows).toEqual(two.rows);
});

test('the pace follows the newest video by a fifth', () => {
  expect(stateAfter(two, { kind: 'timed', seconds: 10 }, { kind: 'timed', seconds: 20 }).pace).toBe(12);
});

test('the row that was running when the page was left waits', () => {
  const running = { ...two.rows[0]!, state: 'running' as const };
  const head = { createdAt: '', name: 'set', model: null, settings: null, running: true };
  expect(stateAfter(EMPTY, { kind: 'restored', head, rows: [running], tables: [] }).rows[0]?.state).toBe(
    'waiting',
  );
});
