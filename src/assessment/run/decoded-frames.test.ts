import { expect, test, vi } from 'vitest';
import { builtInProfiles, type Profile } from '../../../core/sampling/profiles.ts';
import type { DeliveredFrame } from '../../../workers/media/api.ts';
import { DecodedFrames } from './decoded-frames.ts';

const profile = builtInProfiles['test12@560'] as Profile;
const frame = (index: number, thumbnail?: ImageBitmap): DeliveredFrame => ({
  index,
  time: index / 24,
  rgb: [],
  ...(thumbnail && { thumbnail }),
});

test('frames stay for the same pixels and are dropped for another size or pixel rule', () => {
  const frames = new DecodedFrames();
  frames.use(profile);
  frames.add(frame(3));
  frames.use({ ...profile, name: 'another name' });
  expect([frames.has(3), frames.get(3)?.index]).toEqual([true, 3]);
  frames.use({ ...profile, size: 448 });
  expect(frames.has(3)).toBe(false);
  frames.add(frame(4));
  frames.use({ ...profile, size: 448, motion: { ...profile.motion, pixels: 'fragments', cell: 32 } });
  expect([...frames.values()]).toEqual([]);
});

test('closing closes every thumbnail', () => {
  const thumbnail = { close: vi.fn() } as unknown as ImageBitmap;
  const frames = new DecodedFrames();
  frames.use(profile);
  frames.add(frame(1, thumbnail));
  frames.add(frame(2));
  frames.close();
  expect(thumbnail.close).toHaveBeenCalledOnce();
  expect([...frames.values()]).toEqual([]);
});
