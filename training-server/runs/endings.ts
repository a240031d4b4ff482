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
 * @param at where the driver was; null when it did not come to be
 * @param requested the state that was asked for while it ran, if one was
 */
export function endOf(
  error: unknown,
  at: Position | null,
  requested: RunState | null,
): Pick<Run, 'state' | 'reason'> {
  const step = at?.step ?? 0;
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(error)) return { state: 'paused', reason: coded('train/disk', { step }, message) };
  if (isAbort(error)) return { state: requested ?? 'paused', reason: null };
  if (!(error instanceof CodedError))
    return { state: 'failed', reason: coded('app/unexpected', { detail: message }, message) };
  if (error.code === 'train/guard' || error.code === 'train/entropy')
    return { state: 'guarded', reason: error.toData() };
  // An engine that was told to go in the middle of a call says that it was stopped.
  if (error.code === 'train/engine' && requested !== null) return { state: requested, reason: null };
  if (error.code !== 'train/engine') return { state: 'failed', reason: error.toData() };
  const saved = at?.savedStep ?? null;
  const problem = String(error.params.detail ?? error.params.problem ?? message);
  const params = { step, problem, ...(saved !== null && { resume: saved }) };
  return { state: 'failed', reason: coded('train/engine', params, message) };
}
