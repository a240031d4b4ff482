/** The command that makes a copy of a video which every browser can read. */

/** A name without its extension. */
export const stem = (name: string): string => name.replace(/\.[^.]*$/, '') || name;

const quoted = (name: string): string => `"${name.replace(/["\\$`]/g, '\\$&')}"`;

/** CRF 12 keeps the change small. */
export const ffmpegLine = (name: string): string =>
  `ffmpeg -i ${quoted(name)} -c:v libx264 -crf 12 -pix_fmt yuv420p ${quoted(`${stem(name)}-copy.mp4`)}`;
