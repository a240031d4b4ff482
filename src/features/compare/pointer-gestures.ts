/** State of the pointers on the viewer: a drag pans, a pinch zooms. Points are device pixels of the canvas. */
import { type FieldPoint, paneAt, settingsNow } from './field.ts';
import { compare } from './state/session.ts';
import { fitScale, panBy, panesOf, type ViewTransform, zoomAt } from './viewport.ts';

/** Largest pointer travel of a click, CSS pixels. */
const CLICK = 4;

/** A gesture since its number of pointers last changed. */
interface Gesture extends FieldPoint {
  /** Transform at the start. */
  readonly transform: ViewTransform;
  /** Distance of two pointers; 0 for one. */
  readonly distance: number;
  moved: boolean;
}

const middle = (first: FieldPoint, second: FieldPoint): FieldPoint => ({
  x: (first.x + second.x) / 2,
  y: (first.y + second.y) / 2,
});

const distance = (first: FieldPoint, second: FieldPoint): number =>
  Math.hypot(first.x - second.x, first.y - second.y);

export class PointerGestures {
  private readonly pointers = new Map<number, FieldPoint>();
  private gesture: Gesture | null = null;

  get active(): boolean {
    return this.pointers.size > 0;
  }

  /** True when the pointers travelled farther than a click, or there was no gesture. */
  get moved(): boolean {
    return this.gesture?.moved ?? true;
  }

  down(id: number, point: FieldPoint): void {
    if (!this.active) this.gesture = null;
    this.pointers.set(id, point);
    this.begin();
  }

  /** @returns false for a pointer that is not down */
  up(id: number): boolean {
    return this.pointers.delete(id);
  }

  /** Starts the gesture of the pointers that are down. */
  begin(): void {
    const [first, second] = [...this.pointers.values()];
    if (!first) {
      this.gesture = null;
      return;
    }
    const { zoom, centre } = settingsNow();
    this.gesture = {
      ...(second ? middle(first, second) : first),
      transform: { zoom, centre },
      distance: second ? distance(first, second) : 0,
      moved: this.gesture?.moved ?? false,
    };
  }

  /** Applies the movement of a pointer to zoom and centre. */
  move(id: number, point: FieldPoint, target: HTMLCanvasElement): void {
    if (!this.pointers.has(id)) return;
    this.pointers.set(id, point);
    const { gesture } = this;
    const [first, second] = [...this.pointers.values()];
    const side = compare.sideOf('a');
    if (!gesture || !first || !side) return;
    const at = second ? middle(first, second) : first;
    const scale = target.width / target.getBoundingClientRect().width;
    if (distance(at, gesture) > CLICK * scale || second) gesture.moved = true;
    if (!gesture.moved) return;
    const { facts } = side.video;
    const { view, swapped } = settingsNow();
    const pane = paneAt(panesOf(view, target, swapped, null), gesture.x, gesture.y);
    let { transform } = gesture;
    if (second && gesture.distance > 0) {
      const ratio = distance(first, second) / gesture.distance;
      const zoom = (transform.zoom ?? fitScale(facts, pane)) * ratio;
      transform = zoomAt(facts, pane, transform, zoom, gesture.x, gesture.y);
    }
    if (transform.zoom === null) return;
    const { centre } = panBy(facts, pane, transform, at.x - gesture.x, at.y - gesture.y);
    compare.change({ zoom: transform.zoom, centre });
  }
}
