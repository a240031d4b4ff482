/** Plot of the perturbation: source frame against timeline position, on the axis of the filmstrips. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { count, percent, signed } from '../../../core/text/format.ts';
import { saveFile } from '../../page/save-file.ts';
import { IconButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { TableBox } from '../../ui/TableBox.tsx';
import { PlotNumbers, PositionCursor } from './PositionCursor.tsx';
import { compare } from './state/session.ts';
import { orderFacts } from './state/timeline.ts';
import './OrderPlot.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import {
  along,
  axisTicks,
  type OrderPoint,
  orderPaths,
  orderSvg,
  type PlottedOrder,
  plottedOrder,
  shownOrder,
} from './order-plot.ts';

const HEIGHT = 210;
/** Most points that are drawn as marks with a line between them. */
const DENSE = 64;
/** Most rows of the table, and most missing frames that are listed. */
const WRITTEN = 200;
const WIDTH = 1000;
/** Side of a dot in pixels, smaller for more points. */
const dotSize = (points: number): number => (points <= 300 ? 3.5 : points <= 1000 ? 2.5 : 1.75);

export function OrderPlot() {
  const t = useCompareMessages();
  const { a, b, perturbation, timeline, sampled, settings } = useStore(compare.store);
  const positions = timeline?.positions ?? 0;
  const sources = settings.over === 'video' ? (a?.video.times.length ?? 0) : sampled.length;
  const order = useMemo(
    () => (timeline && !b ? shownOrder(perturbation, sampled, positions, settings.offset) : []),
    [timeline, b, perturbation, sampled, positions, settings.offset],
  );
  const plot = useMemo(() => plottedOrder(order, sources), [order, sources]);
  if (!timeline || b || positions === 0 || !a) return null;
  const facts = orderFacts(order, sources);
  const sentence = t.plot.facts(
    facts.displaced,
    positions,
    facts.repeated,
    facts.missing,
    facts.meanJump.toFixed(1),
  );
  const save = () =>
    saveFile(
      t.plotName(a.file.name),
      new Blob([orderSvg(plot, `${t.plot.title}: ${a.file.name}, ${t.plot.axes}`, [sentence])], {
        type: 'image/svg+xml',
      }),
    );
  return (
    <figure className="compare-plot">
      <figcaption className="compare-plot__caption">
        <h2 className="compare-plot__title">{t.plot.title}</h2>
        <span>{t.plot.axes}</span>
        <span className="compare-plot__facts">{sentence}</span>
        <IconButton icon="download" label={t.plot.export} onClick={save} />
      </figcaption>
      <div className="compare-plot__body">
        <Axis sources={sources} missing={plot.missing} />
        <div className="compare-plot__field">
          <Drawing plot={plot} />
          <Cursor plot={plot} />
        </div>
      </div>
      <PlotNumbers positions={positions} />
      <details className="compare-plot__details">
        <summary>{t.plot.table}</summary>
        <Table plot={plot} />
      </details>
    </figure>
  );
}

function Axis({ sources, missing }: { readonly sources: number; readonly missing: readonly number[] }) {
  const y = (source: number) => (1 - along(source, sources)) * HEIGHT;
  return (
    <svg className="compare-plot__axis" height={HEIGHT} width="100%" aria-hidden="true" focusable="false">
      <svg x="100%" overflow="visible" aria-hidden="true">
        {axisTicks(sources, 6).map((n) => (
          <text key={n} x={-12} y={y(n - 1)} dy="0.32em" textAnchor="end">
            {count(n)}
          </text>
        ))}
        <path
          className="compare-plot__missing"
          d={missing.map((source) => `M-8 ${y(source).toFixed(2)}h6`).join('')}
        />
      </svg>
    </svg>
  );
}

