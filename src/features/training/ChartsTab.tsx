/** The charts of the open run, others laid beside them in grey; under them the answers of a step. */
import { type ReactNode, useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Run } from '../../../core/training/run.ts';
import { saveFile } from '../../page/save-file.ts';
import { Button } from '../../ui/Button.tsx';
import { ChartPanel } from './ChartPanel.tsx';
import type { TrainingMessages } from './messages/en.ts';
import { training } from './state/session.ts';
import type { RunData } from './state/state.ts';
import './ChartsTab.css';
import { type Axis, linesOf, spanOf } from './chart-lines.ts';
import { type AnyChart, chartId, chartsOf, isPlain } from './chart-specs.ts';
import { metricsCsv } from './chart-table.ts';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { plotView, showAll, zoomIn } from './plot-view.ts';
import { type RecipeFacts, useRecipeFacts } from './recipe-facts.ts';
import { useWideColumns } from './useWideColumns.ts';

export interface ChartSettings {
  /** Weight of the smoothing, 0 … 1. */
  readonly weight: number;
  readonly axis: Axis;
}

/** Even steps of the slider look even: what counts is over how many steps the mean reaches, 1 … 100. */
const weightOf = (percent: number): number => 1 - 100 ** (-percent / 100);
const percentOf = (weight: number): number => Math.round(-50 * Math.log10(1 - weight));

/** The controls at the right end of the tabs. */
export function ChartTools(props: {
  readonly settings: ChartSettings;
  readonly onChange: (settings: ChartSettings) => void;
}) {
  const { settings, onChange } = props;
  const t = useTrainingMessages();
  const zoomed = useStore(plotView, (view) => view.range !== null);
  const percent = percentOf(settings.weight);
  return (
    <div className="training-tools">
      <label className="training-tools__smooth">
        <span>{t.charts.smooth}</span>
        <input
          type="range"
          min={0}
          max={100}
          value={percent}
          aria-valuetext={t.charts.smoothValue(percent)}
          onChange={(event) => onChange({ ...settings, weight: weightOf(Number(event.target.value)) })}
        />
      </label>
      <label>
        <span className="ui-sr">{t.charts.x}</span>
        <select
          className="training-select"
          value={settings.axis}
          onChange={(event) => {
            // Places on one axis mean nothing on the other.
            plotView.setState({ x: null, range: null });
            onChange({ ...settings, axis: event.target.value as Axis });
          }}
        >
          <option value="step">{t.charts.byStep}</option>
          <option value="hours">{t.charts.byHours}</option>
        </select>
      </label>
      {zoomed ? (
        <Button onClick={showAll}>{t.charts.zoomOut}</Button>
      ) : (
        <>
          <span className="training-tools__hint">{t.charts.hint}</span>
          <span className="training-tools__touch">
            <Button onClick={() => zoomIn(spanOfRun())}>{t.charts.zoomIn}</Button>
          </span>
        </>
      )}
    </div>
  );
}

function spanOfRun(): [number, number] {
  const { selected, data } = training.store.getState();
  const steps = (selected === null ? null : data.get(selected)?.table.steps) ?? [];
  return spanOf([{ xs: steps } as unknown as Parameters<typeof spanOf>[0][number]]);
}

/** Name of a chart, and the note beside it. */
function chartText(
  chart: AnyChart,
  facts: RecipeFacts,
  t: TrainingMessages,
): { title: string; note: string } {
  if (isPlain(chart)) return { title: chart.metric, note: t.charts.notes.raw };
  const { notes } = t.charts;
  const note = {
    reward: notes.reward,
    parts:
      facts.videosPerStep !== null && facts.k !== null
        ? notes.partsOf(facts.videosPerStep, facts.k)
        : notes.parts,
    scores: notes.scores,
    preference: notes.preference,
    agreement: facts.evaluateEvery !== null ? notes.agreementOf(facts.evaluateEvery) : notes.agreement,
    kl: facts.maxKl !== null ? notes.klGuard(String(facts.maxKl)) : notes.kl,
    length: facts.maxTokens !== null ? t.charts.unit.limit(facts.maxTokens) : t.charts.unit.tokens,
    time: notes.time,
    entropy: notes.entropy,
    loss: notes.loss,
    gradient: notes.gradient,
    rate: notes.rate,
    clipped: notes.clipped,
    faults: notes.faults,
  }[chart.name];
  return { title: t.charts.names[chart.name], note };
}

export interface ChartsTabProps {
  readonly run: Run;
  readonly data: RunData | undefined;
  readonly settings: ChartSettings;
  /** Stands between the first charts and all others. */
  readonly children: ReactNode;
}

export function ChartsTab({ run, data, settings, children }: ChartsTabProps) {
  const t = useTrainingMessages();
  const facts = useRecipeFacts(run);
  const columns = useWideColumns();
  const { compared, runs, data: all } = useStore(training.store);
  const table = data?.table;
  const version = data?.version ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that is opened starts with all of it
  useEffect(() => plotView.setState({ x: null, range: null }), [run.id]);

  const beside = compared.flatMap((id) => {
    const other = all.get(id);
    const name = runs.find((one) => one.id === id)?.recipe;
    return other && name !== undefined ? [{ id, name, table: other.table, version: other.version }] : [];
  });
  const besideKey = beside.map(({ id, version: v }) => `${id}:${v}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: tables grow in place; their versions say when
  const charts = useMemo(() => {
    const objectives =
      facts.objectives.length > 0 ? facts.objectives : run.stage ? [run.stage.objective] : [];
    return chartsOf(objectives, table?.columns.keys() ?? []).map((chart) => ({
      chart,
      lines: table
        ? linesOf(chart, { name: run.recipe, table }, beside, settings.axis, settings.weight, t)
        : [],
    }));
  }, [table, version, besideKey, settings, t, facts, run.recipe, run.stage?.objective]);

  const panel = ({ chart, lines }: (typeof charts)[number]) => {
    const evaluation = !isPlain(chart) && chart.name === 'agreement';
    return (
      <ChartPanel
        key={chartId(chart)}
        id={chartId(chart)}
        {...chartText(chart, facts, t)}
        lines={lines}
        axis={settings.axis}
        limit={!isPlain(chart) && chart.name === 'kl' ? facts.maxKl : null}
        {...(!isPlain(chart) && chart.ceiling !== undefined ? { ceiling: chart.ceiling } : {})}
        beside={beside.map(({ name }) => name)}
        empty={evaluation ? t.charts.nothingEval : t.charts.nothing}
        runName={run.recipe}
      />
    );
  };
  // Two full rows come first: what is looked at all the time, and answers still in sight.
  const first = columns * 2;
  const [top, rest] = [charts.slice(0, first), charts.slice(first)];
  return (
    <>
      <div className="training-charts">{top.map(panel)}</div>
      {children}
      {rest.length > 0 && (
        <section className="training-more" aria-labelledby="training-more">
          <header className="training-more__head">
            <h2 id="training-more">{t.charts.more}</h2>
            <span>{t.charts.moreNote(rest.length)}</span>
            {table && table.steps.length > 0 && (
              <Button
                look="quiet"
                icon="download"
                onClick={() => saveFile(`${run.id}-metrics.csv`, metricsCsv(table), 'text/csv')}
              >
                {t.charts.csv}
              </Button>
            )}
          </header>
          <div className="training-charts">{rest.map(panel)}</div>
        </section>
      )}
    </>
  );
}
