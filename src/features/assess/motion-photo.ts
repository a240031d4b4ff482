/**
 * Motion photos: a JPEG or HEIC picture with a short MP4 behind it, as phones write them. Makers mark the video in
 * different ways (XMP, a trailer, an `mpvd` box), so its first box is searched for.
 */

/** Larger files are no photos. */
const MAX_BYTES = 128 << 20;
/** Boxes that follow `ftyp` in the videos of phones. */
const SECOND_BOXES = new Set(['moov', 'mdat', 'free', 'skip', 'wide', 'uuid', 'moof']);
const STILL_BRANDS = new Set(['heic', 'heix', 'mif1', 'avif', 'avis']);

/** Position of the video in the bytes of a photo, or −1 where there is none. */
export function videoInPhoto(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  for (let at = bytes.indexOf(0x66, 9); at >= 0; at = bytes.indexOf(0x66, at + 1)) {
    if (word(at) !== 'ftyp') continue;
    const size = view.getUint32(at - 4);
    const next = at - 4 + size;
    if (size >= 16 && size <= 256 && !STILL_BRANDS.has(word(at + 4)) && SECOND_BOXES.has(word(next + 4)))
      return at - 4;
  }
  return -1;
}

/** The video of a motion photo as a file of its own; null for an ordinary picture. */
export async function motionPhotoVideo(photo: File): Promise<File | null> {
  if (photo.size > MAX_BYTES) return null;
  const at = videoInPhoto(new Uint8Array(await photo.arrayBuffer()));
  return at < 0 ? null : new File([photo.slice(at)], `${photo.name}.mp4`, { type: 'video/mp4' });
}
