import type { RunState } from '../../../core/training/run.ts';
import { Icon } from '../../ui/Icon.tsx';

/** The state of a run as a shape; the word stands beside it. */
export function RunMark({ state }: { readonly state: RunState }) {
  switch (state) {
    case 'paused':
      return <Icon name="pause" />;
    case 'stopped':
      return <Icon name="stop" />;
    case 'finished':
      return <Icon name="check" />;
    case 'guarded':
    case 'failed':
      return <Icon name="alert" />;
    default:
      return (
        <svg className="ui-icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6" strokeDasharray={state === 'running' ? undefined : '2.4 2.3'} />
          {state === 'running' && <circle className="ui-icon__solid" cx="8" cy="8" r="3.4" />}
          {state === 'starting' && <circle className="ui-icon__solid" cx="8" cy="8" r="1.6" />}
        </svg>
      );
  }
}
