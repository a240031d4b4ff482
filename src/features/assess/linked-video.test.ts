import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../page/router.ts';
import { linkedVideo, linkTo } from './linked-video.ts';

describe('the video of the page’s address', () => {
  it.each([
    ['https://a.example/clip.mp4'],
    ['https://a.example/clip.mp4?token=a?b&c=d'],
    ['http://127.0.0.1:8080/with%20space.webm#t=2'],
  ])('%s is read as it is, and encoded', (video) => {
    for (const hash of [`#/?video=${video}`, `#/assess?video=${encodeURIComponent(video)}`, linkTo(video)])
      expect(linkedVideo(parseAddress(hash).query)).toBe(video);
  });

  it('names none without a value, and keeps what cannot be decoded', () => {
    expect(linkedVideo('')).toBeNull();
    expect(linkedVideo('video=')).toBeNull();
    expect(linkedVideo('seed=7')).toBeNull();
    expect(linkedVideo('video=clip%')).toBe('clip%');
  });
});
