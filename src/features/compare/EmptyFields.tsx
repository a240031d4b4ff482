/** Before there is a video: two fields, one drop is enough. A link's file is asked for by name. */
import { useStore } from 'zustand';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { useWords } from '../../ui/messages/useWords.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import './EmptyFields.css';
import { useCompareWords } from './messages/useCompareWords.ts';
import { SideLetter } from './SideLetter.tsx';

export interface EmptyFieldsProps {
  readonly onChoose: (side: SideName) => void;
  readonly onSample: () => void;
}

export function EmptyFields({ onChoose, onSample }: EmptyFieldsProps) {
  const w = useCompareWords();
  const { asked, opening } = useStore(compare.store);
  return (
    <div className="compare-empty">
      <p className="compare-empty__lead">{w.empty.lead}</p>
      <div className="compare-empty__fields">
        {(['a', 'b'] as const).map((name) => (
          <section
            key={name}
            className={`compare-empty__field compare-empty__field--${name} ui-on-stage`}
            data-side={name}
          >
            <h2 className="compare-empty__title">
              <SideLetter name={name} /> {w.empty[name]}
            </h2>
            <p className="compare-empty__help">
              {opening?.side === name ? (
                asked[name]?.sha256 ? (
                  w.empty.checking(asked[name].name)
                ) : (
                  w.empty.opening(opening.name)
                )
              ) : asked[name] ? (
                <>
                  <Rich text={w.empty.asked(asked[name].name)} />{' '}
                  {asked[name].sha256 !== '' && w.empty.askedCheck}
                </>
              ) : name === 'a' ? (
                w.empty.aHelp
              ) : (
                w.empty.bHelp
              )}
            </p>
            <p className="compare-empty__actions">
              <Button
                look={name === 'a' ? 'primary' : 'plain'}
                size="large"
                onClick={() => onChoose(name)}
                disabled={opening !== null}
              >
                {w.empty.choose}
              </Button>
              {name === 'a' && (
                <Button size="large" onClick={onSample} disabled={opening !== null}>
                  {w.empty.sample}
                </Button>
              )}
            </p>
          </section>
        ))}
      </div>
      <Problem onChoose={onChoose} />
    </div>
  );
}

/** What went wrong with a file, in words; a file that is not the one of the link may be used all the same. */
export function Problem({ onChoose }: { readonly onChoose: (side: SideName) => void }) {
  const words = useWords();
  const error = useStore(compare.store, (state) => state.error);
  if (!error) return null;
  const { data, side, file } = error;
  return (
    <ErrorCard
      error={data}
      file={file.name}
      actions={[
        { label: words.actions.chooseAnother, onClick: () => onChoose(side) },
        ...(data.code === 'compare/file'
          ? [{ label: words.actions.useAnyway, onClick: compare.useAnyway }]
          : []),
        { label: words.actions.close, onClick: compare.dismiss },
      ]}
      details={[`${file.name}, ${file.size} B, ${file.type}`, navigator.userAgent]}
    />
  );
}
