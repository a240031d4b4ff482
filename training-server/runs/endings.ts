/** State and reason of a run that ended early. */
import { CodedError, type CodedErrorData, isAbort } from '../../core/errors.ts';
import type { Run, RunState } from '../../core/training/run.ts';
import { isDiskFull } from '../store/atomic.ts';

interface Position {
  readonly step: number;
  readonly savedStep: number | null;
}

const coded = (code: string, params: CodedErrorData['params'], message: string): CodedErrorData => ({
  code,
  params,
  message,
});

/**
 * @param at position of the driver; null when it was not created
 * @param requested state that was requested while it ran; null for none
 */
export function endOf(
  error: unknown,
  at: Position | null,
  requested: RunState | null,
): Pick<Run, 'state' | 'reason'> {
  const step = at?.step ?? 0;
  const message = error instanceof Error ? error.message : String(error);
  const saved = at?.savedStep ?? null;
  if (isDiskFull(error)) {
    const { needed, free } = error instanceof CodedError ? error.params : {};
    const params = {
      step,
      ...(saved !== null && { saved }),
      ...(typeof needed === 'number' && typeof free === 'number' && { needed, free }),
    };
    return { state: 'paused', reason: coded('train/disk', params, message) };
  }
  if (isAbort(error)) return { state: requested ?? 'paused', reason: null };
  if (!(error instanceof CodedError))
    return { state: 'failed', reason: coded('app/unexpected', { detail: message }, message) };
  if (error.code === 'train/guard' || error.code === 'train/entropy')
    return { state: 'guarded', reason: error.toData() };
  // A call of an engine that is stopped on request rejects with this code.
  if (error.code === 'train/engine' && requested !== null) return { state: requested, reason: null };
  if (error.code !== 'train/engine') return { state: 'failed', reason: error.toData() };
  const problem = String(error.params.detail ?? error.params.problem ?? message);
  const params = { step, problem, ...(saved !== null && { resume: saved }) };
  return { state: 'failed', reason: coded('train/engine', params, message) };
}
