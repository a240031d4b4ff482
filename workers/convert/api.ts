/** Types that cross between the page and the conversion worker. */

import type { VariantChoice } from '../../convert/model.ts';
import type { ConvertProgress as Progress } from '../../convert/package.ts';
import type { HubAddress } from '../../core/files/hub-address.ts';
import type { Requirements } from '../../core/files/machine.ts';

export type { VariantChoice };

/** Weight format of a package that is made in the page. */
export type OfferedDtype = 'q4f16' | 'q4' | 'q8';

export type CheckpointSource =
  | {
      readonly kind: 'folder';
      readonly name: string;
      /** Files of the checkpoint's folder. */
      readonly files: readonly File[];
    }
  | {
      readonly kind: 'hub';
      readonly address: HubAddress;
      /** In memory only: sent to the hub, never stored. */
      readonly token?: string;
    };

/** A package that can be made of a checkpoint. */
export interface PackageChoice {
  readonly dtype: OfferedDtype;
  readonly variants: readonly VariantChoice[];
  readonly bytes: number;
  readonly requirements: Requirements;
}

export interface CheckpointOffer {
  readonly name: string;
  /** Repository and commit of a hub; null for a folder. */
  readonly address: HubAddress | null;
  /** Bytes of the weights, which are read once. */
  readonly weightBytes: number;
  readonly packages: readonly PackageChoice[];
}

export interface ConvertRequest {
  readonly source: CheckpointSource;
  /** Name of the package. */
  readonly name: string;
  readonly dtype: OfferedDtype;
  readonly variants: readonly VariantChoice[];
  readonly profile?: string;
}

export interface ConvertProgress extends Progress {
  /** Bytes that have come over the network. */
  readonly received: number;
}

/** Methods of the worker. Errors are `CodedError` with the `convert/*` and `hub/*` codes. */
export interface ConvertApi {
  /** Reads lists and headers, and no weights. A hub's revision becomes a commit. */
  look(source: CheckpointSource, job: number): Promise<CheckpointOffer>;
  /**
   * Makes a package in the store of packages. After a stop, a full disk or a lost network the parts that are finished are
   * kept for the same request.
   *
   * @returns its id in the store
   */
  convert(
    request: ConvertRequest,
    job: number,
    onProgress: (progress: ConvertProgress) => void,
  ): Promise<string>;
  /** The job rejects with an AbortError. */
  abort(job: number): void;
}
