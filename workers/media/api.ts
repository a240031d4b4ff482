/** Interface between the page and the media worker. Times are seconds, frames are counted in presentation order. */
import type { MediaNotice } from '../../core/text/media-notices.ts';

/** Rule by which the pixels of one branch are taken from a frame (contracts §2). */
export type PixelRule =
  | { readonly pixels: 'squash' }
  | { readonly pixels: 'fragments'; readonly cell: number };

export interface ColourFacts {
  /** Matrix used for YUV to RGB; `identity` holds RGB in its three planes. */
  readonly matrix: 'bt601' | 'bt709' | 'bt2020' | 'smpte240m' | 'fcc' | 'identity';
  readonly range: 'limited' | 'full';
  /** Where the tag came from; `none` means the BT.601 default of ffmpeg was used. */
  readonly source: 'bitstream' | 'container' | 'none';
  /** Transfer curve, named when it is PQ or HLG (no tone mapping is done, the page says so). */
  readonly transfer: 'sdr' | 'pq' | 'hlg';
}

export interface VideoFacts {
  readonly name: string;
  readonly bytes: number;
  /** Bytes of the chosen stream's packets: the file without audio and container. */
  readonly videoBytes: number;
  readonly container: 'mp4' | 'mov' | 'webm' | 'mkv' | 'mpegts';
  /** Codec string as WebCodecs takes it, e.g. `avc1.64001f`. */
  readonly codec: string;
  /** For people: `H.264 High`, `VP9`, `AV1`. */
  readonly codecName: string;
  /** Size as shown, rotation applied, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly rotation: 0 | 90 | 180 | 270;
  /** Left and right change places after the rotation, as selfie cameras write it. */
  readonly mirrored?: true;
  /** L: packets of the chosen stream, undecodable and hidden ones included; the two fields of a frame are one. */
  readonly frames: number;
  readonly duration: number;
  /** Frames a second; 0 when unknown, and for a single frame. */
  readonly fps: number;
  readonly bitDepth: 8 | 10 | 12;
  readonly chroma: '4:2:0' | '4:2:2' | '4:4:4' | 'mono';
  readonly colour: ColourFacts;
  /** Frames that the end of the file cuts off; 0 when it is whole. */
  readonly missing: number;
  /** Properties of the file that its reader should know; none of them stops an assessment. */
  readonly notices: readonly MediaNotice[];
}

export interface OpenedVideo {
  readonly id: number;
  readonly facts: VideoFacts;
  /** Presentation time of every frame in seconds, ascending, first frame at 0. */
  readonly times: Float64Array;
  /** Time of frame 0 on a player's clock in seconds; negative when an edit list hides it. */
  readonly start: number;
}

export interface FrameRequest {
  /** Frames wanted, any order, repeats allowed; each distinct one is decoded and delivered once. */
  readonly indices: readonly number[];
  /** Side of the square model input in pixels. */
  readonly size: number;
  /** One RGB output a rule, in this order; vision and motion may differ. */
  readonly rules: readonly PixelRule[];
  /** Height in pixels of a thumbnail with the shown aspect, or 0 for none. */
  readonly thumbnail: number;
  /** Frames that get one, where not all do. */
  readonly thumbnailOf?: readonly number[];
  /** Ask for the software decoder (after a stall or an error of the hardware one). */
  readonly software?: boolean;
  /** Computes the quality features of this run of frames as well; their frames are decoded, but not delivered. */
  readonly features?: { readonly from: number; readonly frames: number };
}

export interface DeliveredFrame {
  readonly index: number;
  /** Frame that was used because `index` could not be decoded. */
  readonly substituted?: number;
  readonly time: number;
  /** One [size, size, 3] uint8 RGB image for each rule, transferred. */
  readonly rgb: readonly Uint8Array<ArrayBuffer>[];
  readonly thumbnail?: ImageBitmap;
  /** Size of the frame as shown, where it is not that of the video: the stream changes its size. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Frame planes unavailable (opaque format): the browser converted to RGB, and other machines may give other values. */
  readonly foreignColour?: true;
}

export interface DecodeReport {
  /** Packets fed to the decoder in order to reach the wanted frames. */
  readonly decoded: number;
  readonly wanted: number;
  readonly seconds: number;
  /** Where they were requested. */
  readonly features?: FeatureReport;
}

/** The columns of `core/sampling/human-features.json` of a run of frames. */
export interface FeatureReport {
  /** NaN where a column is undefined. */
  readonly columns: readonly number[];
  /** Samples and sharpness frames that were read; fewer than usual in a short video. */
  readonly samples: number;
  readonly sharpnessFrames: number;
  /** Frames that others replaced because they could not be decoded. */
  readonly substituted: number;
  /** Seconds that the features took after the last frame had been decoded. */
  readonly secondsAfter: number;
}

/** A whole frame, rotation applied, rows from the top. */
export interface FrameImage {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** A frame image and the number of packets decoded for it. */
export interface DecodedFrameImage extends FrameImage {
  /** Frame that was used because the requested one could not be decoded. */
  readonly substituted?: number;
  /** Packets fed to decoders for it. */
  readonly decoded: number;
}

/** The frames that a viewer is likely to request next, so that decoders can be positioned near them. */
export interface SeekHint {
  /** Frames that are shown now; the next request is probably a neighbour of one of them. */
  readonly follow: readonly number[];
  /** The video plays: decoders advance with pauses, so that playing is not slowed down. */
  readonly playing: boolean;
  /** Jumps to any frame are likely. */
  readonly jumps: boolean;
  /** Latency budget in seconds from a positioned decoder to a frame; a faster machine needs fewer decoders. */
  readonly latencyBudget: number;
  /** Memory in bytes that the decoders may take. */
  readonly bytes: number;
}

/** The worker's side. Errors are `CodedError` with the `media/*` codes; an aborted job rejects with `AbortError`. */
export interface MediaApi {
  /**
   * Reads the index, not the video. A video that ends early opens; `facts.missing` tells how much is cut off. Where the
   * browser cannot decode the stream, `media/codec` carries what is known of it as parameters: `codec`, `width`,
   * `height`, `frames`, `fps`, `duration`.
   */
  open(file: File): Promise<OpenedVideo>;
  /** Frames arrive one by one, in decode order, before the report. */
  frames(
    id: number,
    request: FrameRequest,
    onFrame: (frame: DeliveredFrame) => void,
    job: number,
  ): Promise<DecodeReport>;
  /** Starts the workers that compute quality features, so that the first video does not wait for them. */
  prepareFeatures(): void;
  /** One frame at full size with the project's own colour conversion, rotation applied: RGBA, for the viewer and PNG export. */
  frameImage(id: number, index: number, job: number): Promise<DecodedFrameImage>;
  /** Positions decoders near the frames that are likely to be requested next; null closes them. */
  setSeekHint(id: number, hint: SeekHint | null): void;
  /** Codecs that this browser decodes, measured. */
  codecs(): Promise<readonly CodecSupport[]>;
  /** Answers at once; the client terminates a worker that does not answer in time. */
  ping(): void;
  abort(job: number): void;
  close(id: number): void;
}

/** Codecs this browser decodes, measured with `VideoDecoder.isConfigSupported`. */
export interface CodecSupport {
  readonly name: 'H.264' | 'HEVC' | 'VP8' | 'VP9' | 'AV1';
  readonly supported: boolean;
}
