/** Plot of PSNR, SSIM or VMAF of two videos, frame by frame, on the axis of the filmstrips; and their measurement. */
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { count } from '../../../core/text/format.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { SpokenResult } from '../../ui/LiveRegion.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { TableBox } from '../../ui/TableBox.tsx';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import {
  levelOf,
  METRICS,
  type MetricAxis,
  type MetricName,
  metricAxis,
  metricPath,
  metricText,
  metricValues,
} from './metric-plot.ts';
import { PlotNumbers, PositionCursor } from './PositionCursor.tsx';
import { compare, measurer } from './state/session.ts';
import './OrderPlot.css';
import './MetricPlot.css';

const WIDTH = 1000;
const HEIGHT = 116;
/** Most rows of the table. */
const WRITTEN = 200;

export function MetricPlot() {
  const t = useCompareMessages();
  const messages = useMessages();
  const state = useStore(measurer.store);
  const [wanted, setWanted] = useState<MetricName>('psnr');
  const name = wanted === 'vmaf' && !state.vmaf ? 'psnr' : wanted;
  const values = useMemo(() => metricValues(name, state), [name, state]);
  const axis = useMemo(() => metricAxis(name, values), [name, values]);
  const positions = state.mse.length;
  const options = METRICS.filter((metric) => metric !== 'vmaf' || state.vmaf !== null);
  const any = state.done > 0 || name === 'vmaf';
  return (
    <figure className="compare-plot compare-metrics">
      <figcaption className="compare-plot__caption">
        <h2 className="compare-plot__title">{t.metrics.title}</h2>
        <Segmented
          label={t.metrics.label}
          value={name}
          options={options.map((value) => ({ value, label: t.metrics.names[value] }))}
          onChange={setWanted}
        />
        <Progress />
      </figcaption>
      <div className="compare-plot__body">
        <Axis axis={axis} blank={!any} />
        <div className="compare-plot__field">
          <Drawing values={values} axis={any ? axis : { ...axis, ticks: [] }} />
          {any && <Cursor name={name} values={values} axis={axis} />}
          {!any && state.phase !== 'running' && <Invitation />}
        </div>
      </div>
      <PlotNumbers positions={positions} />
      {state.error && (
        <ErrorCard
          error={state.error}
          actions={[{ label: messages.actions.tryAgain, onClick: () => void measurer.run() }]}
        />
      )}
      {any && (
        <details className="compare-plot__details">
          <summary>{t.plot.table}</summary>
          <Table />
        </details>
      )}
    </figure>
  );
}

/** The button of the measurement, in the place of the curve. */
function Invitation() {
  const t = useCompareMessages();
  const { pairs } = useStore(measurer.store);
  const all = pairs?.positions.length ?? 0;
  return (
    <div className="compare-metrics__invitation">
      {all > 0 && (
        <Button icon="play" onClick={() => void measurer.run()}>
          {t.metrics.measure}
        </Button>
      )}
      <p>{all > 0 ? t.metrics.invitation(all) : t.metrics.noPairs}</p>
    </div>
  );
}

/** Progress with its stop, or what was stopped, in the line of the title. */
function Progress() {
  const t = useCompareMessages();
  const messages = useMessages();
  const { phase, done, pairs } = useStore(measurer.store);
  const all = pairs?.positions.length ?? 0;
  return (
    <span className="compare-metrics__progress">
      {phase === 'running' && (
        <>
          <span>{t.metrics.progress(done, all)}</span>
          <progress
            className="compare-progress__bar"
            value={done}
            max={all}
            aria-label={messages.progress.label}
          />
          <Button look="quiet" onClick={measurer.stop}>
            {messages.actions.stop}
          </Button>
        </>
      )}
      {phase === 'stopped' && done > 0 && (
        <>
          <span>{t.metrics.stopped(done, all)}</span>
          <Button look="quiet" onClick={() => void measurer.run()}>
            {t.metrics.again}
          </Button>
        </>
      )}
      <SpokenResult text={phase === 'done' ? t.metrics.spoken(done) : ''} />
    </span>
  );
}

