/** Under the field: play and step, time and place, speed, offset, what happens at the end. */
import { useStore } from 'zustand';
import { clock as time } from '../../../core/text/format.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import type { IconName } from '../../ui/Icon.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useWords } from '../../ui/messages/useWords.tsx';
import { nextLoop, shiftB } from './adjust.ts';
import { RATES } from './state/clock.ts';
import { compare } from './state/session.ts';
import type { Loop } from './state/settings.ts';
import './Transport.css';
import { useCompareWords } from './messages/useCompareWords.ts';

const LOOP_ICONS: Readonly<Record<Loop, IconName>> = {
  off: 'repeat',
  loop: 'repeat',
  pingpong: 'toAndFro',
};

export function Transport() {
  const w = useCompareWords();
  const words = useWords();
  const { position, playing, rate, loop } = useStore(compare.clock.store);
  const { timeline, settings, b, sampled } = useStore(compare.store);
  if (!timeline) return null;
  const { offset } = settings;
  const slides = !b && settings.over === 'sampled';
  return (
    <div className="compare-transport">
      <IconButton
        icon="previous"
        label={words.player.previousFrame}
        kbd="←"
        onClick={() => compare.clock.step(-1)}
      />
      <IconButton
        icon={playing ? 'pause' : 'play'}
        label={playing ? words.player.pause : words.player.play}
        kbd="K"
        onClick={compare.clock.toggle}
      />
      <IconButton icon="next" label={words.player.nextFrame} kbd="→" onClick={() => compare.clock.step(1)} />
      <p className="compare-transport__time">
        <strong>{time(compare.timeOf(position))}</strong> / {time(timeline.duration)}
      </p>
      <p className="compare-transport__place">
        {slides
          ? w.transport.sampledOf(position + 1, sampled.length)
          : words.player.frameOf(position + 1, timeline.positions)}
      </p>
      <span className="compare-transport__space" />
      <Menu
        label={words.player.speed}
        up
        items={RATES.map((value) => ({
          id: String(value),
          label: words.player.speedValue(value),
          checked: value === rate,
          onSelect: () => compare.change({ rate: value }),
        }))}
        button={(props) => (
          <Button
            look="quiet"
            {...props}
            aria-label={`${words.player.speed}: ${words.player.speedValue(rate)}`}
          >
            {words.player.speedValue(rate)}
          </Button>
        )}
      />
      <span className="compare-transport__offset">
        <IconButton icon="chevronLeft" label={w.transport.offsetLess} kbd="<" onClick={() => shiftB(-1)} />
        <Button
          look="quiet"
          aria-label={`${w.transport.offset(offset)}. ${w.transport.offsetReset}`}
          disabled={offset === 0}
          onClick={() => shiftB(0)}
        >
          {w.transport.offset(offset)}
        </Button>
        <IconButton icon="chevronRight" label={w.transport.offsetMore} kbd=">" onClick={() => shiftB(1)} />
      </span>
      <IconButton
        icon={LOOP_ICONS[loop]}
        label={w.transport.loops[loop]}
        kbd="\"
        pressed={loop !== 'off'}
        onClick={nextLoop}
      />
    </div>
  );
}
