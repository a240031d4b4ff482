/** Layout of the page's parts at each width. */
import type { ReactNode } from 'react';
import './AssessFrame.css';

export interface AssessFrameProps {
  /** The dark area of the video; its height follows from the window, on a phone from the video. */
  readonly player: ReactNode;
  /** Transport and filmstrip. */
  readonly filmstrip?: ReactNode;
  /** The score panel. */
  readonly score: ReactNode;
  /** Reasoning, or grades and recent results. */
  readonly side: ReactNode;
  /** The open quality timeline. */
  readonly timeline?: ReactNode;
  /** Progress, then time and file, in a row of reserved height. */
  readonly below?: ReactNode;
  /** Identity of `below`: parts of another identity take the row, they are not moved there. */
  readonly belowKey?: string;
  readonly notices?: ReactNode;
  /** The row of buttons at the foot. */
  readonly actions?: ReactNode;
}

export function AssessFrame(props: AssessFrameProps) {
  const { player, filmstrip, score, side, timeline, below, belowKey, notices, actions } = props;
  return (
    <div className="assess-frame">
      <div className="assess-frame__player">{player}</div>
      {filmstrip && <div className="assess-frame__strip">{filmstrip}</div>}
      <div className="assess-frame__side">
        <div className="assess-frame__score">{score}</div>
        <div className="assess-frame__trace">{side}</div>
      </div>
      <div className="assess-frame__below">
        {timeline && <div className="assess-frame__timeline">{timeline}</div>}
        {below && (
          <div className="assess-frame__facts" key={belowKey}>
            {below}
          </div>
        )}
        {notices && <div className="assess-frame__notices">{notices}</div>}
      </div>
      {actions && <div className="assess-frame__actions">{actions}</div>}
    </div>
  );
}
