/** Layout of the page's parts at each width. */
import type { ReactNode } from 'react';
import './AssessFrame.css';

export interface AssessFrameProps {
  /** The dark area of the video; fills the remaining height. */
  readonly player: ReactNode;
  /** Transport and filmstrip. */
  readonly filmstrip?: ReactNode;
  /** The score panel. */
  readonly score: ReactNode;
  /** Reasoning, or grades and recent results. */
  readonly side: ReactNode;
  /** Progress, then time and file. */
  readonly below?: ReactNode;
  /** The row of buttons at the foot. */
  readonly actions?: ReactNode;
}

export function AssessFrame({ player, filmstrip, score, side, below, actions }: AssessFrameProps) {
  return (
    <div className="assess-frame">
      <div className="assess-frame__player">{player}</div>
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
