/** Panel of SRCC and PLCC by data set. */
import { type BatchMetrics, LEAST_PAIRS } from '../../../core/stats/batch-metrics.ts';
import { correlation, count } from '../../../core/text/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import './CorrelationTable.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export function Datasets({ metrics }: { readonly metrics: BatchMetrics }) {
  const { metrics: t } = useBatchMessages();
  return (
    <Panel title={t.datasets}>
      <table className="batch-correlations">
        <thead>
          <tr>
            <td />
            <th scope="col">{t.videos}</th>
            <th scope="col">SRCC</th>
            <th scope="col">PLCC</th>
          </tr>
        </thead>
        <tbody>
          {metrics.datasets.map(({ dataset, metrics: ofSet, n }) => (
            <tr key={dataset}>
              <th scope="row">{dataset}</th>
              <td>{count(n)}</td>
              <td>{ofSet ? correlation(ofSet.srcc.value) : t.needs(LEAST_PAIRS)}</td>
              <td>{ofSet ? correlation(ofSet.plcc.value) : ''}</td>
            </tr>
          ))}
          {metrics.overall && (
            <tr className="batch-correlations__this">
              <th scope="row">{t.overall}</th>
              <td>{count(metrics.overall.n)}</td>
              <td>{correlation(metrics.overall.srcc)}</td>
              <td>{correlation(metrics.overall.plcc)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </Panel>
  );
}
