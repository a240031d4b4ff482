/** Small pictures of source frames as object addresses: asked for once, the oldest let go. */
import { CodedError } from '../../../core/errors.ts';
import { training } from './state/session.ts';

const MOST = 400;
const cache = new Map<string, Promise<string>>();

/** @throws what the server says when there is no such frame */
export function frameUrl(run: string, video: string, index: number): Promise<string> {
  const api = training.api();
  if (!api) return Promise.reject(new CodedError('train/unreachable', { address: '' }));
  const key = `${api.address} ${run} ${video} ${index}`;
  const cached = cache.get(key);
  if (cached) {
    cache.delete(key);
    cache.set(key, cached);
    return cached;
  }
  const made = api.frame(run, video, index).then((blob) => URL.createObjectURL(blob));
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  for (const [old, url] of [...cache].slice(0, Math.max(0, cache.size - MOST))) {
    cache.delete(old);
    url.then(URL.revokeObjectURL, () => {});
  }
  return made;
}
