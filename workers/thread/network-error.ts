/** The error of a request for a file of a package, with the host and the status of its answer. */
import { CodedError } from '../../core/errors.ts';

export interface FailedRequest {
  /** Path in the package. */
  readonly file: string;
  readonly url: string;
  /** Status of the answer; absent when there was none. */
  readonly status?: number;
  readonly cause?: unknown;
}

export function networkError({ file, url, status, cause }: FailedRequest): CodedError {
  const { host } = new URL(url);
  const offline = status === undefined && globalThis.navigator?.onLine === false;
  const params = { file, host, ...(status !== undefined && { status }), ...(offline && { offline: 1 }) };
  return new CodedError('model/network', params, `${file} could not be fetched from ${host}`, { cause });
}
