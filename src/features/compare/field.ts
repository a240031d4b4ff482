/** Panes and pixels under a point of the viewer, and zooming. Points are device pixels of its canvas. */
import type { RefObject } from 'react';
import { compare } from './state/session.ts';
import type { ViewerParts } from './useViewer.ts';
import { fitScale, imageBox, nextZoom, type Pane, panesOf, pixelAt, zoomAt } from './viewport.ts';

export interface FieldPoint {
  readonly x: number;
  readonly y: number;
}

/** The canvas of the field while the viewer is mounted; there is one viewer on the page. */
export const fieldCanvas: RefObject<HTMLCanvasElement | null> = { current: null };

export const settingsNow = () => compare.store.getState().settings;

/** Pane under a point; the first one beside all panes. */
export function paneAt(panes: readonly Pane[], x: number, y: number): Pane {
  const inside = (pane: Pane) =>
    x >= pane.x && y >= pane.y && x < pane.x + pane.width && y < pane.y + pane.height;
  return panes.find(inside) ?? panes[0]!;
}

/** Zooms about a point, by default the middle of the first pane; null fits. */
export function zoomField(to: number | 'in' | 'out' | null, at?: FieldPoint): void {
  const canvas = fieldCanvas.current;
  const side = compare.sideOf('a');
  if (!canvas || !side) return;
  if (to === null) {
    compare.change({ zoom: null, centre: [0.5, 0.5] });
    return;
  }
  const settings = settingsNow();
  const panes = panesOf(settings.view, canvas, settings.swapped, null);
  const pane = at ? paneAt(panes, at.x, at.y) : panes[0]!;
  const point = at ?? { x: pane.x + pane.width / 2, y: pane.y + pane.height / 2 };
  const { facts } = side.video;
  const scale = settings.zoom ?? fitScale(facts, pane);
  const zoom = to === 'in' ? nextZoom(scale, 1) : to === 'out' ? nextZoom(scale, -1) : to;
  const { zoom: z, centre } = zoomAt(facts, pane, settings, zoom, point.x, point.y);
  compare.change({ zoom: z, centre });
}

/** Pixel of A's image under a point, with the scale there. */
export function pixelUnder(parts: ViewerParts, point: FieldPoint) {
  const settings = settingsNow();
  const { field } = parts.showing;
  if (field.width === 0) return null;
  const pane = paneAt(panesOf(settings.view, field, settings.swapped, null), point.x, point.y);
  const size = parts.sizes().a;
  const pixel = pixelAt(size, pane, settings, point.x, point.y);
  return pixel && { ...pixel, scale: imageBox(size, pane, settings).scale };
}

/** Point of an event in device pixels of the canvas. */
export function fieldPoint(
  canvas: HTMLCanvasElement,
  event: { readonly clientX: number; readonly clientY: number },
): FieldPoint {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / Math.max(1, box.width);
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}
