/** Errors of the runtime as coded errors. */
import { CodedError, isAbort } from '../../core/errors.ts';

export type Stage = 'load' | 'encodeVision' | 'encodeMotion' | 'prefill' | 'generate';

const MEMORY =
  /bad_alloc|out of memory|allocation failed|could not allocate|OUT_OF_DEVICE_MEMORY|RangeError.*Array buffer/i;
const DEVICE =
  /device (was|is) lost|device.*destroyed|DXGI_ERROR|external Instance reference|mapAsync.*(abort|lost)/i;

/** True for an error whose text reports a lost graphics device. */
export function isDeviceLoss(error: unknown): boolean {
  return DEVICE.test(String(error));
}

/** Coded errors and aborts are returned as they are; any other error gets a code by its text. */
export function nameFault(error: unknown, stage: Stage): Error {
  if (error instanceof CodedError || isAbort(error)) return error as Error;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (MEMORY.test(detail)) return new CodedError('run/memory', { stage }, detail, { cause: error });
  if (isDeviceLoss(error)) return new CodedError('run/device', { stage }, detail, { cause: error });
  return new CodedError(stage === 'load' ? 'model/runtime' : 'run/failed', { stage, detail }, detail, {
    cause: error,
  });
}
