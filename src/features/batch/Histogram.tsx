/** Panel of the scores as a histogram, for a batch without MOS. */
import type { BatchRow } from '../../../core/files/batch.ts';
import { Panel } from '../../ui/Panel.tsx';
import './Histogram.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { histogram } from './scatter-geometry.ts';

const BINS = 40;

export function Histogram({ rows }: { readonly rows: readonly BatchRow[] }) {
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
