/** Where the parts of the page lie at each width; the parts themselves come in as they are. */
import type { ReactNode } from 'react';
import './AssessFrame.css';

export interface AssessFrameProps {
  /** The dark field of the video; fills the height that is left. */
  readonly player: ReactNode;
  /** Transport and strip. */
  readonly filmstrip?: ReactNode;
  /** Score first, then the trace, or what stands there while nothing runs. */
  readonly score: ReactNode;
  readonly side: ReactNode;
  /** Progress, then time and file. */
  readonly below?: ReactNode;
  /** The row of buttons at the foot. */
  readonly actions?: ReactNode;
}

export function AssessFrame({ player, filmstrip, score, side, below, actions }: AssessFrameProps) {
  return (
    <div className="assess-frame">
      <div className="assess-frame__stage">{player}</div>
      {filmstrip && <div className="assess-frame__strip">{filmstrip}</div>}
      <div className="assess-frame__side">
        <div className="assess-frame__score">{score}</div>
        <div className="assess-frame__trace">{side}</div>
      </div>
      {below && <div className="assess-frame__below">{below}</div>}
      {actions && <div className="assess-frame__actions">{actions}</div>}
    </div>
  );
}
