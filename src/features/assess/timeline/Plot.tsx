/** Step plot of the scores over the filmstrip's axis, and a slider that moves from segment to segment. */

import { useId, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Segment } from '../../../../core/sampling/timeline-segments.ts';
import { percent } from '../../../../core/text/format.ts';
import { cssVariables } from '../../../ui/css-variables.ts';
import { PlotCursor, PlotLine } from '../../../ui/PlotCursor.tsx';
import { axisPosition, frameUnder } from '../filmstrip-geometry.ts';
import type { Clock } from './clock.ts';
import { useTimelineMessages } from './messages/useTimelineMessages.ts';
import { type Step, stepPath, timeLabels } from './timeline-view.ts';

const HEIGHT = 132;
const WIDTH = 1000;
const GRADES = [1, 2, 3, 4, 5] as const;

export interface PlotProps {
  readonly clock: Clock;
  readonly segments: readonly Segment[];
  readonly steps: readonly Step[];
  /** The segment under the playhead. */
  readonly chosen: number;
  /** The segment that is being assessed. */
  readonly now: number | null;
  /** Indices of the worst segments, worst first. */
  readonly worst: readonly number[];
  /** Text of the chosen segment. */
  readonly readout: string;
}

export function Plot(props: PlotProps) {
  const { clock } = props;
  const { times, facts } = clock.video;
  const labels = useMemo(() => timeLabels(times, facts.duration), [times, facts.duration]);
  return (
    <div className="timeline-plot">
      <div className="timeline-plot__field">
        <Drawing {...props} />
        <Playhead clock={clock} />
        <Cursor {...props} />
      </div>
      <div className="timeline-plot__times" aria-hidden="true">
        {labels.map(({ position, label }) => (
          <span key={label} style={cssVariables({ '--at': percent(position) })}>
            {label}
          </span>
        ))}
      </div>
    </div>
  );
}

function Drawing({ steps, chosen, now, worst }: PlotProps) {
  const pattern = useId();
  const path = useMemo(() => stepPath(steps, WIDTH, HEIGHT), [steps]);
  const level = (grade: number) => (1 - (grade - 1) / 4) * HEIGHT;
  const here = steps[chosen];
  const working = now === null ? undefined : steps[now];
  const column = ({ from, to }: Step) => ({ x: percent(from), width: percent(to - from), height: HEIGHT });
  return (
    <svg
      className="timeline-plot__drawing"
      height={HEIGHT + 10}
      width="100%"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        <pattern
          id={pattern}
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <path className="timeline-plot__hatch" d="M0 0V6" />
        </pattern>
      </defs>
      {here && <rect className="timeline-plot__chosen" {...column(here)} />}
      {GRADES.map((grade) => (
        <g key={grade}>
          <line className="timeline-plot__grid" x1="0" x2="100%" y1={level(grade)} y2={level(grade)} />
          <text className="timeline-plot__grade" x="-6" y={level(grade)} dy="0.32em" textAnchor="end">
            {grade}
          </text>
        </g>
      ))}
      {steps.map(
        (step) => step.y === null && <rect key={step.at} fill={`url(#${pattern})`} {...column(step)} />,
      )}
      {working && <rect className="timeline-plot__working" {...column(working)} />}
      <svg
        width="100%"
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        overflow="visible"
        aria-hidden="true"
      >
        <path className="timeline-plot__line" d={path} />
      </svg>
      {steps.map(
        ({ at, from, to, band }) =>
          band !== null && (
            <rect
              key={at}
              className={`timeline-plot__band timeline-plot__band--${band}`}
              x={percent(from)}
              y={HEIGHT + 5}
              width={percent(to - from)}
              height="4"
            />
          ),
      )}
      <Ranks steps={steps} worst={worst} />
    </svg>
  );
}

/** Ranks of the worst segments, above their level; at the very top below it. */
function Ranks({ steps, worst }: Pick<PlotProps, 'steps' | 'worst'>) {
  return worst.map((at, rank) => {
    const step = steps[at];
    if (typeof step?.y !== 'number') return null;
    return (
      <text
        key={at}
        className="timeline-plot__rank"
        x={percent((step.from + step.to) / 2)}
        y={step.y * HEIGHT + (step.y < 0.15 ? 15 : -6)}
        textAnchor="middle"
      >
        {rank + 1}
      </text>
    );
  });
}

/** Line at the frame of the player. */
function Playhead({ clock }: { readonly clock: Clock }) {
  const frame = useStore(clock.store, (state) => state.frame);
  const at = axisPosition(frame, clock.video.times.length);
  return <PlotLine className="timeline-plot__head" at={percent(at)} />;
}

function Cursor({ clock, segments, chosen, readout }: PlotProps) {
  const t = useTimelineMessages();
  const L = clock.video.times.length;
  const last = segments.length - 1;
  const goTo = (at: number) => clock.seek(segments[Math.min(last, Math.max(0, at))]?.from ?? 0);
  return (
    <PlotCursor
      label={t.cursor}
      text={readout}
      value={chosen}
      count={segments.length}
      under={(part) => frameUnder(part, L)}
      onPress={clock.seek}
      onDrag={clock.scrub}
      onGoTo={goTo}
      onStep={(by) => goTo(chosen + by)}
    />
  );
}
