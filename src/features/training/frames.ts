/** Small pictures of source frames as object addresses: asked for once, the oldest let go. */
import { CodedError } from '../../../core/errors.ts';
import { training } from './state/session.ts';

const MOST = 400;
const kept = new Map<string, Promise<string>>();

/** @throws what the server says when there is no such frame */
export function frameUrl(run: string, video: string, index: number): Promise<string> {
  const api = training.api();
  if (!api) return Promise.reject(new CodedError('train/unreachable', { address: '' }));
  const key = `${api.address} ${run} ${video} ${index}`;
  const known = kept.get(key);
  if (known) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const made = api.frame(run, video, index).then((blob) => URL.createObjectURL(blob));
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  for (const [old, url] of [...kept].slice(0, Math.max(0, kept.size - MOST))) {
    kept.delete(old);
    url.then(URL.revokeObjectURL, () => {});
  }
  return made;
}
