/** Saves the frames of both sides as PNG in full resolution. */
import type { DecodedFrameImage } from '../../../workers/media/api.ts';
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
    let image: Omit<DecodedFrameImage, 'decoded'> | null | undefined = compare.frameImages.get(
      video.id,
      frame,
    );
    if (!image && frames.exact(frame)) {
      const used = frames.substituted(frame);
      const rgba = new Uint8ClampedArray(width * height * 4);
      frames.paint(frame, rgba);
      image = { rgba, width, height, ...(used === undefined ? {} : { substituted: used }) };
    }
    // A separate request, which the viewer's requests do not abort.
    image ??= await compare.frameImages.request(`save-${side}`, video.id, frame);
    if (!image) continue;
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d')?.putImageData(new ImageData(image.rgba, image.width, image.height), 0, 0);
    const base = file.name.replace(/\.[^.]+$/, '');
    // The file is named for the frame that it holds.
    const held = (image.substituted ?? frame) + 1;
    saveFile(name(base, side.toUpperCase(), held), await canvas.convertToBlob({ type: 'image/png' }));
  }
}
