/** Badges over the viewer: each side's letter, its title and the number of the frame shown. */
import { useStore } from 'zustand';
import { distinctNames } from './distinct-names.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { SideLetter } from './SideLetter.tsx';
import { compare } from './state/session.ts';
import type { View } from './state/settings.ts';
import type { SideName } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';
import './Badges.css';

export interface BadgesProps {
  readonly only: SideName | null;
  /** Frames shown in place of those that cannot be decoded. */
  readonly substituted: Readonly<Partial<Record<SideName, number>>>;
}

export function Badges({ only, substituted }: BadgesProps) {
  const { view, swapped, horizontal } = useStore(compare.store, (state) => state.settings);
  const [first, second]: [SideName, SideName] = swapped ? ['b', 'a'] : ['a', 'b'];
  if (only) return <Badge name={only} corner="first" used={substituted[only]} />;
  return (
    <>
      <Badge name={first} corner="first" used={substituted[first]} />
      <Badge name={second} corner={cornerOf(view, horizontal)} used={substituted[second]} />
    </>
  );
}

/** Corner of the second side's badge, in that side's part of the viewer. */
function cornerOf(view: View, horizontal: boolean): BadgeCorner {
  if (view === 'side' || view === 'stack') return view;
  return view === 'split' && horizontal ? 'low' : 'second';
}

type BadgeCorner = 'first' | 'second' | 'side' | 'stack' | 'low';

function Badge(props: {
  readonly name: SideName;
  readonly corner: BadgeCorner;
  readonly used: number | undefined;
}) {
  const { name, used } = props;
  const t = useCompareMessages();
  const text = useSideText(name);
  return (
    <p className={`compare-badge compare-badge--${props.corner}`}>
      <SideLetter name={name} />
      <strong>{text.title}</strong>
      <span className="compare-badge__frame">
        <span className="compare-badge__number">{text.frame}</span>
        {used !== undefined && ` ${t.stage.replaced(used + 1)}`}
      </span>
    </p>
  );
}

/** Title of a side and the text of the frame shown. */
export function useSideText(name: SideName): { title: string; frame: string } {
  const t = useCompareMessages();
  const corner = useStore(compare.clock.store, (state) => state.position);
  const { a, b, timeline, settings } = useStore(compare.store);
  const frame = timeline?.[name][corner] ?? 0;
  const other = timeline?.a[corner] ?? 0;
  if (b) {
    const names = distinctNames(a?.file.name ?? '', b.file.name);
    return { title: names[name], frame: t.stage.frame(frame + 1) };
  }
  if (name === 'a') return { title: t.stage.original, frame: t.stage.frame(frame + 1) };
  const title = t.perturbation.done[settings.mode];
  if (frame === NO_FRAME) return { title, frame: t.stage.removed(other + 1) };
  return {
    title,
    frame: frame === other ? t.stage.frame(frame + 1) : t.stage.insteadOf(frame + 1, other + 1),
  };
}
