/** State that all charts share: the cursor's position and the visible range of the axis. */
import { createStore } from 'zustand/vanilla';

export interface PlotView {
  /** Place on the axis, null while nothing is pointed at. */
  readonly x: number | null;
  /** Zoomed to these two places, null = all. */
  readonly range: readonly [number, number] | null;
}

export const plotView = createStore<PlotView>(() => ({ x: null, range: null }));

export const showAll = () => plotView.setState({ range: null });

/** Halves the stretch around the cursor, or around its end, where the news is. */
export function zoomIn([from, to]: readonly [number, number]): void {
  const { x, range } = plotView.getState();
  const [low, high] = range ?? [from, to];
  const width = (high - low) / 2;
  const centre = x === null || x < low || x > high ? high - width / 2 : x;
  const start = Math.min(Math.max(centre - width / 2, low), high - width);
  plotView.setState({ range: [start, start + width] });
}
