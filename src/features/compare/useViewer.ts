/**
 * Draws the viewer after every change of clock, settings or frames, and requests full-resolution frames in a pause.
 */
import { type RefObject, useEffect, useRef, useState } from 'react';
import { createFullResolution } from './full-resolution.ts';
import { Painter } from './painter.ts';
import { type Quality, SideImage } from './side-image.ts';
import { compare, seekHints } from './state/session.ts';
import type { Side, SideName } from './state/store.ts';
import type { Size } from './viewport.ts';

const SIDES = ['a', 'b'] as const;

export interface Showing {
  readonly a: Quality;
  readonly b: Quality;
  /** Frames drawn in place of those that cannot be decoded. */
  readonly substituted: Readonly<Partial<Record<SideName, number>>>;
  /** Size of the canvas in device pixels. */
  readonly field: Size;
}

export interface ViewerParts {
  readonly sides: Readonly<Record<SideName, SideImage>>;
  readonly sizes: () => Readonly<Record<SideName, Size>>;
  readonly showing: Showing;
}

const sizeOf = (side: Side | null): Size => side?.video.facts ?? { width: 16, height: 9 };
/** Size of each side's frame: a stream may change it. */
const sizesOf = (sides: Readonly<Record<SideName, SideImage>>): Readonly<Record<SideName, Size>> => ({
  a: sides.a.size ?? sizeOf(compare.sideOf('a')),
  b: sides.b.size ?? sizeOf(compare.sideOf('b')),
});

/** Draws the current position on a canvas; null while a side is missing. */
function createDrawing(target: HTMLCanvasElement, sides: Readonly<Record<SideName, SideImage>>) {
  const painter = new Painter(target);
  return (only: SideName | null): { readonly showing: Showing; readonly mean: number | null } | null => {
    const { position } = compare.clock.store.getState();
    const { settings } = compare.store.getState();
    // No proxy frames at 1:1, which is for inspecting pixels.
    const fullOnly = settings.zoom === 1;
    const quality = {} as Record<SideName, Quality>;
    for (const name of SIDES) {
      const side = compare.sideOf(name);
      if (!side) return null;
      const frame = compare.frameOf(name, position);
      quality[name] = sides[name].show(side, frame, compare.frameImages, fullOnly);
    }
    const background = getComputedStyle(target).getPropertyValue('--stage').trim() || '#000';
    const { mean } = painter.draw({ settings, only, sides, sizes: sizesOf(sides) }, background);
    const { width, height } = target;
    const substituted: Partial<Record<SideName, number>> = {};
    for (const name of SIDES) {
      const used = sides[name].substituted;
      if (used !== undefined) substituted[name] = used;
    }
    return { showing: { ...quality, substituted, field: { width, height } }, mean };
  };
}

const isSame = (one: Showing, two: Showing): boolean =>
  one.a === two.a &&
  one.b === two.b &&
  one.substituted.a === two.substituted.a &&
  one.substituted.b === two.substituted.b &&
  one.field.width === two.field.width &&
  one.field.height === two.field.height;

/** Keeps the canvas as large as its box in device pixels. */
function observeSize(target: HTMLCanvasElement, onResize: () => void): () => void {
  const observer = new ResizeObserver(() => {
    const box = target.getBoundingClientRect();
    const [width, height] = [box.width, box.height].map((length) =>
      Math.max(1, Math.round(length * devicePixelRatio)),
    );
    if (target.width === width && target.height === height) return;
    target.width = width!;
    target.height = height!;
    onResize();
  });
  observer.observe(target);
  return () => observer.disconnect();
}

/** Calls `request` after every change that shows, and `settle` after those that change the frames. */
function subscribe(request: () => void, settle: () => void): () => void {
  const stops = [
    seekHints.start(),
    compare.clock.store.subscribe((now, before) => {
      if (now.position !== before.position) request();
      if (now.position !== before.position || now.playing !== before.playing) settle();
    }),
    compare.store.subscribe((now, before) => {
      request();
      const zoomed = (now.settings.zoom === 1) !== (before.settings.zoom === 1);
      if (now.timeline !== before.timeline || now.a !== before.a || now.b !== before.b || zoomed) settle();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @param onMean receives the mean difference of each drawing, and if a frame was replaced, without a render */
export function useViewer(
  canvas: RefObject<HTMLCanvasElement | null>,
  only: SideName | null,
  onMean: (mean: number | null, replaced: boolean) => void,
): ViewerParts {
  const [showing, setShowing] = useState<Showing>({
    a: 'pending',
    b: 'pending',
    substituted: {},
    field: { width: 0, height: 0 },
  });
  const sides = useRef<Record<SideName, SideImage>>(undefined);
  sides.current ??= { a: new SideImage(), b: new SideImage() };
  const latest = useRef({ only, onMean });
  const redraw = useRef(() => {});
  useEffect(() => {
    latest.current = { only, onMean };
    redraw.current();
  });

  useEffect(() => {
    const target = canvas.current;
    if (!target || !sides.current) return;
    const drawing = createDrawing(target, sides.current);
    let frame = 0;
    const draw = () => {
      frame = 0;
      const drawn = drawing(latest.current.only);
      if (!drawn) return;
      const { a, b } = drawn.showing.substituted;
      latest.current.onMean(drawn.mean, a !== undefined || b !== undefined);
      setShowing((was) => (isSame(was, drawn.showing) ? was : drawn.showing));
    };
    const request = () => {
      frame ||= requestAnimationFrame(draw);
    };
    redraw.current = request;
    const fullResolution = createFullResolution(request);
    const stops = [
      subscribe(request, fullResolution.settle),
      observeSize(target, draw),
      fullResolution.dispose,
      () => cancelAnimationFrame(frame),
    ];
    request();
    fullResolution.settle();
    return () => {
      for (const stop of stops) stop();
    };
  }, [canvas]);

  useFrameArrivals(() => redraw.current());
  const images = sides.current;
  return { sides: images, sizes: () => sizesOf(images), showing };
}

/** Calls back when the proxy frame of the current position arrives. */
function useFrameArrivals(arrived: () => void): void {
  const [stores, setStores] = useState(() => storesOf());
  useEffect(
    () =>
      compare.store.subscribe((now, before) => {
        if (now.a !== before.a || now.b !== before.b) setStores(storesOf());
      }),
    [],
  );
  const latest = useRef(arrived);
  useEffect(() => {
    latest.current = arrived;
  });
  useEffect(() => {
    /** Availability at the last check: other frames cause no redraw. */
    let before = '';
    const check = () => {
      const { position } = compare.clock.store.getState();
      const now = SIDES.map((name) =>
        compare.sideOf(name)?.frames.has(compare.frameOf(name, position)),
      ).join();
      if (now !== before) latest.current();
      before = now;
    };
    const stops = stores.map((store) => store.subscribe(check));
    return () => {
      for (const stop of stops) stop();
    };
  }, [stores]);
}

function storesOf() {
  const { a, b } = compare.store.getState();
  return [a?.frames, b?.frames].filter((store) => store !== undefined);
}
