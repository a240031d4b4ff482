/** Interface between the page and the frame worker: proxy frames of a video, for smooth playing. */

/** Size of the proxy frames, and how many fit into the budget. */
export interface StorePlan {
  /** Size of a kept frame in pixels, rotation applied. */
  readonly width: number;
  readonly height: number;
  readonly bytesPerFrame: number;
  /** Frames of the video, and how many of them fit in the cap at this size. */
  readonly frames: number;
  readonly room: number;
  /** The kept frames hold every sample of the video: nothing was reduced. */
  readonly exact: boolean;
}

export interface FillRequest {
  readonly width: number;
  readonly height: number;
  /** Frames [from, to) in presentation order, delivered in about this order. */
  readonly from: number;
  readonly to: number;
  /** Only these of them. */
  readonly only?: readonly number[];
}

/** One proxy frame, 8-bit YUV 4:2:0: Y [height, width], then U and V [⌈height/2⌉, ⌈width/2⌉]. */
export interface StoredFrame {
  readonly index: number;
  /** Frame that was used because `index` could not be decoded. */
  readonly substituted?: number;
  readonly data: Uint8Array<ArrayBuffer>;
  /** The decoder gave RGB: the samples are BT.601 full range, whatever the file says of its colour. */
  readonly fromRgb: boolean;
}

export interface FramesApi {
  /**
   * Decodes and reduces frames, delivering each once. Ends when all are delivered.
   *
   * @throws CodedError with the `media/*` codes
   */
  fill(file: File, request: FillRequest, onFrame: (frame: StoredFrame) => void): Promise<void>;
  /** While held nothing is decoded, so that another decoder has the processor to itself. */
  hold(on: boolean): void;
}
