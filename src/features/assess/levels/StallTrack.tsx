/** Stalls on the video's axis: drawn, moved, resized and removed by mouse, touch and key. */
import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import type { Stall } from '../../../../core/vqa2/stalls.ts';
import { cssVariables } from '../../../ui/css-variables.ts';
import { useLevelMessages } from './messages/useLevelMessages.ts';
import { movedStall, resizedStall, STEP, stallAfterKey } from './stall-edit.ts';

export interface StallTrackProps {
  readonly stalls: readonly Stall[];
  /** Length of the video in seconds. */
  readonly length: number;
  readonly onChange: (stalls: readonly Stall[]) => void;
}

interface Drag {
  readonly index: number;
  readonly kind: 'move' | 'resize';
  readonly from: Stall;
  readonly x: number;
}

export function StallTrack({ stalls, length, onChange }: StallTrackProps) {
  const t = useLevelMessages();
  const track = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const secondsOf = (pixels: number) => (pixels / (track.current?.clientWidth || 1)) * length;
  const replace = (index: number, stall: Stall) => onChange(stalls.with(index, stall));

  const begin = (event: PointerEvent, index: number, kind: Drag['kind'], from: Stall) => {
    event.stopPropagation();
    track.current?.setPointerCapture(event.pointerId);
    drag.current = { index, kind, from, x: event.clientX };
  };
  const draw = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const { left } = event.currentTarget.getBoundingClientRect();
    const stall = movedStall({ at: 0, duration: STEP }, secondsOf(event.clientX - left), length);
    onChange([...stalls, stall]);
    begin(event, stalls.length, 'resize', stall);
  };
  const follow = ({ clientX }: PointerEvent) => {
    const { current } = drag;
    if (!current || !stalls[current.index]) return;
    const by = secondsOf(clientX - current.x);
    replace(
      current.index,
      current.kind === 'move' ? movedStall(current.from, by, length) : resizedStall(current.from, by),
    );
  };
  const release = () => {
    drag.current = null;
  };
  const key = (event: KeyboardEvent, index: number) => {
    const stall = stalls[index];
    const changed = stall && stallAfterKey(stall, event, length);
    if (changed === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (changed === null) onChange(stalls.toSpliced(index, 1));
    else replace(index, changed);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div
      className="levels-stalls__track"
      ref={track}
      role="group"
      aria-label={t.stalls.track}
      onPointerDown={draw}
      onPointerMove={follow}
      onPointerUp={release}
      onPointerCancel={release}
    >
      {stalls.map((stall, i) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: a stall has no identity but its position in the list
          key={i}
          className="levels-stalls__stall"
          role="slider"
          tabIndex={0}
          aria-label={t.stalls.nth(i + 1)}
          aria-valuemin={0}
          aria-valuemax={length}
          aria-valuenow={stall.at}
          aria-valuetext={t.stalls.value(stall.at, stall.duration)}
          style={cssVariables({
            '--at': `${(100 * stall.at) / length}%`,
            '--length': `${(100 * stall.duration) / length}%`,
          })}
          onKeyDown={(event) => key(event, i)}
          onPointerDown={(event) => begin(event, i, 'move', stall)}
        >
          <span className="levels-stalls__end" onPointerDown={(event) => begin(event, i, 'resize', stall)} />
        </div>
      ))}
    </div>
  );
}
