/** A slider over thumbnails or a plot: reacts to presses, drags and hovering anywhere on it, and to keys. */
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
const SECONDS: Readonly<Record<string, number>> = { PageDown: -1, PageUp: 1 };

export interface ScrubberProps {
  readonly className: string;
  readonly label: string;
  /** Text of the value, for screen readers. */
  readonly text: string;
  /** Current value, from 0. */
  readonly value: number;
  readonly count: number;
  /** Value at a fraction of the width, 0 … 1. */
  readonly under: (part: number) => number;
  /** Pressed there. */
  readonly onPress: (under: number) => void;
  /** Dragged there while pressed. */
  readonly onDrag: (under: number) => void;
  readonly onRelease?: () => void;
  /** Value under a mouse that presses nothing; null when it has left. */
  readonly onHover?: (under: number | null) => void;
  /** Home and End: to a value. */
  readonly onGoTo: (value: number) => void;
  /** Arrow keys: by one value back or on. */
  readonly onStep: (by: number) => void;
  /** Page keys, and arrow keys with Shift: by one second back or on. */
  readonly onSecond?: (by: number) => void;
  readonly children?: ReactNode;
}

export function Scrubber(props: ScrubberProps) {
  const { className, label, text, value, count, under, children } = props;
  const { onPress, onDrag, onRelease, onHover, onGoTo, onStep, onSecond } = props;
  const at = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    return under((clientX - left) / width);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    const second = onSecond && (event.shiftKey ? step : SECONDS[event.key]);
    if (event.key === 'Home') onGoTo(0);
    else if (event.key === 'End') onGoTo(count - 1);
    else if (second !== undefined) onSecond?.(second);
    else if (step !== undefined) onStep(step);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className={className}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={1}
      aria-valuemax={count}
      aria-valuenow={value + 1}
      aria-valuetext={text}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        onPress(at(event));
      }}
      onPointerMove={(event) => {
        onHover?.(event.pointerType === 'mouse' ? at(event) : null);
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onDrag(at(event));
      }}
      onPointerUp={onRelease}
      onPointerLeave={() => onHover?.(null)}
    >
      {children}
    </div>
  );
}
