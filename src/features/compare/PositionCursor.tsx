/** Scrubber over a plot on the axis of the filmstrips: the clock's position, and what the plot shows there. */
import { count, percent } from '../../../core/text/format.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { PlotCursor, PlotLine } from '../../ui/PlotCursor.tsx';
import { positionAt } from './filmstrip-cells.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { along, axisTicks } from './order-plot.ts';
import { compare } from './state/session.ts';
import './OrderPlot.css';

/** Part of the plot's height that the readout keeps from its edges. */
const EDGE = 0.12;

export interface PositionCursorProps {
  readonly position: number;
  readonly positions: number;
  readonly readout: string;
  /** Height of the readout as a part of the plot's, 0 at the top. */
  readonly level: number;
}

export function PositionCursor({ position, positions, readout, level }: PositionCursorProps) {
  const t = useCompareMessages();
  const x = along(position, positions);
  const y = Math.min(1 - EDGE, Math.max(EDGE, level));
  return (
    <PlotCursor
      label={t.plot.cursor}
      text={readout}
      value={position}
      count={positions}
      under={(part) => positionAt(part, positions)}
      onPress={compare.clock.seek}
      onDrag={compare.clock.scrub}
      onGoTo={compare.clock.seek}
      onStep={compare.clock.step}
    >
      <PlotLine className="compare-plot__line" at={percent(x)} />
      <span
        className={`compare-plot__readout${x > 0.5 ? ' compare-plot__readout--left' : ''}`}
        style={cssVariables({ '--at': percent(x), '--y': percent(y) })}
      >
        {readout}
      </span>
    </PlotCursor>
  );
}

/** Numbers of the positions under a plot. */
export function PlotNumbers({ positions }: { readonly positions: number }) {
  return (
    <div className="compare-plot__numbers" aria-hidden="true">
      {axisTicks(positions, 12).map((n) => (
        <span key={n} style={cssVariables({ '--at': percent(along(n - 1, positions)) })}>
          {count(n)}
        </span>
      ))}
    </div>
  );
}
