/** Transport under the player: play, step, time and frame; speed, fit, loop, PNG of the frame, full screen. */
import { useStore } from 'zustand';
import { clock } from '../../../core/text/format.ts';
import { ActionIconButton } from '../../page/ActionButton.tsx';
import { useIsFullscreen } from '../../page/useFullscreen.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { sampledAt } from './filmstrip-geometry.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { type Player, RATES } from './player.ts';
import './Transport.css';

export interface TransportProps {
  readonly player: Player;
  readonly sampled: readonly number[];
}

export function Transport({ player, sampled }: TransportProps) {
  const t = useAssessMessages();
  const { frame, playing, rate, loop, muted, actual, modelView, native } = useStore(player.store);
  const full = useIsFullscreen();
  const { times, facts } = player.video;
  const name = (x: number) => t.player.speedValue(x);
  return (
    <div className="assess-transport">
      <ActionIconButton action="frameBack" icon="previous" label={t.player.previousFrame} />
      <ActionIconButton
        action="play"
        icon={playing ? 'pause' : 'play'}
        label={playing ? t.player.pause : t.player.play}
        disabled={native !== 'yes'}
      />
      <ActionIconButton action="frameOn" icon="next" label={t.player.nextFrame} />
      <p className="assess-transport__time">
        <strong>{clock(times[frame] ?? 0)}</strong> / {clock(facts.duration)}
      </p>
      <p className="assess-transport__frame">{t.player.frameOf(frame + 1, facts.frames)}</p>
      <span className="assess-transport__space" />
      <ActionIconButton
        action="modelView"
        icon="eye"
        label={t.player.asModelSaw}
        pressed={modelView}
        disabled={sampledAt(sampled, frame) < 0 && !modelView}
      />
      <Menu
        label={t.player.speed}
        up
        items={RATES.map((x) => ({
          id: String(x),
          label: name(x),
          checked: x === rate,
          onSelect: () => player.setRate(x),
        }))}
        button={(props) => (
          <Button look="quiet" {...props} aria-label={`${t.player.speed}: ${name(rate)}`}>
            {name(rate)}
          </Button>
        )}
      />
      <Button look="quiet" onClick={player.toggleActual}>
        {actual ? t.player.actualSize : t.player.fit}
      </Button>
      <IconButton
        icon={muted ? 'muted' : 'volume'}
        label={muted ? t.player.unmute : t.player.mute}
        onClick={player.toggleMute}
      />
      <ActionIconButton action="loop" icon="repeat" label={t.player.loop} pressed={loop} />
      <ActionIconButton action="saveFrame" icon="camera" label={t.player.saveFrame} />
      <ActionIconButton
        action="fullscreen"
        icon={full ? 'fullscreenExit' : 'fullscreen'}
        label={full ? t.player.leaveFullscreen : t.player.fullscreen}
      />
    </div>
  );
}
