import { describe, expect, it } from 'vitest';
import { motionPhotoVideo, videoInPhoto } from './motion-photo.ts';

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const video = latin('\0\0\0\x18ftypmp42\0\0\0\0isommp42\0\0\0\x08moov');
const jpeg = latin('\xff\xd8\xff\xe1 a picture of ftyp letters \xff\xd9');

describe('the video of a motion photo', () => {
  it('begins at its first box', async () => {
    const photo = new File([jpeg, video, latin('MotionPhoto_Data SEFT')], 'IMG_1.jpg', {
      type: 'image/jpeg',
    });
    const file = await motionPhotoVideo(photo);
    expect(file).toMatchObject({ name: 'IMG_1.jpg.mp4', type: 'video/mp4' });
    expect(new Uint8Array(await file!.arrayBuffer()).subarray(0, video.length)).toEqual(video);
  });
  it('lies in a box of a HEIC picture', () => {
    const heic = latin('\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08meta\0\0\0\x30mpvd');
    const photo = Uint8Array.from([...heic, ...video]);
    expect(videoInPhoto(photo)).toBe(heic.length);
    expect(videoInPhoto(heic)).toBe(-1);
  });
  it('is not in an ordinary picture', async () => {
    expect(await motionPhotoVideo(new File([jpeg], 'a.jpg'))).toBeNull();
    expect(videoInPhoto(new Uint8Array())).toBe(-1);
    expect(videoInPhoto(latin('\xff\xd8\xff the end: ftyp'))).toBe(-1);
  });
});
