/** The quality timeline of the open clip: closed or open, loaded when it is opened first. */
import { type ReactNode, Suspense, useState } from 'react';
import type { AssessState } from '../../../assessment/assess-store.ts';
import { TIMELINE_SECONDS } from '../../../assessment/assess-store.ts';
import type { StoredTimeline } from '../../../assessment/timeline/store.ts';
import { Crash } from '../../../page/Crash.tsx';
import { lazyPart } from '../../../page/lazy-part.ts';
import type { Player } from '../player.ts';

const panel = lazyPart(() => import('./TimelinePanel.tsx'));

/** Open or closed timeline of a file or of a reopened result; survives a visit to another page. */
const turned = new WeakMap<File | StoredTimeline, boolean>();

export interface OpenTimeline {
  /** The panel, or null while it is closed. */
  readonly panel: ReactNode;
  /** Opens it; null where it is open, where the clip is too short, or while the whole clip is assessed. */
  readonly onOpen: (() => void) | null;
}

export function useOpenTimeline(state: AssessState, openPlayer: Player | null): OpenTimeline {
  const [, redraw] = useState(0);
  const player = state.phase === 'running' ? null : openPlayer;
  const stored = state.phase === 'reopened' ? state.timeline : null;
  const of = stored ?? state.file;
  const duration = state.video?.facts.duration ?? 0;
  if (!of || !(player || stored) || (duration < TIMELINE_SECONDS && !stored))
    return { panel: null, onOpen: null };
  const turn = (on: boolean) => {
    turned.set(of, on);
    redraw((n) => n + 1);
  };
  if (!(turned.get(of) ?? stored !== null)) return { panel: null, onOpen: () => turn(true) };
  const TimelinePanel = panel();
  return {
    onOpen: null,
    panel: (
      <Crash onAgain={() => redraw((n) => n + 1)}>
        <Suspense fallback={null}>
          <TimelinePanel file={state.file} player={player} stored={stored} onClose={() => turn(false)} />
        </Suspense>
      </Crash>
    ),
  };
}
