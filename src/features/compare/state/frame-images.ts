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

const keyOf = (id: number, index: number): string => `${id}/${index}`;

export class FrameImages {
  /** Bytes of the cache. */
  readonly capacity: number;
  private readonly media: FrameImageSource;
  /** In the order of their last use. */
  private readonly cached = new Map<string, DecodedFrameImage>();
  private readonly decodings = new Map<string, Decoding>();
  /** The newest request of each side. */
  private readonly requests = new Map<string, { readonly key: string; readonly stop: AbortController }>();
  private bytes = 0;

  constructor(media: FrameImageSource, capacity: number) {
    this.media = media;
    this.capacity = capacity;
  }

  /** The cached image of a frame, which becomes the most recently used one. */
  get(id: number, index: number): DecodedFrameImage | undefined {
    const key = keyOf(id, index);
    const image = this.cached.get(key);
    if (image) {
      this.cached.delete(key);
      this.cached.set(key, image);
    }
    return image;
  }

  has(id: number, index: number): boolean {
    return this.cached.has(keyOf(id, index));
  }

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
    const before = this.requests.get(side);
    if (image) {
      before?.stop.abort();
      this.requests.delete(side);
      return { ...image, decoded: 0 };
    }
    if (before?.key === key) return null;
    before?.stop.abort();
    const request = { key, stop: new AbortController() };
    this.requests.set(side, request);
    try {
      return await this.decode(id, index, request.stop.signal);
    } finally {
      if (this.requests.get(side) === request) this.requests.delete(side);
    }
  }

  /**
   * Decodes a frame into the cache for no side; `busy` stays as it is.
   *
   * @throws as `request`
   */
  async prefetch(id: number, index: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.has(id, index)) await this.decode(id, index, signal);
  }

  /** Aborts the requests of all sides. */
  cancel(): void {
    for (const { stop } of this.requests.values()) stop.abort();
    this.requests.clear();
  }

  /** True while a side's request is being decoded. */
  get busy(): boolean {
    return this.requests.size > 0;
  }

  clear(): void {
    this.cancel();
    this.cached.clear();
    this.bytes = 0;
  }

  /** Decodes a frame, or joins its decoding; the decoding is aborted when all requests for it are. */
  private decode(id: number, index: number, signal: AbortSignal): Promise<DecodedFrameImage> {
    const key = keyOf(id, index);
    const decoding = this.decodings.get(key) ?? this.begin(id, index);
    decoding.requests++;
    return new Promise((resolve, reject) => {
      decoding.image.then(resolve, reject);
      signal.addEventListener('abort', () => {
        reject(signal.reason);
        if (--decoding.requests > 0) return;
        this.decodings.delete(key);
        decoding.stop.abort(signal.reason);
      });
    });
  }

  private begin(id: number, index: number): Decoding {
    const key = keyOf(id, index);
    const stop = new AbortController();
    const image = this.media.frameImage(id, index, stop.signal).then((image) => {
      if (!stop.signal.aborted) this.store(key, image);
      return image;
    });
    const decoding: Decoding = { image, stop, requests: 0 };
    this.decodings.set(key, decoding);
    const end = () => {
      if (this.decodings.get(key) === decoding) this.decodings.delete(key);
    };
    image.then(end, end);
    return decoding;
  }

  private store(key: string, image: DecodedFrameImage): void {
    this.cached.set(key, image);
    this.bytes += image.rgba.byteLength;
    for (const [oldest, { rgba }] of this.cached) {
      if (this.bytes <= this.capacity || oldest === key) break;
      this.cached.delete(oldest);
      this.bytes -= rgba.byteLength;
    }
  }
}

/** @param capacity bytes of the cache */
export const createFrameImages = (media: FrameImageSource, capacity = FRAME_IMAGE_BYTES): FrameImages =>
  new FrameImages(media, capacity);
