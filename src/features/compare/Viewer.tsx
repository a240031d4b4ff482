/** Viewer of both sides on one canvas, with badges, split handle, loupe and status line. */
import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Badges } from './Badges.tsx';
import { type FieldPoint, fieldCanvas, paneAt, settingsNow, zoomField } from './field.ts';
import { Loupe } from './Loupe.tsx';
import { SplitHandle } from './SplitHandle.tsx';
import { StatusLine } from './StatusLine.tsx';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import { useViewer, type ViewerParts } from './useViewer.ts';
import { ViewOptions } from './ViewOptions.tsx';
import './Viewer.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { fitScale, panBy, panesOf, type ViewTransform, zoomAt } from './viewport.ts';

export interface ViewerProps {
  /** The side shown alone while its key is held. */
  readonly only: SideName | null;
  readonly loupe: boolean;
  readonly children?: React.ReactNode;
}

/** Largest pointer travel of a click, CSS pixels. */
const CLICK = 4;

export function Viewer({ only, loupe, children }: ViewerProps) {
  const t = useCompareMessages();
  const canvas = fieldCanvas;
  const meanBox = useRef<HTMLParagraphElement>(null);
  const [pointer, setPointer] = useState<FieldPoint | null>(null);
  const onMean = useCallback(
    (mean: number | null) => {
      if (meanBox.current) meanBox.current.textContent = mean === null ? '' : t.tools.mean(mean.toFixed(2));
    },
    [t],
  );
  const parts = useViewer(canvas, only, onMean);
  const settings = useStore(compare.store, (state) => state.settings);
  const isFull = (name: SideName) => parts.showing[name] === 'full' || parts.showing[name] === 'zeros';
  const quality = isFull('a') && isFull('b') ? 'full' : 'proxy';
  const split = settings.view === 'split' && only === null;
  useWheel(canvas);

  return (
    <section className="compare-view ui-on-stage" aria-label={t.stage.label} data-quality={quality}>
      <canvas ref={canvas} className="compare-view__canvas" />
      <Gestures canvas={canvas} parts={parts} onPointer={setPointer} />
      {split && <SplitHandle />}
      <Badges only={only} />
      {only === null && (
        <ViewOptions>
          <p ref={meanBox} className="compare-options__mean" />
        </ViewOptions>
      )}
      <StatusLine parts={parts} pointer={pointer} />
      {loupe && pointer && <Loupe parts={parts} pointer={pointer} />}
      {children}
    </section>
  );
}

/** Point of an event in device pixels of the canvas. */
function fieldPoint(canvas: HTMLCanvasElement, event: { clientX: number; clientY: number }) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / Math.max(1, box.width);
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}

/** Zoom at the pointer by Ctrl and wheel, or by a pinch on a touch pad. */
function useWheel(canvas: RefObject<HTMLCanvasElement | null>): void {
  useEffect(() => {
    const stage = canvas.current?.parentElement;
    if (!stage) return;
    const onWheel = (event: WheelEvent) => {
      const target = canvas.current;
      if (!target || !(event.ctrlKey || event.metaKey || document.fullscreenElement)) return;
      event.preventDefault();
      const side = compare.sideOf('a');
      if (!side) return;
      const settings = settingsNow();
      const point = fieldPoint(target, event);
      const pane = paneAt(panesOf(settings.view, target, settings.swapped, null), point.x, point.y);
      const scale = settings.zoom ?? fitScale(side.video.facts, pane);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      zoomField(scale * Math.exp((-event.deltaY * lines) / 300), point);
    };
    // React's own wheel listeners are passive.
    stage.addEventListener('wheel', onWheel, { passive: false });
    return () => stage.removeEventListener('wheel', onWheel);
  }, [canvas]);
}

/**
 * Pointer gestures: a drag pans, a pinch zooms, a click plays or moves the split, a double click toggles 1:1.
 */
