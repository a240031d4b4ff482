/** Distortions that the text names and rules out, under the trace. */
import { Sentences } from '../../ui/Sentences.tsx';
import { NamedButton } from './distortions/NamedButton.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { inSentence, type Named } from './trace-segments.ts';

export interface NamedRowProps {
  readonly named: readonly (Named & { readonly label: string })[];
  readonly ruledOut: readonly string[];
  readonly writing: boolean;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
  /** The text is not in the page's language, and the row says so. */
  readonly otherLanguage?: boolean;
}

export function NamedRow(props: NamedRowProps) {
  const { named, ruledOut, writing, chosen, onChoose, otherLanguage = false } = props;
  const t = useAssessMessages();
  const byList = !writing && (named.length > 0 || ruledOut.length > 0);
  return (
    <>
      <dl className="assess-named">
        <dt>{writing ? t.trace.namedSoFar : t.trace.named}</dt>
        <dd className="assess-named__buttons">
          {named.map(({ id, label, frames }) => (
            <NamedButton
              key={id}
              id={id}
              label={label}
              frames={frames}
              chosen={id === chosen}
              onToggle={() => onChoose(id)}
            />
          ))}
          {named.length === 0 && !writing && <span>{t.trace.nothingNamed}</span>}
        </dd>
        {ruledOut.length > 0 && (
          <>
            <dt>{t.trace.ruledOut}</dt>
            <dd className="assess-named__out">{t.units.list(ruledOut.map(inSentence))}</dd>
          </>
        )}
      </dl>
      <p className="assess-named__method">
        <Sentences>
          {byList && <span>{t.trace.method}</span>}
          {otherLanguage && <span>{t.trace.otherLanguage}</span>}
        </Sentences>
      </p>
    </>
  );
}
