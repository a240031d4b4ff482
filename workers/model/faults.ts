/** Errors of the runtime, named for the reader. */
import { CodedError, isAbort } from '../../core/errors.ts';

export type Stage = 'load' | 'encodeVision' | 'encodeMotion' | 'prefill' | 'generate';

const MEMORY =
  /bad_alloc|out of memory|allocation failed|could not allocate|OUT_OF_DEVICE_MEMORY|RangeError.*Array buffer/i;
const DEVICE =
  /device (was|is) lost|device.*destroyed|DXGI_ERROR|external Instance reference|mapAsync.*(abort|lost)/i;

/** True where the text of an error says that the graphics device is gone. */
export function isDeviceLoss(error: unknown): boolean {
  return DEVICE.test(String(error));
}

/** Coded errors and aborts stay what they are; others get the code that fits. */
export function nameFault(error: unknown, stage: Stage): Error {
  if (error instanceof CodedError || isAbort(error)) return error as Error;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (MEMORY.test(detail)) return new CodedError('run/memory', { stage }, detail, { cause: error });
  if (isDeviceLoss(error)) return new CodedError('run/device', { stage }, detail, { cause: error });
  return new CodedError(stage === 'load' ? 'model/runtime' : 'run/failed', { stage, detail }, detail, {
    cause: error,
  });
}
