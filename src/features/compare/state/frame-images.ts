/** Full-resolution images of single frames: decoded on request, the most recently used cached. */
import type { DecodedFrameImage } from '../../../../workers/media/api.ts';

/** Largest size of the cache in bytes, beside the images on screen; less on small devices. */
export const FRAME_IMAGE_BYTES = 80e6;

export interface FrameImageSource {
  frameImage(id: number, index: number, signal?: AbortSignal): Promise<DecodedFrameImage>;
}

/** A decoding in progress, shared by the requests for the same frame. */
interface Decoding {
  readonly image: Promise<DecodedFrameImage>;
  readonly stop: AbortController;
  requests: number;
}

/** @param capacity bytes of the cache */
export function createFrameImages(media: FrameImageSource, capacity = FRAME_IMAGE_BYTES) {
  /** In the order of their last use. */
  const cached = new Map<string, DecodedFrameImage>();
  const decodings = new Map<string, Decoding>();
  /** The newest request of each side. */
  const requests = new Map<string, { readonly key: string; readonly stop: AbortController }>();
  let bytes = 0;
  const keyOf = (id: number, index: number) => `${id}/${index}`;

  function begin(id: number, index: number): Decoding {
    const key = keyOf(id, index);
    const stop = new AbortController();
    const image = media.frameImage(id, index, stop.signal).then((image) => {
      if (!stop.signal.aborted) store(key, image);
      return image;
    });
    const decoding: Decoding = { image, stop, requests: 0 };
    decodings.set(key, decoding);
    const end = () => {
      if (decodings.get(key) === decoding) decodings.delete(key);
    };
    image.then(end, end);
    return decoding;
  }

  /** Decodes a frame, or joins its decoding; the decoding is aborted when all requests for it are. */
  function decode(id: number, index: number, signal: AbortSignal): Promise<DecodedFrameImage> {
    const key = keyOf(id, index);
    const decoding = decodings.get(key) ?? begin(id, index);
    decoding.requests++;
    return new Promise((resolve, reject) => {
      decoding.image.then(resolve, reject);
      signal.addEventListener('abort', () => {
        reject(signal.reason);
        if (--decoding.requests > 0) return;
        decodings.delete(key);
        decoding.stop.abort(signal.reason);
      });
    });
  }

  function store(key: string, image: DecodedFrameImage): void {
    cached.set(key, image);
    bytes += image.rgba.byteLength;
    for (const [oldest, { rgba }] of cached) {
      if (bytes <= capacity || oldest === key) break;
      cached.delete(oldest);
      bytes -= rgba.byteLength;
    }
  }

  return {
    capacity,
    /** The cached image of a frame, which becomes the most recently used one. */
    get(id: number, index: number): DecodedFrameImage | undefined {
      const key = keyOf(id, index);
      const image = cached.get(key);
      if (image) {
        cached.delete(key);
        cached.set(key, image);
      }
      return image;
    },
    has: (id: number, index: number) => cached.has(keyOf(id, index)),
    /**
     * Decodes a frame for a side. Two sides that request the same frame share one decoding. A side has one request at a
     * time: a newer one aborts the older, which rejects with `AbortError`.
     *
     * @returns null when the side has already requested this frame
     * @throws CodedError with the `media/*` codes
     */
    async request(side: string, id: number, index: number): Promise<DecodedFrameImage | null> {
      const key = keyOf(id, index);
      const image = this.get(id, index);
      const before = requests.get(side);
      if (image) {
        before?.stop.abort();
        requests.delete(side);
        return { ...image, decoded: 0 };
      }
      if (before?.key === key) return null;
      before?.stop.abort();
      const request = { key, stop: new AbortController() };
      requests.set(side, request);
      try {
        return await decode(id, index, request.stop.signal);
      } finally {
        if (requests.get(side) === request) requests.delete(side);
      }
    },
    /**
     * Decodes a frame into the cache for no side; `busy` stays as it is.
     *
     * @throws as `request`
     */
    async prefetch(id: number, index: number, signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      if (!cached.has(keyOf(id, index))) await decode(id, index, signal);
    },
    /** Aborts the requests of all sides. */
    cancel(): void {
      for (const { stop } of requests.values()) stop.abort();
      requests.clear();
    },
    /** True while a side's request is being decoded. */
    get busy(): boolean {
      return requests.size > 0;
    },
    clear(): void {
      this.cancel();
      cached.clear();
      bytes = 0;
    },
  };
}

export type FrameImages = ReturnType<typeof createFrameImages>;
