/** Cursor of a plot: a scrubber over its field, and the line at the current position. */
import { cssVariables } from './css-variables.ts';
import { Scrubber, type ScrubberProps } from './Scrubber.tsx';
import './PlotCursor.css';

export function PlotCursor(props: Omit<ScrubberProps, 'className'>) {
  return <Scrubber className="ui-plotcursor" {...props} />;
}

/**
 * @param at part of the width, `12.5%`
 * @param className sheet that sets `--above` and `--below`, by which the line is longer than the field
 */
export function PlotLine({ at, className }: { readonly at: string; readonly className: string }) {
  return <span className={`ui-plotcursor__line ${className}`} style={cssVariables({ '--at': at })} />;
}
