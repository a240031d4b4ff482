/** Panel of the agreement with people: SRCC, PLCC, KRCC and RMSE with their intervals. */
import type { BatchMetrics, MetricEstimate, PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { LEAST_PAIRS } from '../../../core/stats/batch-metrics.ts';
import { correlation } from '../../../core/text/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import './AgreementMetrics.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import type { BatchState } from './state/store.ts';

export function AgreementMetrics({
  metrics,
  all,
  model,
}: {
  readonly metrics: PairMetrics | null;
  readonly all: BatchMetrics | null;
  readonly model: BatchState['model'];
}) {
  const { metrics: t } = useBatchMessages();
  const one = (name: keyof typeof t.names, metric: MetricEstimate | null | undefined) => (
    <div key={name}>
      <dt>{t.names[name]}</dt>
      <dd>
        {metric ? (
          <span className="batch-metrics__value">
            {name === 'rmse' ? metric.value.toFixed(2) : correlation(metric.value)}
          </span>
        ) : (
          <span className="batch-metrics__needs">{metrics ? t.noFit : t.needs(LEAST_PAIRS)}</span>
        )}
        <span className="batch-metrics__interval">
          {metric?.interval &&
            t.interval(
              name === 'rmse' ? metric.interval.low.toFixed(2) : correlation(metric.interval.low),
              name === 'rmse' ? metric.interval.high.toFixed(2) : correlation(metric.interval.high),
            )}
          {name === 'rmse' && metric ? ` ${t.rmseUnit}` : ''}
        </span>
      </dd>
    </div>
  );
  const without = all ? t.without(all.unreadable, all.failed) : '';
  return (
    <Panel title={t.title} note={metrics ? t.restOn(metrics.n) : undefined}>
      <dl className="batch-metrics">
        {one('srcc', metrics?.srcc)}
        {one('plcc', metrics?.plcc)}
        {one('krcc', metrics?.krcc)}
        {one('rmse', metrics?.rmse)}
      </dl>
      <p className="batch-side__note">
        {[
          metrics?.plccFitted == null ? '' : t.afterFit(correlation(metrics.plccFitted)),
          without === '' ? '' : `${without}.`,
          model ? `${t.settings(model.name, model.manifestSha256.slice(0, 12))}.` : '',
        ]
          .filter(Boolean)
          .join(' ')}
      </p>
    </Panel>
  );
}
