/** Panels beside the table: scatter or histogram, agreement metrics, data sets, published values. */

import type { BatchRow } from '../../../core/files/batch.ts';
import type { BatchMetrics, MetricEstimate, Pair, PairMetrics } from '../../../core/stats/batch-metrics.ts';
import { isPair, LEAST_PAIRS } from '../../../core/stats/batch-metrics.ts';
import { type PublishedSet, publishedFor, publishedSource } from '../../../core/stats/published.ts';
import { correlation, count } from '../../../core/text/format.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Scatter } from './Scatter.tsx';
import { histogram } from './scatter-geometry.ts';
import type { BatchState } from './state/store.ts';
import './SidePanels.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export interface SideProps {
  readonly state: BatchState;
  readonly metrics: BatchMetrics | null;
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
}

export function SidePanels({ state, metrics, selected, onSelect }: SideProps) {
  const t = useBatchMessages();
  const { rows, model } = state;
  const pairs: readonly Pair[] = rows.filter(isPair);
  const hasMos = rows.some(({ mos }) => mos !== undefined);
  const published = publishedOf(state);
  return (
    <div className="batch-side">
      {hasMos ? (
        <Panel title={t.scatter.title} note={t.videos(pairs.length)}>
          <Scatter
            pairs={pairs}
            metrics={metrics?.all ?? null}
            range={model?.range ?? [1, 5]}
            selected={selected}
            onSelect={onSelect}
          />
        </Panel>
      ) : (
        <Histogram rows={rows} />
      )}
      {hasMos && <AgreementMetrics metrics={metrics?.all ?? null} all={metrics} model={model} />}
      {metrics && metrics.datasets.length > 1 && <Datasets metrics={metrics} />}
      {published && metrics?.all && <Paper set={published} metrics={metrics.all} />}
    </div>
  );
}

/** Published data set of this batch, by its name or the name of its only table. */
function publishedOf({ name, check, rows }: BatchState): PublishedSet | null {
  const sets = new Set(rows.map(({ dataset }) => dataset));
  const only = sets.size === 1 ? [...sets][0] : undefined;
  for (const one of [only, name, ...(check?.tables ?? [])]) {
    const set = one === undefined ? null : publishedFor(one);
    if (set) return set;
  }
  return null;
}

function AgreementMetrics({
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
        <span className="batch-metrics__value">
          {metric
            ? name === 'rmse'
              ? metric.value.toFixed(2)
              : correlation(metric.value)
            : t.needs(LEAST_PAIRS)}
        </span>
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

function Datasets({ metrics }: { readonly metrics: BatchMetrics }) {
  const { metrics: t } = useBatchMessages();
  return (
    <Panel title={t.datasets}>
      <table className="batch-paper">
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
            <tr className="batch-paper__this">
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

function Paper({ set, metrics }: { readonly set: PublishedSet; readonly metrics: PairMetrics }) {
  const { paper: t } = useBatchMessages();
  const values = [
    ...set.methods.flatMap(({ srcc, plcc }) => [srcc, plcc]),
    metrics.srcc.value,
    metrics.plcc.value,
  ];
  const low = Math.floor(Math.min(...values.filter(Number.isFinite)) * 20) / 20;
  const share = (value: number) => Math.max(0, Math.min(1, (value - low) / (1 - low)));
  const row = (name: string, srcc: number, plcc: number, thisRun: boolean) => (
    <tr key={name} className={thisRun ? 'batch-paper__this' : ''}>
      <th scope="row">{name}</th>
      <td>{correlation(srcc)}</td>
      <td>{correlation(plcc)}</td>
      <td className="batch-paper__dots" aria-hidden="true">
        <span className="batch-paper__line">
          {thisRun && metrics.srcc.interval && (
            <span
              className="batch-paper__whisker"
              style={cssVariables({
                '--from': share(metrics.srcc.interval.low),
                '--to': share(metrics.srcc.interval.high),
              })}
            />
          )}
          <span className="batch-paper__srcc" style={cssVariables({ '--at': share(srcc) })} />
          <span className="batch-paper__plcc" style={cssVariables({ '--at': share(plcc) })} />
        </span>
      </td>
    </tr>
  );
  return (
    <Panel title={t.title} note={`${publishedSource}, ${set.name}`}>
      <table className="batch-paper">
        <thead>
          <tr>
            <th scope="col">{t.method}</th>
            <th scope="col">SRCC</th>
            <th scope="col">PLCC</th>
            <td className="batch-paper__dots">
              {correlation(low, 2)} – 1 <i className="batch-paper__srcc" /> SRCC{' '}
              <i className="batch-paper__plcc" /> PLCC
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

const BINS = 40;

function Histogram({ rows }: { readonly rows: readonly BatchRow[] }) {
  const { histogram: t } = useBatchMessages();
  const scores = rows.flatMap(({ score }) => (score === null ? [] : [score]));
  const bins = histogram(scores, [1, 5], BINS);
  const most = Math.max(1, ...bins);
  const mean = scores.reduce((sum, score) => sum + score, 0) / (scores.length || 1);
  return (
    <Panel title={t.title}>
      <figure className="batch-histogram">
        <svg viewBox="0 0 440 120" aria-hidden="true">
          {bins.map((n, i) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: the index is the bin
              key={i}
              x={i * 11 + 1}
              width={9}
              y={96 - (n / most) * 90}
              height={(n / most) * 90}
            />
          ))}
          <line x1="0" x2="440" y1="96.5" y2="96.5" />
          {[1, 2, 3, 4, 5].map((value) => (
            <text key={value} x={Math.min(434, Math.max(4, (value - 1) * 110))} y="113" textAnchor="middle">
              {value}
            </text>
          ))}
        </svg>
        <figcaption>{scores.length > 0 ? t.caption(scores.length, mean.toFixed(2)) : ' '}</figcaption>
      </figure>
    </Panel>
  );
}
