/** Status line of the viewer: full-resolution or proxy frames, and the pixel under the pointer. */
import { useStore } from 'zustand';
import { pixelUnder } from './field.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import type { SideImage } from './side-image.ts';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import { useFilled } from './useFilled.ts';
import type { ViewerParts } from './useViewer.ts';
import './StatusLine.css';

export interface StatusLineProps {
  readonly parts: ViewerParts;
  /** Device pixels of the viewer; null when the pointer is elsewhere. */
  readonly pointer: { readonly x: number; readonly y: number } | null;
}

export function StatusLine({ parts, pointer }: StatusLineProps) {
  return (
    <div className="compare-status">
      <p className="compare-status__what">
        <ShownQuality parts={parts} />
      </p>
      {pointer && (
        <p className="compare-status__pixel">
          <Pixel parts={parts} pointer={pointer} />
        </p>
      )}
    </div>
  );
}

function ShownQuality({ parts }: { readonly parts: ViewerParts }) {
  const t = useCompareMessages();
  const { playing, waiting, position } = useStore(compare.clock.store);
  const filled = useFilled();
  const { a, b } = parts.showing;
  if (waiting && filled.part < 1) return t.stage.waiting(Math.floor(filled.part * 100));
  if (waiting || a === 'pending' || b === 'pending') return t.stage.pending;
  const proxy = (['a', 'b'] as const).find((name) => parts.showing[name] === 'proxy');
  if (proxy) {
    const plan = compare.sideOf(proxy)?.frames.plan;
    const size = plan ? `${plan.width} × ${plan.height}` : '';
    return playing ? t.stage.proxy(size) : t.stage.proxyPaused(size);
  }
  const replaced = (['a', 'b'] as const).find((name) => parts.showing.substituted[name] !== undefined);
  if (replaced) {
    const frame = compare.frameOf(replaced, position);
    return t.stage.fullReplaced(replaced.toUpperCase(), frame + 1, parts.showing.substituted[replaced]! + 1);
  }
  const { a: sizeA, b: sizeB } = parts.sizes();
  const same = sizeA.width === sizeB.width && sizeA.height === sizeB.height;
  const size = (of: { width: number; height: number }) => `${of.width} × ${of.height}`;
  return t.stage.full(same ? size(sizeA) : `A ${size(sizeA)}, B ${size(sizeB)}`);
}

function Pixel({
  parts,
  pointer,
}: {
  readonly parts: ViewerParts;
  readonly pointer: { x: number; y: number };
}) {
  const t = useCompareMessages();
  // The values follow the clock under a resting pointer.
  useStore(compare.clock.store, (state) => state.position);
  const pixel = pixelUnder(parts, pointer);
  if (!pixel) return null;
  const sizes = parts.sizes();
  const read = (name: SideName) => {
    // B may have another size: the same part of its image is read.
    const x = name === 'a' ? pixel.x : Math.floor(((pixel.x + 0.5) / sizes.a.width) * sizes.b.width);
    const y = name === 'a' ? pixel.y : Math.floor(((pixel.y + 0.5) / sizes.a.height) * sizes.b.height);
    return valueAt(parts.sides[name], x, y);
  };
  const [a, b] = [read('a'), read('b')];
  if (!a || !b) return t.stage.pixelPending;
  return (
    <>
      {t.stage.pixel(pixel.x, pixel.y)} <b>A</b> {a} <b>B</b> {b}
    </>
  );
}

/** RGB of a pixel; null for a proxy frame. */
function valueAt(side: SideImage, x: number, y: number): string | null {
  if (side.quality === 'zeros') return '–';
  if (side.quality !== 'full') return null;
  const at = (y * side.canvas.width + x) * 4;
  const value = side.rgba.subarray(at, at + 3);
  return value.length === 3 ? [...value].join(' ') : null;
}
