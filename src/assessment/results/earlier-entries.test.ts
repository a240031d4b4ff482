import { expect, test } from 'vitest';
import type { Result } from '../../../core/files/result.ts';
import type { StoredTimeline } from '../timeline/store.ts';
import { readEntry } from './earlier-entries.ts';

const result = { createdAt: '2026-01-01T00:00:00Z' } as Result;
const timeline = { duration: 90 } as StoredTimeline['timeline'];

test('an entry of an earlier version keeps its quality timeline', () => {
  const entry = { id: 'a', result, thumbnails: [null] };
  expect(readEntry({ ...entry, curve: { curve: timeline, pictures: [null, null] } })).toEqual({
    ...entry,
    timeline: { timeline, thumbnails: [null, null] },
  });
  expect(readEntry(entry)).toEqual(entry);
});

test('stored files of an earlier format are brought to the present one', () => {
  const profile = { frames: 12, places: 'golden', motion: { pixels: 'squash', take: 'pairs' } };
  const old = { ...result, format: 1, model: { dialect: 'wasm' }, profile } as unknown as Result;
  const read = readEntry({ id: 'a', result: old, thumbnails: [] });
  expect(read.result).toMatchObject({
    format: 2,
    model: { target: 'wasm' },
    profile: { frames: 12, sampling: 'goldenRatio', motion: { frames: 'successors' } },
  });
});
