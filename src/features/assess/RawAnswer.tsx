import { useAssessMessages } from './messages/useAssessMessages.ts';

export interface RawAnswerProps {
  /** The whole answer, tags included. */
  readonly text: string;
  /** Number that the released test code reads, and true when that is its default for an unreadable answer. */
  readonly official: { readonly value: string; readonly isDefault: boolean };
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

/** The answer exactly as the model wrote it, closed until it is asked for. */
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
