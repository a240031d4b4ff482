/** Slider between A and B in the split view. */
import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import { useStore } from 'zustand';
import { cssVariables } from '../../ui/css-variables.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { compare } from './state/session.ts';
import './SplitHandle.css';

const KEYS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export function SplitHandle() {
  const t = useCompareMessages();
  const { split, horizontal } = useStore(compare.store, (state) => state.settings);
  const grip = useRef(0);
  const percent = Math.round(split * 100);
  const set = (part: number) => compare.change({ split: Math.min(1, Math.max(0, part)) });

  const part = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!box) return split;
    return horizontal ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const by = KEYS[event.key];
    if (by !== undefined) set(Math.round(split * 100 + by * (event.shiftKey ? 10 : 1)) / 100);
    else if (event.key === 'Home') set(0);
    else if (event.key === 'End') set(1);
    else return;
    event.preventDefault();
  };

  return (
    <div
      className={`compare-handle${horizontal ? ' compare-handle--horizontal' : ''}`}
      style={cssVariables({ '--at': `${split * 100}%` })}
      role="slider"
      tabIndex={0}
      aria-label={t.stage.handle}
      aria-orientation={horizontal ? 'vertical' : 'horizontal'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={t.stage.handleValue(percent)}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        if (event.shiftKey) {
          compare.change({ horizontal: !horizontal });
          return;
        }
        event.currentTarget.setPointerCapture(event.pointerId);
        // The distance to the pointer is kept, so that the line does not jump.
        grip.current = part(event) - split;
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) set(part(event) - grip.current);
      }}
      onDoubleClick={() => set(0.5)}
    >
      <span className="compare-handle__line" />
      <span className="compare-handle__knob">
        <svg width="18" height="12" viewBox="0 0 18 12" aria-hidden="true" focusable="false">
          <path d="M6.5 1L2 6l4.5 5M11.5 1L16 6l-4.5 5" fill="none" stroke="currentColor" strokeWidth="2" />
        </svg>
      </span>
    </div>
  );
}
