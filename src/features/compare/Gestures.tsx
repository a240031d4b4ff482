/**
 * Layer over the viewer for the pointer: a drag pans, a pinch zooms, a click plays or moves the split, a double click
 * toggles 1:1.
 */
import { type PointerEvent, type RefObject, useState } from 'react';
import { useStore } from 'zustand';
import { type FieldPoint, fieldPoint, settingsNow, zoomField } from './field.ts';
import { PointerGestures } from './pointer-gestures.ts';
import { compare } from './state/session.ts';
import type { Size } from './viewport.ts';

export interface GesturesProps {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  /** Size of the canvas in device pixels. */
  readonly field: Size;
  /** Receives the point under a mouse, and null when it leaves. */
  readonly onPointer: (point: FieldPoint | null) => void;
}

export function Gestures({ canvas, field, onPointer }: GesturesProps) {
  const [gestures] = useState(() => new PointerGestures());
  const zoomed = useStore(compare.store, (state) => state.settings.zoom !== null);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts of the pointer; every one has a button and a key
    <div
      className={`compare-view__glass${zoomed ? ' compare-view__glass--zoomed' : ''}`}
      onPointerDown={(event) => {
        const target = canvas.current;
        if (!target || (event.button !== 0 && event.button !== 1)) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        gestures.down(event.pointerId, fieldPoint(target, event));
      }}
      onPointerMove={(event) => {
        const target = canvas.current;
        if (!target) return;
        const point = fieldPoint(target, event);
        if (event.pointerType === 'mouse') onPointer(point);
        gestures.move(event.pointerId, point, target);
      }}
      onPointerUp={(event) => {
        const target = canvas.current;
        const { moved } = gestures;
        if (!gestures.up(event.pointerId) || !target) return;
        if (!gestures.active && !moved && event.button === 0) click(event, target);
        gestures.begin();
      }}
      onPointerCancel={(event) => {
        gestures.up(event.pointerId);
        gestures.begin();
      }}
      onPointerLeave={() => onPointer(null)}
      onDoubleClick={(event) => {
        const target = canvas.current;
        if (target && settingsNow().view !== 'split')
          zoomField(settingsNow().zoom === null ? 1 : null, fieldPoint(target, event));
      }}
      data-field={`${field.width}x${field.height}`}
    />
  );
}

/** Moves the split to the pointer, or plays in the other views. */
function click(event: PointerEvent, target: HTMLCanvasElement): void {
  const settings = settingsNow();
  if (settings.view !== 'split') {
    compare.clock.toggle();
    return;
  }
  const point = fieldPoint(target, event);
  const horizontal = event.shiftKey ? !settings.horizontal : settings.horizontal;
  const split = horizontal ? point.y / target.height : point.x / target.width;
  compare.change({ horizontal, split: Math.min(1, Math.max(0, split)) });
}