function Drawing({ plot }: { readonly plot: PlottedOrder }) {
  const paths = useMemo(() => orderPaths(plot, WIDTH, HEIGHT), [plot]);
  const { points, sources } = plot;
  const dense = points.length > DENSE;
  const level = (source: number) => (1 - along(source, sources)) * HEIGHT;
  const last = points.findLast(({ source }) => source !== null);
  // Letters stand beside the last mark; without room for that, over the end of the lines.
  const name = dense
    ? ({ x: '100%', dx: -2, dy: '-0.5em', textAnchor: 'end' } as const)
    : ({ x: percent(along(points.length - 1, points.length)), dx: 12, dy: '0.32em' } as const);
  return (
    <svg className="compare-plot__drawing" height={HEIGHT} width="100%" aria-hidden="true" focusable="false">
      {axisTicks(sources, 6).map((n) => (
        <line key={n} className="compare-plot__grid" x1="0" x2="100%" y1={level(n - 1)} y2={level(n - 1)} />
      ))}
      <svg
        width="100%"
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        overflow="visible"
        aria-hidden="true"
      >
        <path
          className="compare-plot__a"
          d={`M${along(0, points.length) * WIDTH} ${level(0)}L${along(points.length - 1, points.length) * WIDTH} ${level(sources - 1)}`}
        />
        {!dense && <path className="compare-plot__b" d={paths.line} />}
        {dense && (
          <g style={cssVariables({ '--dot': dotSize(points.length) })}>
            <path className="compare-plot__dots" d={paths.unmoved + paths.displaced} />
            <path className="compare-plot__dots compare-plot__dots--repeated" d={paths.repeated} />
          </g>
        )}
      </svg>
      {!dense &&
        points.map(
          (point) => point.source !== null && <Mark key={point.position} point={point} plot={plot} />,
        )}
      <text className="compare-plot__name" {...name} y={level(sources - 1)}>
        A
      </text>
      {last && (
        <text
          className="compare-plot__name compare-plot__name--b"
          {...name}
          // Clear of the letter A.
          y={Math.max(level(last.source ?? 0), level(sources - 1) + 14)}
        >
          B
        </text>
      )}
    </svg>
  );
}

/** Mark of a frame: filled when displaced, hollow when not, with a second outline when repeated. */
function Mark({ point, plot }: { readonly point: OrderPoint; readonly plot: PlottedOrder }) {
  const x = percent(along(point.position, plot.points.length));
  const y = (1 - along(point.source ?? 0, plot.sources)) * HEIGHT;
  return (
    <svg x={x} y={y} overflow="visible" aria-hidden="true">
      {point.repeated && <rect className="compare-plot__again" x="-7" y="-7" width="14" height="14" />}
      <rect
        className={point.displaced ? 'compare-plot__displaced' : 'compare-plot__unmoved'}
        x="-4"
        y="-4"
        width="8"
        height="8"
      />
    </svg>
  );
}

/** Scrubber over the plot: the current position and the source frame there. */
function Cursor({ plot }: { readonly plot: PlottedOrder }) {
  const t = useCompareMessages();
  const position = useStore(compare.clock.store, (state) => state.position);
  const positions = plot.points.length;
  const point = plot.points[position];
  if (!point) return null;
  const { source } = point;
  const readout =
    source === null
      ? t.plot.readoutZeros(position + 1)
      : t.plot.readout(position + 1, source + 1, source - position);
  const level = source === null ? 0.5 : 1 - along(source, plot.sources);
  return <PositionCursor position={position} positions={positions} readout={readout} level={level} />;
}

function Table({ plot }: { readonly plot: PlottedOrder }) {
  const t = useCompareMessages();
  const { points, missing } = plot;
  const rest = points.length - WRITTEN;
  const note = ({ repeated, source }: OrderPoint) =>
    source === null ? t.plot.zeros : repeated ? t.plot.repeated : '';
  const gone = missing.slice(0, WRITTEN).map((source) => count(source + 1));
  if (missing.length > WRITTEN) gone.push(t.plot.more(missing.length - WRITTEN));
  return (
    <TableBox className="compare-plot__table" name={t.plot.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.plot.position}</th>
            <th scope="col">{t.plot.source}</th>
            <th scope="col">{t.plot.move}</th>
            <th scope="col">{t.plot.note}</th>
          </tr>
        </thead>
        <tbody>
          {points.slice(0, WRITTEN).map((point) => (
            <tr key={point.position}>
              <td>{count(point.position + 1)}</td>
              <td>{point.source === null ? '–' : count(point.source + 1)}</td>
              <td>{point.source === null ? '–' : signed(point.source - point.position, 0)}</td>
              <td>{note(point)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p>{t.plot.more(rest)}</p>}
      {gone.length > 0 && <p>{t.plot.missing(gone.join(', '))}</p>}
    </TableBox>
  );
}
