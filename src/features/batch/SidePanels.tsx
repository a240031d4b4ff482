/** Panels beside the table: scatter or histogram, agreement metrics, data sets, published values. */

import type { BatchMetrics, Pair } from '../../../core/stats/batch-metrics.ts';
import { isPair } from '../../../core/stats/batch-metrics.ts';
import { type PublishedSet, publishedFor, publishedNames } from '../../../core/stats/published.ts';
import { Panel } from '../../ui/Panel.tsx';
import { AgreementMetrics } from './AgreementMetrics.tsx';
import { CalibrationPanel } from './CalibrationPanel.tsx';
import { Datasets } from './Datasets.tsx';
import { Histogram } from './Histogram.tsx';
import { PublishedValues } from './PublishedValues.tsx';
import { Scatter } from './Scatter.tsx';
import { opinionRange } from './scatter-geometry.ts';
import type { BatchState } from './state/store.ts';
import './SidePanels.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import type { BatchCalibration } from './useCalibration.ts';

export interface SideProps {
  readonly state: BatchState;
  readonly metrics: BatchMetrics | null;
  readonly calibration: BatchCalibration;
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
}

export function SidePanels({ state, metrics, calibration, selected, onSelect }: SideProps) {
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
            opinions={opinionRange(rows)}
            selected={selected}
            onSelect={onSelect}
          />
        </Panel>
      ) : (
        <Histogram rows={rows} />
      )}
      {hasMos && <AgreementMetrics metrics={metrics?.all ?? null} all={metrics} model={model} />}
      {hasMos && model && <CalibrationPanel state={state} calibration={calibration} />}
      {metrics && metrics.datasets.length > 1 && <Datasets metrics={metrics} />}
      {published && metrics?.all && <PublishedValues set={published} metrics={metrics.all} />}
      {metrics?.all && !published && <p className="batch-side__hint">{t.paper.names(publishedNames())}</p>}
    </div>
  );
}

/** Published data set of this batch, by its name or the name of its only table. */
function publishedOf({ name, check, rows }: BatchState): PublishedSet | null {
  const sets = new Set(rows.map(({ dataset }) => dataset));
  const only = sets.size === 1 ? [...sets][0] : undefined;
  for (const one of [only, name, ...(check?.tables.map((table) => table.name) ?? [])]) {
    const set = one === undefined ? null : publishedFor(one);
    if (set) return set;
  }
  return null;
}
