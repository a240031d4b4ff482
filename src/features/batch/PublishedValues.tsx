/** Panel of the published correlations of other methods beside those of this batch. */
import type { PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { type PublishedSet, publishedSource } from '../../../core/stats/published.ts';
import { correlation } from '../../../core/text/format.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { Panel } from '../../ui/Panel.tsx';
import './CorrelationTable.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export function PublishedValues({
  set,
  metrics,
}: {
  readonly set: PublishedSet;
  readonly metrics: PairMetrics;
}) {
  const { paper: t } = useBatchMessages();
  const values = [
    ...set.methods.flatMap(({ srcc, plcc }) => [srcc, plcc]),
    metrics.srcc.value,
    metrics.plcc.value,
  ];
  const low = Math.floor(Math.min(...values.filter(Number.isFinite)) * 20) / 20;
  const share = (value: number) => Math.max(0, Math.min(1, (value - low) / (1 - low)));
  const row = (name: string, srcc: number, plcc: number, thisRun: boolean) => (
    <tr key={name} className={thisRun ? 'batch-correlations__this' : ''}>
      <th scope="row">{name}</th>
      <td>{correlation(srcc)}</td>
      <td>{correlation(plcc)}</td>
      <td className="batch-correlations__dots" aria-hidden="true">
        <span className="batch-correlations__line">
          {thisRun && metrics.srcc.interval && (
            <span
              className="batch-correlations__whisker"
              style={cssVariables({
                '--from': share(metrics.srcc.interval.low),
                '--to': share(metrics.srcc.interval.high),
              })}
            />
          )}
          <span className="batch-correlations__srcc" style={cssVariables({ '--at': share(srcc) })} />
          <span className="batch-correlations__plcc" style={cssVariables({ '--at': share(plcc) })} />
        </span>
      </td>
    </tr>
  );
  return (
    <Panel title={t.title} note={`${publishedSource}, ${set.name}`}>
      <table className="batch-correlations">
        <thead>
          <tr>
            <th scope="col">{t.method}</th>
            <th scope="col">SRCC</th>
            <th scope="col">PLCC</th>
            <td className="batch-correlations__dots">
              {correlation(low, 2)} – 1 <i className="batch-correlations__srcc" /> SRCC{' '}
              <i className="batch-correlations__plcc" /> PLCC
            </td>
          </tr>
        </thead>
        <tbody>
          {row(t.run(metrics.n, set.videos), metrics.srcc.value, metrics.plcc.value, true)}
          {set.methods.map(({ name, srcc, plcc }) => row(name, srcc, plcc, false))}
        </tbody>
      </table>
      <p className="batch-side__note">{t.note(set.videos)}</p>
    </Panel>
  );
}
