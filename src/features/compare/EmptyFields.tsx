/** Empty Compare page: a drop zone for each side; the files of a link are requested by name. */
import { useStore } from 'zustand';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import './EmptyFields.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { SideLetter } from './SideLetter.tsx';

export interface EmptyFieldsProps {
  readonly onChoose: (side: SideName) => void;
  readonly onSample: () => void;
}

export function EmptyFields({ onChoose, onSample }: EmptyFieldsProps) {
  const t = useCompareMessages();
  const { asked, opening } = useStore(compare.store);
  return (
    <div className="compare-empty">
      <p className="compare-empty__lead">{t.empty.lead}</p>
      <div className="compare-empty__fields">
        {(['a', 'b'] as const).map((name) => (
          <section
            key={name}
            className={`compare-empty__field compare-empty__field--${name} ui-on-player`}
            data-side={name}
          >
            <h2 className="compare-empty__title">
              <SideLetter name={name} /> {t.empty[name]}
            </h2>
            <p className="compare-empty__help">
              {opening?.side === name ? (
                asked[name]?.sha256 ? (
                  t.empty.checking(asked[name].name)
                ) : (
                  t.empty.opening(opening.name)
                )
              ) : asked[name] ? (
                <>
                  <Rich text={t.empty.asked(asked[name].name)} />{' '}
                  {asked[name].sha256 !== '' && t.empty.askedCheck}
                </>
              ) : name === 'a' ? (
                t.empty.aHelp
              ) : (
                t.empty.bHelp
              )}
            </p>
            <p className="compare-empty__actions">
              <Button
                look={name === 'a' ? 'primary' : 'plain'}
                size="large"
                onClick={() => onChoose(name)}
                disabled={opening !== null}
              >
                {t.empty.choose}
              </Button>
              {name === 'a' && (
                <Button size="large" onClick={onSample} disabled={opening !== null}>
                  {t.empty.sample}
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

/** Error of opening a file. A file that differs from the one of the link may be used anyway. */
export function Problem({ onChoose }: { readonly onChoose: (side: SideName) => void }) {
  const messages = useMessages();
  const error = useStore(compare.store, (state) => state.error);
  if (!error) return null;
  const { data, side, file } = error;
  return (
    <ErrorCard
      error={data}
      file={file.name}
      actions={[
        { label: messages.actions.chooseAnother, onClick: () => onChoose(side) },
        ...(data.code === 'compare/file'
          ? [{ label: messages.actions.useAnyway, onClick: compare.useAnyway }]
          : []),
        { label: messages.actions.close, onClick: compare.dismiss },
      ]}
      details={[`${file.name}, ${file.size} B, ${file.type}`, navigator.userAgent]}
    />
  );
}
