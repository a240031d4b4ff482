/** The video that the page's own address names: `#/?video=https://…`, a bookmark of one clip. */

const NAME = 'video=';

/**
 * The address of the video, percent-encoded or as it is: everything behind `video=` belongs to it, also its own `?` and `&`.
 *
 * @param query of the page's address
 * @returns null where it names none
 */
export function linkedVideo(query: string): string | null {
  if (!query.startsWith(NAME)) return null;
  const text = query.slice(NAME.length);
  if (text === '') return null;
  if (/^https?:/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The page's address for a video. */
export const linkTo = (video: string): string => `#/?${NAME}${encodeURIComponent(video)}`;
