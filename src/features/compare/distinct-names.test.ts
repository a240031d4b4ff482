import { expect, it } from 'vitest';
import { distinctNames } from './distinct-names.ts';

it('cuts a long common beginning at the end of a word', () => {
  const names = ['bbb_800x640_768kbps_30fps_vp9.mp4', 'bbb_800x640_768kbps_30fps_avc_3b.mp4'] as const;
  expect(distinctNames(...names)).toEqual({ a: '…vp9.mp4', b: '…avc_3b.mp4' });
  expect(distinctNames('clip 1080p crf 23.mp4', 'clip 1080p crf 28.mp4')).toEqual({
    a: '…23.mp4',
    b: '…28.mp4',
  });
});

it('leaves short, equal and different names as they are', () => {
  for (const [a, b] of [
    ['a.mp4', 'b.mp4'],
    ['the_same_long_name.mp4', 'the_same_long_name.mp4'],
    ['street.mp4', 'forest.mp4'],
    ['longwordwithoutend1.mp4', 'longwordwithoutend2.mp4'],
  ] as const)
    expect(distinctNames(a, b)).toEqual({ a, b });
});
