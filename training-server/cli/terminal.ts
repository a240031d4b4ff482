/** Terminal output of a run. */

import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import type { MetricRecord, Run, RunEvent } from '../../core/training/run.ts';
import { secondsLeft, stepSeconds } from '../../core/training/step-time.ts';

/** Metrics of a step in their order, with short names and decimals; absent ones are left out. */
const columns: readonly (readonly [name: string, short: string, digits: number])[] = [
  ['reward', 'reward', 3],
  ['rewards/rank/mean', 'rank', 3],
  ['rewards/regression/mean', 'regression', 3],
  ['rewards/format/mean', 'format', 2],
  ['unreadable', 'unreadable', 2],
  ['loss', 'loss', 4],
  ['kl', 'KL', 4],
  ['entropy', 'entropy', 2],
  ['completions/mean_length', 'length', 0],
  ['eval/srcc', 'SRCC', 3],
  ['eval/plcc', 'PLCC', 3],
  ['eval/parse_rate', 'readable', 3],
];

/** Seconds as hours and minutes, minutes, or seconds. */
export function durationText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes >= 2 ? `${minutes} min` : `${Math.round(seconds)} s`;
}

/** Times of a run's steps, for the time that is left. */
export class StepTimes {
  readonly #steps: number[] = [];
  readonly #times: number[] = [];

  /** `about 2 h 5 min left`; empty until two steps are known, and after the last. */
  left({ step, time }: MetricRecord, steps: number | null): string {
    this.#steps.push(step);
    this.#times.push(time);
    const seconds = secondsLeft({ step, steps }, stepSeconds({ steps: this.#steps, times: this.#times }));
    return seconds === null ? '' : `about ${durationText(seconds)} left`;
  }
}

export function stepLine({ step, values }: MetricRecord, steps: number | null, left = ''): string {
  const seconds = ['seconds/rollout', 'seconds/update', 'seconds/evaluate']
    .map((name) => values[name] ?? 0)
    .reduce((sum, value) => sum + value, 0);
  const metrics = columns.flatMap(([name, short, digits]) => {
    const value = values[name];
    return value === undefined ? [] : [`${short} ${value === null ? '–' : value.toFixed(digits)}`];
  });
  const progress = `${String(step).padStart(String(steps ?? '').length)}${steps === null ? '' : `/${steps}`}`;
  return [progress, ...metrics, `${seconds.toFixed(1)} s`, ...(left === '' ? [] : [left])].join('  ');
}

export function stateLine(run: Run): string {
  const stage = run.stage ? ` ${run.stage.name}` : '';
  const reason = run.reason ? `: ${errorMessage(CodedError.fromData(run.reason))}` : '';
  const saved = run.savedStep === null ? '' : `, saved at step ${run.savedStep}`;
  return `${run.id} ${run.state}${stage}, step ${run.step}${saved}${reason}`;
}

/** The line of an event; null for events that are not printed. */
export function eventLine(event: RunEvent, steps: number | null, times: StepTimes): string | null {
  switch (event.type) {
    case 'metrics':
      return stepLine(event.record, steps, times.left(event.record, steps));
    case 'checkpoint':
      return `checkpoint of step ${event.step}${event.best ? ', the best so far' : ''}`;
    case 'log':
      return event.line.level === 'debug'
        ? null
        : `${event.line.source} ${event.line.level}: ${event.line.text}`;
    default:
      return null;
  }
}
