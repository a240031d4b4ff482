/** Results of the server's checks of a recipe before it is started. */
import type { ReactNode } from 'react';
import type { CodedErrorData } from '../../../core/errors.ts';
import { count } from '../../../core/text/format.ts';
import type { ValidationReport } from '../../../core/training/run.ts';
import { Icon } from '../../ui/Icon.tsx';
import { useErrorText } from '../../ui/messages/useMessages.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import './Report.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';

/** Names that are shown of a long list; the rest are counted. */
const NAMED = 200;

export function Report({ report }: { readonly report: ValidationReport }) {
  const t = useTrainingMessages();
  const { ok, errors, warnings, sources, engine } = report;
  return (
    <div className="training-report">
      <p className="training-report__verdict" role="status">
        <Icon name={ok ? 'check' : 'alert'} />
        <strong>
          {!ok
            ? t.start.notReady
            : warnings.length > 0
              ? t.start.readyWarned(warnings.length)
              : t.start.ready}
        </strong>
        {!ok && ` ${t.start.nothingStarted}`}
      </p>
      <Faults title={t.start.errors} faults={errors} />
      <Faults title={t.start.warnings} faults={warnings} />
      {sources.length > 0 && (
        <ScrollBox className="training-report__scroll" name={t.start.source}>
          <table className="ui-table training-report__table">
            <thead>
              <tr>
                <th scope="col">{t.start.source}</th>
                <th scope="col">{t.start.role}</th>
                <th scope="col">{t.start.videos}</th>
                <th scope="col">{t.start.missing}</th>
                <th scope="col">{t.start.unreadable}</th>
                <th scope="col">{t.start.duplicates}</th>
                <th scope="col">{t.start.labels}</th>
                <th scope="col">{t.start.length}</th>
              </tr>
            </thead>
            <tbody>
              {sources.map((source) => (
                <tr key={`${source.name} ${source.role}`}>
                  <th scope="row">{source.name}</th>
                  <td>{t.start.roles[source.role]}</td>
                  <td>{count(source.videos)}</td>
                  <Files source={source.name} what={t.start.missing} names={source.missing} />
                  <Files source={source.name} what={t.start.unreadable} names={source.unreadable} />
                  <Files source={source.name} what={t.start.duplicates} names={source.duplicates} />
                  <td>
                    {source.labels
                      ? t.start.labelRange(source.labels[0].toFixed(2), source.labels[1].toFixed(2))
                      : '–'}
                  </td>
                  <td>{source.seconds === null ? '–' : t.duration(source.seconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      <p className="training-report__engine">
        <span>{t.start.engine}</span>{' '}
        {engine
          ? t.start.engineLine(engine.device, engine.gpus, engine.memoryBytes, engine.torch)
          : t.start.engineNone}
      </p>
    </div>
  );
}

function Faults({ title, faults }: { title: string; faults: readonly CodedErrorData[] }): ReactNode {
  if (faults.length === 0) return null;
  return (
    <section className="training-report__faults">
      <h4>{title}</h4>
      <ul>
        {faults.map((fault, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a report does not change
          <Fault key={i} fault={fault} />
        ))}
      </ul>
    </section>
  );
}

function Fault({ fault }: { readonly fault: CodedErrorData }) {
  const { title, body } = useErrorText(fault);
  return (
    <li>
      <strong>{title}</strong> <Rich text={body} />{' '}
      <code className="training-report__code">{fault.code}</code>
    </li>
  );
}

function Files(props: { readonly source: string; readonly what: string; readonly names: readonly string[] }) {
  const { source, what, names } = props;
  const t = useTrainingMessages();
  if (names.length === 0) return <td>0</td>;
  return (
    <td>
      <details className="training-report__files">
        <summary aria-label={`${t.start.showFiles(source, what)}: ${t.start.files(names.length)}`}>
          {count(names.length)}
        </summary>
        <ul>
          {names.slice(0, NAMED).map((name, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a report does not change
            <li key={i}>{name}</li>
          ))}
          {names.length > NAMED && <li>… {t.start.files(names.length - NAMED)}</li>}
        </ul>
      </details>
    </td>
  );
}
