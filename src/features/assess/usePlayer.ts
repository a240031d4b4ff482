/** The player of the open video, and its actions. */
import { useEffect, useState } from 'react';
import type { OpenedVideo } from '../../../workers/media/api.ts';
import { useActions } from '../../page/useActions.ts';
import { neighbourSampled } from './filmstrip-geometry.ts';
import { createPlayer, type Player } from './player.ts';

export function usePlayer(file: File | null, video: OpenedVideo | null): Player | null {
  const [player, setPlayer] = useState<Player | null>(null);
  useEffect(() => {
    if (!file || !video) {
      setPlayer(null);
      return;
    }
    const made = createPlayer(file, video);
    setPlayer(made);
    return () => made.dispose();
  }, [file, video]);
  // For one render after a change the old player is still here; it must not be shown for the new file.
  return player && player.video === video ? player : null;
}

export function usePlayerActions(
  player: Player | null,
  sampled: readonly number[],
  { onFullscreen, onSaveFrame }: { readonly onFullscreen: () => void; readonly onSaveFrame: () => void },
): void {
  const act = (run: (player: Player) => void) => (player ? () => run(player) : null);
  const toSampled = (by: 1 | -1) =>
    act((p) => p.seek(neighbourSampled(sampled, p.store.getState().frame, by)));
  useActions({
    play: act((p) => p.toggle()),
    slower: act((p) => p.shift(-1)),
    faster: act((p) => p.shift(1)),
    frameBack: act((p) => p.step(-1)),
    frameOn: act((p) => p.step(1)),
    secondBack: act((p) => p.stepSeconds(-1)),
    secondOn: act((p) => p.stepSeconds(1)),
    sampledBack: toSampled(-1),
    sampledOn: toSampled(1),
    start: act((p) => p.seek(0)),
    end: act((p) => p.seek(p.video.facts.frames - 1)),
    loop: act((p) => p.toggleLoop()),
    fullscreen: act(onFullscreen),
    modelView: act((p) => p.toggleModelView()),
    saveFrame: act(onSaveFrame),
  });
}
