import { expect, test } from 'vitest';
import type { OpenedVideo } from '../workers/media/api.ts';
import { type Session, scoreVideo } from './score-video.ts';

class Reached extends Error {}

/** A session whose video has this transfer, and whose frames are not there. */
function sessionOf(transfer: 'sdr' | 'pq' | 'hlg') {
  const closed: number[] = [];
  const facts = { frames: 10, duration: 1, colour: { transfer }, notices: [] };
  const media = {
    open: async () => ({ id: 7, facts, times: new Float64Array(10), start: 0 }) as unknown as OpenedVideo,
    frames: () => Promise.reject(new Reached()),
    codecs: async () => [],
    close: (id: number) => closed.push(id),
  };
  const profile = {
    sampling: 'uniform',
    frames: 4,
    size: 32,
    vision: { pixels: 'squash' },
    motion: { pixels: 'squash', frames: 'same' },
  };
  const model = { client: {}, facts: { profile, manifest: {} }, unload: async () => {} };
  return { session: { media, model } as unknown as Session, closed };
}

const file = new File([], 'clip.mp4');

test.each(['pq', 'hlg'] as const)(
  'strict refuses %s before a frame is decoded, and closes the video',
  async (transfer) => {
    const { session, closed } = sessionOf(transfer);
    const refused = scoreVideo(file, session, { strict: true });
    await expect(refused).rejects.toMatchObject({ code: 'media/strict', params: { transfer } });
    expect(closed).toEqual([7]);
  },
);

test.each([
  ['sdr', true],
  ['hlg', false],
] as const)('%s with strict %s goes on to the frames', async (transfer, strict) => {
  const { session, closed } = sessionOf(transfer);
  await expect(scoreVideo(file, session, { strict })).rejects.toThrow(Reached);
  expect(closed).toEqual([7]);
});

test('a signal that has fired stops it', async () => {
  const { session } = sessionOf('sdr');
  await expect(scoreVideo(file, session, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
});