function Axis({ axis, blank }: { readonly axis: MetricAxis; readonly blank: boolean }) {
  return (
    <svg className="compare-plot__axis" height={HEIGHT} width="100%" aria-hidden="true" focusable="false">
      <svg x="100%" overflow="visible" aria-hidden="true">
        {!blank &&
          axis.ticks.map((tick) => (
            <text key={tick} x={-8} y={(1 - levelOf(tick, axis)) * HEIGHT} dy="0.32em" textAnchor="end">
              {tick.toFixed(axis.decimals)}
            </text>
          ))}
      </svg>
    </svg>
  );
}

function Drawing({ values, axis }: { readonly values: Float64Array; readonly axis: MetricAxis }) {
  const path = useMemo(() => metricPath(values, axis, WIDTH, HEIGHT), [values, axis]);
  return (
    <svg className="compare-plot__drawing" height={HEIGHT} width="100%" aria-hidden="true" focusable="false">
      {axis.ticks.map((tick) => {
        const y = (1 - levelOf(tick, axis)) * HEIGHT;
        return <line key={tick} className="compare-plot__grid" x1="0" x2="100%" y1={y} y2={y} />;
      })}
      <svg
        width="100%"
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        overflow="visible"
        aria-hidden="true"
      >
        <path className="compare-metrics__curve" d={path} />
      </svg>
    </svg>
  );
}

interface CursorProps {
  readonly name: MetricName;
  readonly values: Float64Array;
  readonly axis: MetricAxis;
}

function Cursor({ name, values, axis }: CursorProps) {
  const t = useCompareMessages();
  const position = useStore(compare.clock.store, (state) => state.position);
  const timeline = useStore(compare.store, (state) => state.timeline);
  const positions = values.length;
  if (!timeline || positions === 0) return null;
  const value = values[position] ?? Number.NaN;
  const frames = t.metrics.frames(timeline.a[position]! + 1, timeline.b[position]! + 1);
  const readout = `${frames}: ${valueText(name, value, t.metrics)}`;
  const level = Number.isNaN(value) ? 0.5 : 1 - levelOf(value, axis);
  return <PositionCursor position={position} positions={positions} readout={readout} level={level} />;
}

/** A value with its unit; a word for identical frames and for a missing value. */
export function valueText(
  name: MetricName,
  value: number,
  texts: { readonly identical: string; readonly none: string; readonly db: (value: string) => string },
): string {
  if (Number.isNaN(value)) return texts.none;
  if (!Number.isFinite(value)) return texts.identical;
  return name === 'psnr' ? texts.db(metricText(name, value)) : metricText(name, value);
}

function Table() {
  const t = useCompareMessages();
  const state = useStore(measurer.store);
  const columns = METRICS.filter((metric) => metric !== 'vmaf' || state.vmaf !== null);
  const { pairs } = state;
  if (!pairs) return null;
  const values = columns.map((name) => metricValues(name, state));
  const rest = pairs.positions.length - WRITTEN;
  return (
    <TableBox className="compare-plot__table" name={t.metrics.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.metrics.frameOf('A')}</th>
            <th scope="col">{t.metrics.frameOf('B')}</th>
            {columns.map((name) => (
              <th key={name} scope="col">
                {t.metrics.names[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from(pairs.positions.subarray(0, WRITTEN), (position, k) => (
            <tr key={position}>
              <td>{count(pairs.a[k]! + 1)}</td>
              <td>{count(pairs.b[k]! + 1)}</td>
              {columns.map((name, column) => (
                <td key={name}>{valueText(name, values[column]?.[position] ?? Number.NaN, t.metrics)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p>{t.metrics.more(rest)}</p>}
    </TableBox>
  );
}
