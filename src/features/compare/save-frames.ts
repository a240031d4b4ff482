/** Saves the frames of both sides as PNG in full resolution. */
import { saveFile } from '../../page/save-file.ts';
import { compare } from './state/session.ts';
import { NO_FRAME } from './state/timeline.ts';

/**
 * @param name file name from the video's name, the side's letter and the 1-based frame number
 * @throws CodedError of the decoder
 */
export async function saveFrames(
  name: (video: string, side: string, frame: number) => string,
): Promise<void> {
  compare.clock.pause();
  const { position } = compare.clock.store.getState();
  for (const side of ['a', 'b'] as const) {
    const of = compare.sideOf(side);
    const frame = compare.frameOf(side, position);
    if (!of || frame === NO_FRAME) continue;
    const { file, video, frames } = of;
    const { width, height } = video.facts;
    let rgba = compare.frameImages.get(video.id, frame)?.rgba;
    if (!rgba && frames.exact(frame)) {
      rgba = new Uint8ClampedArray(width * height * 4);
      frames.paint(frame, rgba);
    }
    // A separate request, which the viewer's requests do not abort.
    const image = rgba
      ? { rgba, width, height }
      : await compare.frameImages.request(`save-${side}`, video.id, frame);
    if (!image) continue;
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d')?.putImageData(new ImageData(image.rgba, image.width, image.height), 0, 0);
    const base = file.name.replace(/\.[^.]+$/, '');
    saveFile(name(base, side.toUpperCase(), frame + 1), await canvas.convertToBlob({ type: 'image/png' }));
  }
}