function Gestures(props: {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly parts: ViewerParts;
  readonly onPointer: (point: FieldPoint | null) => void;
}) {
  const { canvas, parts, onPointer } = props;
  const fingers = useRef(new Map<number, FieldPoint>());
  const start = useRef<{
    x: number;
    y: number;
    transform: ViewTransform;
    moved: boolean;
    distance: number;
  } | null>(null);
  const zoomed = useStore(compare.store, (state) => state.settings.zoom !== null);

  const begin = () => {
    const [first, second] = [...fingers.current.values()];
    if (!first) {
      start.current = null;
      return;
    }
    const { zoom, centre } = settingsNow();
    const middle = second ? { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 } : first;
    const distance = second ? Math.hypot(first.x - second.x, first.y - second.y) : 0;
    start.current = {
      ...middle,
      transform: { zoom, centre },
      moved: start.current?.moved ?? false,
      distance,
    };
  };
  const move = (target: HTMLCanvasElement) => {
    const from = start.current;
    const [first, second] = [...fingers.current.values()];
    const side = compare.sideOf('a');
    if (!from || !first || !side) return;
    const at = second ? { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 } : first;
    const [dx, dy] = [at.x - from.x, at.y - from.y];
    const scale = target.width / target.getBoundingClientRect().width;
    if (Math.hypot(dx, dy) > CLICK * scale || second) from.moved = true;
    if (!from.moved) return;
    const settings = settingsNow();
    const pane = paneAt(panesOf(settings.view, target, settings.swapped, null), from.x, from.y);
    let transform = from.transform;
    if (second && from.distance > 0) {
      const now = transform.zoom ?? fitScale(side.video.facts, pane);
      const ratio = Math.hypot(first.x - second.x, first.y - second.y) / from.distance;
      transform = zoomAt(side.video.facts, pane, transform, now * ratio, from.x, from.y);
    }
    if (transform.zoom === null) return;
    compare.change({ zoom: transform.zoom, centre: panBy(side.video.facts, pane, transform, dx, dy).centre });
  };
  const click = (event: PointerEvent, point: FieldPoint, target: HTMLCanvasElement) => {
    const settings = settingsNow();
    if (settings.view !== 'split') return compare.clock.toggle();
    const horizontal = event.shiftKey ? !settings.horizontal : settings.horizontal;
    const split = horizontal ? point.y / target.height : point.x / target.width;
    compare.change({ horizontal, split: Math.min(1, Math.max(0, split)) });
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts of the pointer; every one has a button and a key
    <div
      className={`compare-view__glass${zoomed ? ' compare-view__glass--zoomed' : ''}`}
      onPointerDown={(event) => {
        const target = canvas.current;
        if (!target || (event.button !== 0 && event.button !== 1)) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        if (fingers.current.size === 0) start.current = null;
        fingers.current.set(event.pointerId, fieldPoint(target, event));
        begin();
      }}
      onPointerMove={(event) => {
        const target = canvas.current;
        if (!target) return;
        const point = fieldPoint(target, event);
        if (event.pointerType === 'mouse') onPointer(point);
        if (!fingers.current.has(event.pointerId)) return;
        fingers.current.set(event.pointerId, point);
        move(target);
      }}
      onPointerUp={(event) => {
        const target = canvas.current;
        const moved = start.current?.moved ?? true;
        if (!fingers.current.delete(event.pointerId) || !target) return;
        if (fingers.current.size === 0 && !moved && event.button === 0)
          click(event, fieldPoint(target, event), target);
        begin();
      }}
      onPointerCancel={(event) => {
        fingers.current.delete(event.pointerId);
        begin();
      }}
      onPointerLeave={() => onPointer(null)}
      onDoubleClick={(event) => {
        const target = canvas.current;
        if (target && settingsNow().view !== 'split')
          zoomField(settingsNow().zoom === null ? 1 : null, fieldPoint(target, event));
      }}
      data-field={`${parts.showing.field.width}x${parts.showing.field.height}`}
    />
  );
}
