/** Distortions that the text names and rules out, under the trace. */
import { NamedButton } from './distortions/NamedButton.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { inSentence, type Named } from './trace-segments.ts';

export interface NamedRowProps {
  readonly named: readonly (Named & { readonly label: string })[];
  readonly ruledOut: readonly string[];
  readonly writing: boolean;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

export function NamedRow({ named, ruledOut, writing, chosen, onChoose }: NamedRowProps) {
  const t = useAssessMessages();
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
      {!writing && (named.length > 0 || ruledOut.length > 0) && (
        <p className="assess-named__method">{t.trace.method}</p>
      )}
    </>
  );
}
