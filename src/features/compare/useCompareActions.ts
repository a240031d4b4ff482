/** Keyboard shortcuts of the Compare page. */
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import type { Offer } from '../../page/actions.ts';
import { useActions } from '../../page/useActions.ts';
import { newSeed, nextLoop, shiftB, stepGain } from './adjust.ts';
import { zoomField } from './field.ts';
import { cellOf, filmstripCells } from './filmstrip-cells.ts';
import { compare } from './state/session.ts';
import { VIEWS } from './state/settings.ts';
import type { SideName } from './state/store.ts';

export interface CompareActions {
  readonly onOnly: (side: SideName | null) => void;
  readonly onLoupe: () => void;
  readonly onSave: () => void;
  readonly onFullscreen: () => void;
  readonly onEscape: Offer;
}

/** Seeks to the next or previous sampled position. */
function sampled(by: 1 | -1): void {
  const { timeline, profile } = compare.store.getState();
  if (!timeline) return;
  const { position } = compare.clock.store.getState();
  const cells = filmstripCells(timeline, profile).map((cell) => cell.position);
  const next = by > 0 ? cells.find((cell) => cell > position) : cells.findLast((cell) => cell < position);
  const here = cells[cellOf(position, timeline.positions, cells.length)] ?? position;
  compare.clock.seek(next ?? here);
}

/** Key handler that shows a side alone while its key is down. */
function useHeldSide(onOnly: (side: SideName | null) => void) {
  const held = useRef<string | null>(null);
  const latest = useRef(onOnly);
  useEffect(() => {
    latest.current = onOnly;
  });
  useEffect(() => {
    const end = (event?: KeyboardEvent) => {
      if (held.current === null || (event && event.key !== held.current)) return;
      held.current = null;
      latest.current(null);
    };
    // No keyup arrives when the key is released in another window.
    const blur = () => end();
    addEventListener('keyup', end);
    addEventListener('blur', blur);
    return () => {
      removeEventListener('keyup', end);
      removeEventListener('blur', blur);
    };
  }, []);
  return (side: SideName) => (event?: KeyboardEvent) => {
    held.current = event?.key ?? null;
    onOnly(side);
  };
}

export function useCompareActions(actions: CompareActions): void {
  const { clock, change, store } = compare;
  const settings = () => store.getState().settings;
  const showOnly = useHeldSide(actions.onOnly);
  const isDifference = useStore(store, (state) => state.settings.view === 'difference');
  useActions({
    play: () => clock.toggle(),
    slower: () => clock.shift(-1),
    faster: () => clock.shift(1),
    frameBack: () => clock.step(-1),
    frameOn: () => clock.step(1),
    secondBack: () => clock.stepSeconds(-1),
    secondOn: () => clock.stepSeconds(1),
    sampledBack: () => sampled(-1),
    sampledOn: () => sampled(1),
    start: () => clock.seek(0),
    end: () => clock.seek(Number.MAX_SAFE_INTEGER),
    loop: () => nextLoop(),
    fullscreen: actions.onFullscreen,
    saveFrame: actions.onSave,
    onlyA: showOnly('a'),
    onlyB: showOnly('b'),
    splitCentre: () => change({ view: 'split', split: 0.5 }),
    nextView: () => change({ view: VIEWS[(VIEWS.indexOf(settings().view) + 1) % VIEWS.length]! }),
    swap: () => change({ swapped: !settings().swapped }),
    offsetBack: () => shiftB(-1),
    offsetOn: () => shiftB(1),
    zoomIn: () => zoomField('in'),
    zoomOut: () => zoomField('out'),
    fit: () => zoomField(null),
    actualSize: () => zoomField(1),
    loupe: actions.onLoupe,
    gainDown: isDifference ? () => stepGain(-1) : null,
    gainUp: isDifference ? () => stepGain(1) : null,
    newSeed: () => newSeed(),
    escape: actions.onEscape,
  });
}
