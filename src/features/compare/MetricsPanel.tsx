/** Summary of PSNR, SSIM and VMAF over all measured pairs, with their definitions, and the report. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { meanAndMin } from '../../../core/stats/full-reference.ts';
import { count } from '../../../core/text/format.ts';
import { Button, TextButton } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { useLang, useMessages } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { ReportMenu } from './ReportMenu.tsx';
import { type MeasureState, summaryOf, vmafByPosition } from './state/measure.ts';
import { compare, measurer } from './state/session.ts';
import { chooseLog } from './useSideFiles.ts';
import './MetricsPanel.css';

export function MetricsPanel() {
  const t = useCompareMessages();
  const messages = useMessages();
  const state = useStore(measurer.store);
  const { vmaf, vmafError } = state;
  return (
    <Panel title={t.metrics.summary} note="" tools={<ReportMenu />}>
      <SummaryTable state={state} />
      <Definition state={state} />
      {vmafError && (
        <ErrorCard
          error={vmafError}
          actions={[{ label: messages.actions.close, onClick: measurer.dismissLogError }]}
        />
      )}
      <p className="compare-summary__log">
        {vmaf ? (
          <>
            <span>{t.metrics.log(vmaf.file)}</span>
            <Button look="quiet" onClick={measurer.closeLog}>
              {t.metrics.closeLog}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={chooseLog}>{t.metrics.openLog}</Button>
            <span>{t.metrics.logHelp}</span>
          </>
        )}
      </p>
    </Panel>
  );
}

interface SummaryRow {
  readonly name: string;
  readonly mean: string;
  readonly min: { readonly text: string; readonly position: number } | null;
}

function SummaryTable({ state }: { readonly state: MeasureState }) {
  const t = useCompareMessages();
  const timeline = useStore(compare.store, (now) => now.timeline);
  const rows = useSummaryRows(state);
  const { columns } = t.metrics;
  return (
    <table className="compare-summary">
      <thead>
        <tr>
          {([columns.metric, columns.mean, columns.min, columns.frame] as const).map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, mean, min }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{mean}</td>
            <td>{min?.text ?? '–'}</td>
            <td>
              {min && timeline ? (
                <TextButton
                  aria-label={t.metrics.goTo(timeline.b[min.position]! + 1)}
                  onClick={() => compare.clock.seek(min.position)}
                >
                  {count(timeline.b[min.position]! + 1)}
                </TextButton>
              ) : (
                '–'
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function useSummaryRows(state: MeasureState): SummaryRow[] {
  const t = useCompareMessages();
  return useMemo(() => {
    const summary = summaryOf(state);
    const db = (value: number | null | undefined) =>
      value === null || value === undefined
        ? '–'
        : Number.isFinite(value)
          ? t.metrics.db(value.toFixed(2))
          : t.metrics.identical;
    const worst = summary?.minPsnr;
    const rows: SummaryRow[] = [
      {
        name: t.metrics.rows.psnr,
        mean: db(summary?.meanPsnr ?? summary?.psnrOfMeanMse),
        min: worst && Number.isFinite(worst.value) ? { text: db(worst.value), position: worst.index } : null,
      },
      { name: t.metrics.rows.psnrOfMeanMse, mean: db(summary?.psnrOfMeanMse), min: null },
      {
        name: t.metrics.rows.ssim,
        mean: summary?.meanSsim?.toFixed(4) ?? '–',
        min: summary?.minSsim
          ? { text: summary.minSsim.value.toFixed(4), position: summary.minSsim.index }
          : null,
      },
    ];
    const vmaf = vmafByPosition(state);
    if (vmaf) {
      const { mean, min } = meanAndMin(vmaf);
      rows.push({
        name: t.metrics.rows.vmaf,
        mean: mean?.toFixed(2) ?? '–',
        min: min && { text: min.value.toFixed(2), position: min.index },
      });
    }
    return rows;
  }, [state, t]);
}

/** The samples compared, the definition of SSIM, and all that a reader of the numbers must know. */
function Definition({ state }: { readonly state: MeasureState }) {
  const t = useCompareMessages();
  const { a, b } = useStore(compare.store);
  const { luma, pairs, fromRgb, vmaf, done } = state;
  const summary = summaryOf(state);
  const size = luma && `${luma.width} × ${luma.height}`;
  const missing = summary ? done - summary.pairs : 0;
  const space = useLang() === 'en' ? ' ' : '';
  const notices: string[] = [];
  if (luma?.resized && size) notices.push(t.metrics.resized(luma.resized.toUpperCase(), size));
  if (luma?.mixedMatrices) notices.push(t.metrics.matrices);
  if (fromRgb.length > 0) notices.push(t.metrics.fromRgb(fromRgb.join(', ').toUpperCase()));
  if (missing > 0) notices.push(t.metrics.missing(missing));
  if (vmaf && b && vmaf.frames.length !== b.video.facts.frames)
    notices.push(t.metrics.logLength(vmaf.frames.length, b.video.facts.frames));
  const unpaired = a && pairs ? state.mse.length - pairs.positions.length : 0;
  return (
    <>
      <p className="compare-summary__note">
        {[
          size && luma ? t.metrics.definition(size, luma.bitDepth) : t.metrics.before,
          ...(summary ? [t.metrics.count(summary.pairs, summary.identical)] : []),
          ...(unpaired > 0 ? [t.metrics.unpaired(unpaired)] : []),
        ].join(space)}
      </p>
      {notices.map((text) => (
        <Notice key={text}>{text}</Notice>
      ))}
    </>
  );
}
