/** One chart: title with the readout in it, the plot, its cursor as a slider, and its numbers as table or file. */
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { saveFile } from '../../page/save-file.ts';
import { IconButton } from '../../ui/Button.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { ChartTableDialog } from './ChartTableDialog.tsx';
import { nearest, readable } from './chart-data.ts';
import { type Axis, type Line, readingsAt, spanOf } from './chart-lines.ts';
import { chartSvg, svgToPng } from './chart-svg.ts';
import './ChartPanel.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { createPlot, type Plot } from './plot.ts';
import { plotView, showAll, zoomIn } from './plot-view.ts';

export interface ChartPanelProps {
  readonly id: string;
  readonly title: string;
  /** Note beside the title without a cursor: the unit and the limit. */
  readonly note: string;
  readonly lines: readonly Line[];
  readonly axis: Axis;
  readonly limit: number | null;
  readonly ceiling?: number;
  /** Names of the runs in grey. */
  readonly beside: readonly string[];
  /** Text of an empty chart. */
  readonly empty: string;
  readonly runName: string;
}

export function ChartPanel(props: ChartPanelProps) {
  const { id, title, note, lines, axis, limit, ceiling, beside, empty, runName } = props;
  const t = useTrainingMessages();
  const [table, setTable] = useState(false);
  const { x, range } = useStore(plotView);
  const primary = useMemo(() => lines.filter((line) => line.primary), [lines]);
  const nothing = primary.length === 0;
  const readout = x === null || nothing ? null : readoutOf(primary, x, axis, t);
  const chartImage = () =>
    chartSvg({
      title,
      note: `${runName} · ${note}`,
      xTitle: axis === 'step' ? t.charts.step : t.charts.hours,
      lines,
      range,
      ...(ceiling === undefined ? {} : { ceiling }),
    });
  const file = `${runName}-${id.replace(/[^\w-]+/g, '-')}`;
  return (
    <figure className="training-chart" aria-labelledby={`${id}-title`}>
      <header className="training-chart__head">
        <h3 id={`${id}-title`} className="training-chart__title">
          {title}
        </h3>
        <p className="training-chart__readout">{readout ?? note}</p>
        <Menu
          label={t.charts.menu(title)}
          items={[
            { id: 'table', label: t.charts.table, disabled: nothing, onSelect: () => setTable(true) },
            {
              id: 'svg',
              label: t.charts.svg,
              disabled: nothing,
              onSelect: () => saveFile(`${file}.svg`, chartImage(), 'image/svg+xml'),
            },
            {
              id: 'png',
              label: t.charts.png,
              disabled: nothing,
              onSelect: () => void svgToPng(chartImage()).then((blob) => saveFile(`${file}.png`, blob)),
            },
          ]}
          button={(button) => <IconButton {...button} icon="menu" label={t.charts.menu(title)} />}
        />
      </header>
      <div className="training-chart__plot">
        {nothing ? (
          <p className="training-chart__empty">{empty}</p>
        ) : (
          <>
            <PlotCanvas lines={lines} limit={limit} {...(ceiling === undefined ? {} : { ceiling })} />
            <CursorSlider title={title} lines={primary} axis={axis} readout={readout} />
          </>
        )}
      </div>
      <figcaption className="ui-sr">
        {captionOf(primary, t)} {beside.length > 0 && t.charts.compared(beside)}
      </figcaption>
      {table && <ChartTableDialog title={title} lines={lines} onClose={() => setTable(false)} />}
    </figure>
  );
}

type Messages = ReturnType<typeof useTrainingMessages>;

function readoutOf(lines: readonly Line[], x: number, axis: Axis, t: Messages): string {
  const readings = readingsAt(lines, x);
  const [first] = readings;
  const line = lines[0];
  if (!first || !line) return t.charts.none;
  const at =
    axis === 'step' ? String(first.step) : t.charts.atHours((line.xs[nearest(line.xs, x)] ?? x).toFixed(2));
  const single = lines.length === 1;
  const parts = readings.map(({ name, value }) => {
    const text = value === null ? t.charts.none : readable(value);
    return single ? text : t.charts.value(name, text);
  });
  return t.charts.at(at, parts);
}

