/** A distortion that the text names: marks its mentions, and opens the card about it. */
import { frameRanges } from '../../../../core/text/format.ts';
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { Popover } from '../../../ui/Popover.tsx';
import { Rich } from '../../../ui/Rich.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import { inSentence } from '../trace-segments.ts';
import './NamedButton.css';
import { cardOf, type DistortionCardText } from './cards.ts';

export interface NamedButtonProps {
  readonly id: string;
  readonly label: string;
  /** Sampled frames that the text gives for it. */
  readonly frames: readonly number[];
  readonly chosen: boolean;
  /** Marks the mentions, or unmarks them. */
  readonly onToggle: () => void;
}

export function NamedButton({ id, label, frames, chosen, onToggle }: NamedButtonProps) {
  const t = useAssessMessages();
  const card = cardOf(id, useLang());
  const name = (
    <>
      {inSentence(label)}
      {frames.length > 0 && <span className="assess-named__frames">{frameRanges(frames)}</span>}
    </>
  );
  const look = { type: 'button', className: 'assess-named__button', 'aria-pressed': chosen } as const;
  if (!card)
    return (
      <button {...look} onClick={onToggle}>
        {name}
      </button>
    );
  return (
    <Popover
      label={t.card.about(inSentence(label))}
      align="start"
      up
      button={(popover, open) => (
        <button
          {...look}
          {...popover}
          onClick={() => {
            popover.onClick();
            // The card may have been closed from outside: the marks follow it again.
            if (open === chosen) onToggle();
          }}
        >
          {name}
        </button>
      )}
    >
      {() => <Card label={label} card={card} />}
    </Popover>
  );
}

function Card({ label, card }: { readonly label: string; readonly card: DistortionCardText }) {
  const { card: c } = useAssessMessages();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long card scrolls on a small screen
    <div className="assess-card" tabIndex={0}>
      <h3 className="assess-card__title">{label}</h3>
      <p>{card.looks}</p>
      <p>
        <strong>{c.causes}</strong> {card.causes}
      </p>
      <dl className="assess-card__helps" aria-label={c.helps}>
        {card.helps.map(([at, help]) => (
          <div key={at}>
            <dt>{c.at[at]}</dt>
            <dd>
              <Rich text={help} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="assess-card__source">{c.source}</p>
    </div>
  );
}
