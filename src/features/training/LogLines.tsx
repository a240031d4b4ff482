import type { LogLine } from '../../../core/training/run.ts';
import './LogLines.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';

const time = (seconds: number): string => new Date(seconds * 1000).toTimeString().slice(0, 8);

/** Lines as the engine and the driver wrote them: time, who, what; warnings and errors by a mark, not by a colour. */
export function LogLines({ lines }: { readonly lines: readonly LogLine[] }) {
  const t = useTrainingMessages();
  return (
    <ol className="training-log">
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal lines may follow each other
        <li key={`${line.time} ${i}`} className={`training-log__line training-log__line--${line.level}`}>
          <time dateTime={new Date(line.time * 1000).toISOString()}>{time(line.time)}</time>
          <span className="training-log__source">{t.log.sources[line.source]}</span>
          <span className="training-log__text">
            {(line.level === 'warning' || line.level === 'error') && (
              <strong className="training-log__level">{t.log.marks[line.level]} </strong>
            )}
            {line.text}
          </span>
        </li>
      ))}
    </ol>
  );
}
