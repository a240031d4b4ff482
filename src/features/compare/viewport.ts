/**
 * Geometry of the viewer in device pixels of its canvas. Both sides share scale and centre, so that they show the same
 * part of their images.
 */
import type { View } from './state/settings.ts';
import type { SideName } from './state/store.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/** Part of the canvas with one scale and centre; `sides` are drawn in it, the first one below. */
export interface Pane extends Box {
  readonly sides: readonly SideName[];
}

/** Bounds of the zoom, 25–800 %. */
export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 8;
const STEPS = [0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 6, 8] as const;

/** Pixels between two panes. */
const GAP = 2;

/** @param one the side shown alone while its key is held */
export function panesOf(view: View, field: Size, swapped: boolean, one: SideName | null): Pane[] {
  // A canvas has its size on its prototype, which a spread does not copy.
  const whole = { x: 0, y: 0, width: field.width, height: field.height };
  if (one) return [{ ...whole, sides: [one] }];
  const [first, second]: [SideName, SideName] = swapped ? ['b', 'a'] : ['a', 'b'];
  if (view === 'side') {
    const width = Math.floor((field.width - GAP) / 2);
    return [
      { ...whole, width, sides: [first] },
      { ...whole, x: field.width - width, width, sides: [second] },
    ];
  }
  if (view === 'stack') {
    const height = Math.floor((field.height - GAP) / 2);
    return [
      { ...whole, height, sides: [first] },
      { ...whole, y: field.height - height, height, sides: [second] },
    ];
  }
  return [{ ...whole, sides: [first, second] }];
}

/** Device pixels per video pixel at which the whole image fits. */
export function fitScale(image: Size, pane: Size): number {
  return Math.min(pane.width / image.width, pane.height / image.height);
}

export interface ViewTransform {
  /** Device pixels per video pixel; null fits. */
  readonly zoom: number | null;
  /** Point of the image in the middle of the pane, in parts of its size. */
  readonly centre: readonly [number, number];
}

/** Centre clamped so that the image leaves no edge empty; 0.5 where it is smaller than the pane. */
function settle(centre: number, length: number, room: number): number {
  if (length <= room) return 0.5;
  const half = room / 2 / length;
  return Math.min(1 - half, Math.max(half, centre));
}

/** Box of the image on the canvas, on whole pixels when zoomed. */
export function imageBox(image: Size, pane: Box, transform: ViewTransform): Box & { readonly scale: number } {
  const scale = transform.zoom ?? fitScale(image, pane);
  const width = image.width * scale;
  const height = image.height * scale;
  const x = pane.x + pane.width / 2 - settle(transform.centre[0], width, pane.width) * width;
  const y = pane.y + pane.height / 2 - settle(transform.centre[1], height, pane.height) * height;
  const crisp = transform.zoom !== null;
  return { x: crisp ? Math.round(x) : x, y: crisp ? Math.round(y) : y, width, height, scale };
}

/** Transform with the clamped centre, so that panning responds at once. */
export function settled(image: Size, pane: Box, transform: ViewTransform): ViewTransform {
  const box = imageBox(image, pane, transform);
  return {
    zoom: transform.zoom,
    centre: [(pane.x + pane.width / 2 - box.x) / box.width, (pane.y + pane.height / 2 - box.y) / box.height],
  };
}

/** Another scale with the point under (x, y) fixed. */
export function zoomAt(
  image: Size,
  pane: Box,
  transform: ViewTransform,
  zoom: number,
  x: number,
  y: number,
): ViewTransform {
  const box = imageBox(image, pane, transform);
  const to = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom));
  const part = (at: number, from: number, length: number, middle: number, whole: number) =>
    (at - from) / length + (middle - at) / (whole * to);
  return settled(image, pane, {
    zoom: to,
    centre: [
      part(x, box.x, box.width, pane.x + pane.width / 2, image.width),
      part(y, box.y, box.height, pane.y + pane.height / 2, image.height),
    ],
  });
}

/** Image moved by (dx, dy) device pixels. */
export function panBy(
  image: Size,
  pane: Box,
  transform: ViewTransform,
  dx: number,
  dy: number,
): ViewTransform {
  const now = settled(image, pane, transform);
  const box = imageBox(image, pane, now);
  return settled(image, pane, {
    zoom: now.zoom,
    centre: [now.centre[0] - dx / box.width, now.centre[1] - dy / box.height],
  });
}

/** Next of the zoom steps above or below a scale. */
export function nextZoom(scale: number, by: 1 | -1): number {
  const next =
    by > 0 ? STEPS.find((step) => step > scale * 1.01) : STEPS.findLast((step) => step < scale * 0.99);
  return next ?? (by > 0 ? MOST_ZOOM : LEAST_ZOOM);
}

/** Pixel of the image under a point; null beside the image. */
export function pixelAt(
  image: Size,
  pane: Box,
  transform: ViewTransform,
  x: number,
  y: number,
): { x: number; y: number } | null {
  if (x < pane.x || y < pane.y || x >= pane.x + pane.width || y >= pane.y + pane.height) return null;
  const box = imageBox(image, pane, transform);
  const px = Math.floor((x - box.x) / box.scale);
  const py = Math.floor((y - box.y) / box.scale);
  return px >= 0 && py >= 0 && px < image.width && py < image.height ? { x: px, y: py } : null;
}

/** Image of another aspect ratio, centred in the box and not stretched. */
export function containIn(image: Size, box: Box): Box {
  const scale = fitScale(image, box);
  const width = image.width * scale;
  const height = image.height * scale;
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}
