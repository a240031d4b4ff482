/** A calibration on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { CodedError } from '../../core/errors.ts';
import { type Calibration, readCalibration } from '../../core/files/calibration.ts';
import { UsageError } from './arguments.ts';

/** @throws UsageError for a file that is not there; CodedError `calibration/file`, `calibration/version` */
export function calibrationAt(path: string): Calibration {
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  return readCalibration(parsed(path));
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new CodedError('calibration/file', { field: path, problem: 'is not valid JSON' });
  }
}
