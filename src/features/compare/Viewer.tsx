/** Viewer of both sides on one canvas, with badges, split handle, loupe and status line. */
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Badges } from './Badges.tsx';
import { type FieldPoint, fieldCanvas, fieldPoint, paneAt, settingsNow, zoomField } from './field.ts';
import { Gestures } from './Gestures.tsx';
import { Loupe } from './Loupe.tsx';
import { SplitHandle } from './SplitHandle.tsx';
import { StatusLine } from './StatusLine.tsx';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import { useViewer } from './useViewer.ts';
import { ViewOptions } from './ViewOptions.tsx';
import './Viewer.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { fitScale, panesOf } from './viewport.ts';

export interface ViewerProps {
  /** The side shown alone while its key is held. */
  readonly only: SideName | null;
  readonly loupe: boolean;
  readonly children?: React.ReactNode;
}

export function Viewer({ only, loupe, children }: ViewerProps) {
  const t = useCompareMessages();
  const canvas = fieldCanvas;
  const meanBox = useRef<HTMLParagraphElement>(null);
  const [pointer, setPointer] = useState<FieldPoint | null>(null);
  const onMean = useCallback(
    (mean: number | null, replaced: boolean) => {
      const text = replaced ? t.tools.meanReplaced : t.tools.mean;
      if (meanBox.current) meanBox.current.textContent = mean === null ? '' : text(mean.toFixed(2));
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
    <section className="compare-view ui-on-player" aria-label={t.stage.label} data-quality={quality}>
      <canvas ref={canvas} className="compare-view__canvas" />
      <Gestures canvas={canvas} field={parts.showing.field} onPointer={setPointer} />
      {split && <SplitHandle />}
      <Badges only={only} substituted={parts.showing.substituted} />
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
