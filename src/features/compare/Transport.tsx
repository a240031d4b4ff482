/** Transport: play, step, time and position, speed, offset of B, loop. */
import { useStore } from 'zustand';
import { clock as time } from '../../../core/text/format.ts';
import { ActionIconButton } from '../../page/ActionButton.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import type { IconName } from '../../ui/Icon.tsx';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { nextLoop, shiftB } from './adjust.ts';
import { RATES } from './state/clock.ts';
import { compare } from './state/session.ts';
import type { Loop } from './state/settings.ts';
import './Transport.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';

const LOOP_ICONS: Readonly<Record<Loop, IconName>> = {
  off: 'repeat',
  loop: 'repeat',
  pingpong: 'toAndFro',
};

export function Transport() {
  const t = useCompareMessages();
  const messages = useMessages();
  const { position, playing, rate, loop } = useStore(compare.clock.store);
  const { timeline, settings, b, sampled } = useStore(compare.store);
  if (!timeline) return null;
  const { offset } = settings;
  const speeds: MenuItem[] = RATES.map((value) => ({
    id: String(value),
    label: messages.player.speedValue(value),
    checked: value === rate,
    onSelect: () => compare.change({ rate: value }),
  }));
  const slides = !b && settings.over === 'sampled';
  return (
    <div className="compare-transport">
      <ActionIconButton action="frameBack" icon="previous" label={messages.player.previousFrame} />
      <ActionIconButton
        action="play"
        icon={playing ? 'pause' : 'play'}
        label={playing ? messages.player.pause : messages.player.play}
      />
      <ActionIconButton action="frameOn" icon="next" label={messages.player.nextFrame} />
      <p className="compare-transport__time">
        <strong>{time(compare.timeOf(position))}</strong> / {time(timeline.duration)}
      </p>
      <p className="compare-transport__position">
        {slides
          ? t.transport.sampledOf(position + 1, sampled.length)
          : messages.player.frameOf(position + 1, timeline.positions)}
      </p>
      <span className="compare-transport__space" />
      <span className="compare-transport__narrow">
        <MoreControls speeds={speeds} offset={offset} loop={loop} />
      </span>
      <span className="compare-transport__wide">
        <Menu
          label={messages.player.speed}
          up
          items={speeds}
          button={(props) => (
            <Button
              look="quiet"
              {...props}
              aria-label={`${messages.player.speed}: ${messages.player.speedValue(rate)}`}
            >
              {messages.player.speedValue(rate)}
            </Button>
          )}
        />
        <span className="compare-transport__offset">
          <ActionIconButton action="offsetBack" icon="chevronLeft" label={t.transport.offsetLess} />
          <Button
            look="quiet"
            aria-label={`${t.transport.offset(offset)}. ${t.transport.offsetReset}`}
            disabled={offset === 0}
            onClick={() => shiftB(0)}
          >
            {t.transport.offset(offset)}
          </Button>
          <ActionIconButton action="offsetOn" icon="chevronRight" label={t.transport.offsetMore} />
        </span>
        <ActionIconButton
          action="loop"
          icon={LOOP_ICONS[loop]}
          label={t.transport.loops[loop]}
          pressed={loop !== 'off'}
        />
      </span>
    </div>
  );
}

/** Offset, loop and speed, for a window that has no room for their buttons. */
function MoreControls(props: {
  readonly speeds: readonly MenuItem[];
  readonly offset: number;
  readonly loop: Loop;
}) {
  const { speeds, offset, loop } = props;
  const t = useCompareMessages();
  const messages = useMessages();
  return (
    <Menu
      label={t.transport.more}
      up
      items={[
        { id: 'later', icon: 'chevronRight', label: t.transport.offsetMore, onSelect: () => shiftB(1) },
        { id: 'earlier', icon: 'chevronLeft', label: t.transport.offsetLess, onSelect: () => shiftB(-1) },
        {
          id: 'none',
          label: t.transport.offsetReset,
          detail: t.transport.offset(offset),
          disabled: offset === 0,
          onSelect: () => shiftB(0),
        },
        {
          id: 'loop',
          icon: LOOP_ICONS[loop],
          label: t.transport.loop,
          detail: t.transport.loops[loop],
          onSelect: nextLoop,
        },
        ...speeds.map((speed) => ({ ...speed, label: `${messages.player.speed} ${speed.label}` })),
      ]}
      button={(button) => <IconButton icon="more" label={t.transport.more} {...button} />}
    />
  );
}
