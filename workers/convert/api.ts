/** Types that cross between the page and the conversion worker. */

import type { VariantChoice } from '../../convert/model.ts';
import type { ConvertProgress } from '../../convert/package.ts';
import type { Manifest } from '../../core/files/manifest.ts';

export type { ConvertProgress, VariantChoice };

export interface ConvertRequest {
  readonly job: number;
  /** Files of the dropped checkpoint folder. */
  readonly files: readonly File[];
  /** Folders from the root of the origin private file system to the package's parent. */
  readonly parent: readonly string[];
  /** Name of the package's folder. */
  readonly folder: string;
  readonly variants: readonly VariantChoice[];
  readonly profile?: string;
  readonly name?: string;
}

/** Methods of the worker. Errors are `CodedError` with the `convert/*` codes; a failed conversion leaves no files. */
export interface ConvertApi {
  convert(request: ConvertRequest, onProgress: (progress: ConvertProgress) => void): Promise<Manifest>;
  /** The running `convert` rejects with an AbortError. */
  abort(job: number): void;
}
