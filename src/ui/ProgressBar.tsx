/**
 * Progress bar with one segment per step, as wide as its share of the time; captions show the seconds of finished ones.
 * Only measured progress is drawn: a step without inner counts stays empty until it is done.
 */
import type { ReactNode } from 'react';
import { cssVariables } from './css-variables.ts';
import './ProgressBar.css';

export interface ProgressSegment {
  readonly id: string;
  /** Short name: Decode, Look, … */
  readonly label: string;
  /** Share of the time; the shares need not sum to 1. */
  readonly share: number;
  readonly state: 'waiting' | 'running' | 'done' | 'reused';
  /** Part that is done while it runs, 0 … 1. */
  readonly fraction?: number | undefined;
  /** Time taken, as shown: `0.24 s`; for a reused step the text for it. */
  readonly took?: string | undefined;
}

export interface ProgressBarProps {
  /** Name of the bar for screen readers. */
  readonly label: string;
  /** Present step: `Looking at frame 5 of 12`. */
  readonly title: string;
  /** False: the title is for screen readers alone, and the page shows it elsewhere. */
  readonly titleShown?: boolean;
  /** Beside it: rate and time left. */
  readonly detail?: string | undefined;
  readonly segments: readonly ProgressSegment[];
  /** Names and seconds under the segments. */
  readonly captions?: boolean;
  /** The button at the end: Stop, Cancel. */
  readonly action?: ReactNode;
}

/** Part of the whole that is done, 0 … 1, by the shares. */
export function progressOf(segments: readonly ProgressSegment[]): number {
  const whole = segments.reduce((sum, segment) => sum + segment.share, 0);
  const done = segments.reduce((sum, segment) => sum + segment.share * filled(segment), 0);
  return whole > 0 ? done / whole : 0;
}

function filled({ state, fraction = 0 }: ProgressSegment): number {
  if (state === 'waiting') return 0;
  return state === 'running' ? Math.min(1, Math.max(0, fraction)) : 1;
}

export function ProgressBar(props: ProgressBarProps) {
  const { label, title, titleShown = true, detail, segments, captions = false, action } = props;
  return (
    <div className="ui-progress">
      {titleShown && (
        <div className="ui-progress__line">
          <p className="ui-progress__title">
            <strong>{title}</strong>
            {detail && <span className="ui-progress__detail"> {detail}</span>}
          </p>
          {action}
        </div>
      )}
      <div
        className="ui-progress__bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(progressOf(segments) * 100)}
        aria-valuetext={detail ? `${title}, ${detail}` : title}
      >
        {segments.map((segment) => (
          <div
            key={segment.id}
            className="ui-progress__stage"
            style={cssVariables({ '--share': segment.share })}
          >
            <div className={`ui-progress__track ui-progress__track--${segment.state}`}>
              <div className="ui-progress__fill" style={cssVariables({ '--filled': filled(segment) })} />
            </div>
            {captions && (
              <p
                className={`ui-progress__caption${segment.state === 'running' ? ' ui-progress__caption--now' : ''}`}
              >
                {segment.state === 'waiting'
                  ? ''
                  : segment.took
                    ? `${segment.label} ${segment.took}`
                    : segment.label}
              </p>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}
