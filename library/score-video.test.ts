import { expect, test } from 'vitest';
import type { OpenedVideo } from '../workers/media/api.ts';
import type { AssessEvent, LoadedModel } from '../workers/model/api.ts';
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

test('progress and the text so far are reported, and the score is that of the answer', async () => {
  const { session, closed } = sessionOf('sdr');
  const pieces = ['<think>Mild ', 'blur.</think>', '<answer>3.20</answer>'];
  const media = {
    ...session.media,
    frames: async (...[, { indices }, onFrame]: Parameters<Session['media']['frames']>) => {
      for (const index of indices) onFrame({ index, time: 0, rgb: [new Uint8Array(3)] });
      return { decoded: indices.length, wanted: indices.length, seconds: 0 };
    },
  };
  const client = {
    encodeVision: async () => {},
    assess: async (_: unknown, onEvent: (event: AssessEvent) => void) => {
      onEvent({ stage: 'encodeVision', done: 4, total: 4, reused: 0 });
      for (const [k, text] of pieces.entries()) onEvent({ stage: 'generate', text, tokens: k + 1 });
      const seconds = { encodeVision: 0, encodeMotion: 0, prefill: 0, generate: 0 };
      return {
        text: pieces.join(''),
        tokens: 3,
        end: 'eos' as const,
        expected: null,
        seconds,
        framesReused: 0,
      };
    },
  };
  const facts = {
    ...session.model.facts,
    manifest: { name: 'fake', scale: { range: [1, 5] } },
    manifestSha256: 'ab',
  } as unknown as LoadedModel;
  const texts: string[] = [];
  const stages: string[] = [];
  const model = { ...session.model, client, facts } as unknown as Session['model'];
  const score = await scoreVideo(
    file,
    { media, model },
    {
      onText: (text) => texts.push(text),
      onProgress: ({ stage, done, total }) => stages.push(`${stage} ${done}/${total}`),
    },
  );
  expect(texts).toEqual([pieces[0], pieces[0]! + pieces[1]!, pieces.join('')]);
  expect(stages.filter((text) => text.startsWith('decode')).at(-1)).toBe('decode 4/4');
  expect(stages).toContain('encode 4/4');
  expect(score).toMatchObject({
    score: 3.2,
    band: 3,
    text: pieces.join(''),
    model: { name: 'fake', sha256: 'ab' },
  });
  expect(score.distortions).toContain('blur');
  expect(closed).toEqual([7]);
});
