import { useAssessMessages } from './messages/useAssessMessages.ts';

export interface RawAnswerProps {
  /** Everything that the model wrote, tags included. */
  readonly text: string;
  /** What the released test code would have made of it: the number, and whether that is its default for a failure. */
  readonly official: { readonly value: string; readonly isDefault: boolean };
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

/** The answer exactly as written; shown on demand, and what *Show the raw answer* opens. */
export function RawAnswer({ text, official, open, onOpen }: RawAnswerProps) {
  const t = useAssessMessages();
  return (
    <details className="assess-raw" open={open} onToggle={(event) => onOpen(event.currentTarget.open)}>
      <summary>{t.trace.raw}</summary>
      <p className="assess-raw__help">{t.trace.rawHelp}</p>
      <pre className="assess-raw__text">{text}</pre>
      <p className="assess-raw__help">
        {official.isDefault ? t.trace.officialDefault(official.value) : t.trace.official(official.value)}
      </p>
    </details>
  );
}