/** The result in words: where each line began and where it is. */
function captionOf(lines: readonly Line[], t: Messages): string {
  const parts = lines.flatMap((line) => {
    const first = line.ys.findIndex((value) => typeof value === 'number');
    const last = line.ys.findLastIndex((value) => typeof value === 'number');
    const [from, to] = [line.ys[first], line.ys[last]];
    if (typeof from !== 'number' || typeof to !== 'number') return [];
    return [t.charts.caption(line.name, readable(from), readable(to), line.steps[first]!, line.steps[last]!)];
  });
  return parts.length > 0 ? parts.join(' ') : t.charts.captionEmpty;
}

function PlotCanvas(props: { lines: readonly Line[]; limit: number | null; ceiling?: number }) {
  const { lines, limit, ceiling } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(lines);
  useEffect(() => {
    latest.current = lines;
  });

  const [seen, setSeen] = useState(false);
  // A page of charts far below is drawn when it comes near.
  useEffect(() => {
    if (!host.current || seen) return;
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: '300px' },
    );
    near.observe(host.current);
    return () => near.disconnect();
  }, [seen]);

  useEffect(() => {
    if (!host.current || !seen) return;
    const made = createPlot(host.current, {
      onPoint: (x) => {
        const xs = latest.current.find((line) => line.primary)?.xs ?? [];
        const snapped = x === null ? null : (xs[nearest(xs, x)] ?? null);
        if (plotView.getState().x !== snapped) plotView.setState({ x: snapped });
      },
      onSelect: (range) => plotView.setState({ range }),
      onReset: showAll,
    });
    plot.current = made;
    const unfollow = plotView.subscribe((view, before) => {
      if (view.x !== before.x) made.setCursor(view.x);
    });
    const theme = new MutationObserver(() => made.recolour());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'lang'] });
    return () => {
      unfollow();
      theme.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [seen]);

  const { range } = useStore(plotView);
  useEffect(() => {
    if (seen) plot.current?.show({ lines, limit, ...(ceiling === undefined ? {} : { ceiling }) }, range);
  }, [lines, limit, ceiling, range, seen]);

  return <div ref={host} className="training-chart__canvas" aria-hidden="true" />;
}

/** The cursor by key: arrows go from record to record, plus and minus zoom. */
function CursorSlider(props: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly axis: Axis;
  readonly readout: string | null;
}) {
  const { title, lines, axis, readout } = props;
  const t = useTrainingMessages();
  const x = useStore(plotView, (view) => view.x);
  const xs = lines[0]?.xs ?? [];
  const at = x === null ? xs.length - 1 : nearest(xs, x);
  const go = (to: number) => {
    const { range } = plotView.getState();
    const [low, high] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const next = xs[Math.min(xs.length - 1, Math.max(0, to))];
    if (next !== undefined) plotView.setState({ x: Math.min(Math.max(next, low), high) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const far = event.shiftKey ? 10 : 1;
    const to = {
      ArrowLeft: at - far,
      ArrowDown: at - far,
      ArrowRight: at + far,
      ArrowUp: at + far,
      PageDown: at - 25,
      PageUp: at + 25,
      Home: 0,
      End: xs.length - 1,
    }[event.key];
    if (to !== undefined) go(to);
    else if (event.key === '+' || event.key === '=') zoomIn(spanOf(lines));
    else if (event.key === '-' || event.key === '0') showAll();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="training-chart__cursor"
      role="slider"
      tabIndex={0}
      aria-label={t.charts.cursor(title)}
      aria-valuemin={xs[0] ?? 0}
      aria-valuemax={xs.at(-1) ?? 0}
      aria-valuenow={xs[at] ?? 0}
      aria-valuetext={readout ?? readoutOf(lines, xs[at] ?? 0, axis, t)}
      onKeyDown={onKeyDown}
      onFocus={() => x === null && go(at)}
      onBlur={() => plotView.setState({ x: null })}
    />
  );
}
