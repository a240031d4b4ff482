/**
 * Draws the viewer after every change of clock, settings or frames, and requests full-resolution frames in a pause.
 */
import { type RefObject, useEffect, useRef, useState } from 'react';
import { isAbort } from '../../../core/errors.ts';
import { Painter } from './painter.ts';
import { type Quality, SideImage } from './side-image.ts';
import { compare, seekHints } from './state/session.ts';
import type { Side, SideName } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';
import type { Size } from './viewport.ts';

const SIDES = ['a', 'b'] as const;
/** Milliseconds of pause before a request: a held arrow key passes many frames. */
const DECODE_DELAY = 30;

export interface Showing {
  readonly a: Quality;
  readonly b: Quality;
  /** Size of the canvas in device pixels. */
  readonly field: Size;
}

export interface ViewerParts {
  readonly sides: Readonly<Record<SideName, SideImage>>;
  readonly sizes: () => Readonly<Record<SideName, Size>>;
  readonly showing: Showing;
}

const sizeOf = (side: Side | null): Size => side?.video.facts ?? { width: 16, height: 9 };
const sizes = () => ({ a: sizeOf(compare.sideOf('a')), b: sizeOf(compare.sideOf('b')) });

/** @param onMean receives the mean difference of each drawing, without a render */
export function useViewer(
  canvas: RefObject<HTMLCanvasElement | null>,
  only: SideName | null,
  onMean: (mean: number | null) => void,
): ViewerParts {
  const [showing, setShowing] = useState<Showing>({
    a: 'pending',
    b: 'pending',
    field: { width: 0, height: 0 },
  });
  const sides = useRef<Record<SideName, SideImage>>(undefined);
  sides.current ??= { a: new SideImage(), b: new SideImage() };
  const shownOnly = useRef(only);
  const mean = useRef(onMean);
  const redraw = useRef(() => {});
  useEffect(() => {
    shownOnly.current = only;
    mean.current = onMean;
    redraw.current();
  });

  useEffect(() => {
    const target = canvas.current;
    const sideImages = sides.current;
    if (!target || !sideImages) return;
    const painter = new Painter(target);
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const draw = () => {
      frame = 0;
      const { position } = compare.clock.store.getState();
      const quality = {} as Record<SideName, Quality>;
      for (const name of SIDES) {
        const side = compare.sideOf(name);
        if (!side) return;
        const frame = compare.frameOf(name, position);
        // No proxy frames at 1:1, which is for inspecting pixels.
        const fullOnly = compare.store.getState().settings.zoom === 1;
        quality[name] = sideImages[name].show(side, frame, compare.frameImages, fullOnly);
      }
      const scene = {
        settings: compare.store.getState().settings,
        only: shownOnly.current,
        sides: sideImages,
        sizes: sizes(),
      };
      const background = getComputedStyle(target).getPropertyValue('--stage').trim() || '#000';
      const drawn = painter.draw(scene, background);
      mean.current(drawn.mean);
      const { width, height } = target;
      setShowing((was) =>
        was.a === quality.a && was.b === quality.b && was.field.width === width && was.field.height === height
          ? was
          : { a: quality.a, b: quality.b, field: { width, height } },
      );
    };
    const request = () => {
      frame ||= requestAnimationFrame(draw);
    };
    redraw.current = request;

    /** Requests the frames of both sides at once; the proxy frames wait. */
    const requestFullResolution = () => {
      const begun = performance.now();
      const { position } = compare.clock.store.getState();
      let decoded = 0;
      const requests = SIDES.map(async (name) => {
        const side = compare.sideOf(name);
        const index = compare.frameOf(name, position);
        if (!side || index === NO_FRAME || side.frames.exact(index)) return;
        side.frames.hold(true);
        try {
          decoded += (await compare.frameImages.request(name, side.video.id, index))?.decoded ?? 0;
          request();
        } catch (error) {
          if (!isAbort(error)) console.warn(error);
        }
      });
      void Promise.all(requests).then(() => {
        if (compare.frameImages.busy) return;
        for (const name of SIDES) compare.sideOf(name)?.frames.hold(false);
        const end = performance.now();
        performance.measure('compare:full-resolution', { start: begun, end, detail: { decoded } });
      });
    };
    const settle = () => {
      clearTimeout(timer);
      const { playing } = compare.clock.store.getState();
      if (playing) {
        compare.frameImages.cancel();
        for (const name of SIDES) compare.sideOf(name)?.frames.hold(false);
      } else timer = setTimeout(requestFullResolution, DECODE_DELAY);
    };

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
    const fit = new ResizeObserver(() => {
      const { width, height } = target.getBoundingClientRect();
      const [w, h] = [width, height].map((length) => Math.max(1, Math.round(length * devicePixelRatio)));
      if (target.width !== w || target.height !== h) {
        target.width = w!;
        target.height = h!;
        draw();
      }
    });
    fit.observe(target);
    request();
    settle();
    return () => {
      for (const stop of stops) stop();
      fit.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      compare.frameImages.cancel();
    };
  }, [canvas]);

  useFrameArrivals(() => redraw.current());
  return { sides: sides.current, sizes, showing };
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
