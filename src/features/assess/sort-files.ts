/** Sorts input files: videos to assess, a saved result to open, or an image, which is refused. */
export type SortedFiles =
  | { readonly kind: 'videos'; readonly videos: readonly File[]; readonly others: number }
  | { readonly kind: 'result'; readonly file: File }
  | { readonly kind: 'image' };

const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|ts|m2ts|mts|avi|mpg|mpeg|wmv|flv|ogv|3gp)$/i;

/** Systems without a reader of HEIC give its files no type. */
const isImage = (file: File): boolean => file.type.startsWith('image/') || /\.hei[cf]$/i.test(file.name);
const isResult = (file: File): boolean => file.type === 'application/json' || /\.json$/i.test(file.name);
const isVideo = (file: File): boolean => file.type.startsWith('video/') || VIDEO.test(file.name);

/**
 * A single file of an unknown kind is tried as a video: the media worker reports its real format. Of several files only
 * those that look like videos are used.
 */
export function sortFiles(files: readonly File[]): SortedFiles {
  const [first] = files;
  const videos = files.filter(isVideo);
  if (videos.length > 0) return { kind: 'videos', videos, others: files.length - videos.length };
  const result = files.find(isResult);
  if (result) return { kind: 'result', file: result };
  if (first && isImage(first)) return { kind: 'image' };
  return { kind: 'videos', videos: first ? [first] : [], others: Math.max(0, files.length - 1) };
}
