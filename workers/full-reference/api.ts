/** Interface between the page and the worker that computes full-reference metrics (PSNR, SSIM) of two videos. */

export type ComparedSide = 'a' | 'b';

/** Samples that both sides are brought to before they are compared. */
export interface ComparedLuma {
  /** Size in pixels, rotation applied: that of the side with more pixels. */
  readonly width: number;
  readonly height: number;
  /** The greater one of both sides. */
  readonly bitDepth: 8 | 10 | 12;
  /** Largest sample value, 255 for 8 bits. */
  readonly peak: number;
  /** Range of A, which both are compared in. */
  readonly range: 'limited' | 'full';
  /** The smaller side, which is enlarged (bicubic, a = −0.5). */
  readonly resized: ComparedSide | null;
  /** True where the sides have other matrices (BT.601, BT.709 …): their luma means other colours and is compared as it is. */
  readonly mixedMatrices: boolean;
}

export interface MeasureRequest {
  readonly a: File;
  readonly b: File;
  /** Frames of A and of B, pair by pair, both ascending; a frame may be in several pairs. */
  readonly framesA: Int32Array;
  readonly framesB: Int32Array;
}

/** Metrics of the pairs from `from` on; NaN where a frame could not be decoded, and for the SSIM of less than 8 × 8 pixels. */
export interface MetricBatch {
  readonly from: number;
  readonly mse: Float64Array<ArrayBuffer>;
  readonly ssim: Float64Array<ArrayBuffer>;
}

export interface MeasureReport {
  readonly seconds: number;
  /** Sides of which the browser gave RGB alone; their luma is computed back from it (BT.601, full range). */
  readonly fromRgb: readonly ComparedSide[];
}

export interface FullReferenceApi {
  /**
   * Decodes both videos once and compares the luma of each pair.
   *
   * @param onPlan called once, before the first batch
   * @param onBatch called with consecutive pairs, at most some twenty times a second
   * @throws CodedError `compare/aspect` where the shapes of the images differ; the `media/*` codes
   */
  measure(
    request: MeasureRequest,
    onPlan: (luma: ComparedLuma) => void,
    onBatch: (batch: MetricBatch) => void,
  ): Promise<MeasureReport>;
}
