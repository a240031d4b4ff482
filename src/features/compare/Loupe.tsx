/** Loupe: the same full-resolution pixels of A and of B in two square windows, magnified eight times. */
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { cssVariables } from '../../ui/css-variables.ts';
import { pixelUnder } from './field.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { SideLetter } from './SideLetter.tsx';
import type { SideImage } from './side-image.ts';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import type { ViewerParts } from './useViewer.ts';
import './Loupe.css';

/** Width of a window in video pixels, odd so that one is in the middle. */
const PIXELS = 17;
/** Magnification. */
const TIMES = 8;

export function Loupe(props: { readonly parts: ViewerParts; readonly pointer: { x: number; y: number } }) {
  const { parts, pointer } = props;
  const t = useCompareMessages();
  useStore(compare.clock.store, (state) => state.position);
  const { field } = parts.showing;
  const pixel = pixelUnder(parts, pointer);
  if (!pixel) return null;
  const side = pointer.x > field.width / 2 ? 'left' : 'right';
  const below = pointer.y < field.height / 2;
  return (
    <div
      className={`compare-loupe compare-loupe--${side}${below ? ' compare-loupe--below' : ''}`}
      style={cssVariables({
        '--x': `${(pointer.x / field.width) * 100}%`,
        '--y': `${(pointer.y / field.height) * 100}%`,
      })}
      role="img"
      aria-label={t.stage.loupe}
    >
      <Window name="a" parts={parts} at={pixel} />
      <Window name="b" parts={parts} at={pixel} />
    </div>
  );
}

function Window(props: {
  readonly name: SideName;
  readonly parts: ViewerParts;
  readonly at: { readonly x: number; readonly y: number };
}) {
  const { name, parts, at } = props;
  const ref = useRef<HTMLCanvasElement>(null);
  const image: SideImage = parts.sides[name];
  const ready = parts.showing[name] === 'full' && image.quality === 'full';
  const { width, height } = parts.sizes().a;
  useEffect(() => {
    const context = ref.current?.getContext('2d');
    if (!context) return;
    const reach = PIXELS * TIMES;
    context.clearRect(0, 0, reach, reach);
    if (!ready) return;
    context.imageSmoothingEnabled = false;
    // B may have another size: the window shows the same part of its image.
    const [sx, sy] = [image.canvas.width / width, image.canvas.height / height];
    const half = (PIXELS - 1) / 2;
    context.drawImage(
      image.canvas,
      (at.x - half) * sx,
      (at.y - half) * sy,
      PIXELS * sx,
      PIXELS * sy,
      0,
      0,
      reach,
      reach,
    );
    const middle = half * TIMES;
    context.strokeStyle = '#000';
    context.strokeRect(middle - 1.5, middle - 1.5, TIMES + 3, TIMES + 3);
    context.strokeStyle = '#fff';
    context.strokeRect(middle - 0.5, middle - 0.5, TIMES + 1, TIMES + 1);
  });
  return (
    <span className="compare-loupe__window">
      <canvas ref={ref} width={PIXELS * TIMES} height={PIXELS * TIMES} />
      <SideLetter name={name} />
    </span>
  );
}
