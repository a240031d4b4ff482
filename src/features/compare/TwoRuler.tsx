/** Ruler of both sides: a dot for each answer, whiskers for the 95 % intervals, a needle at each mean. */
import { bandOf } from '../../../core/answer/grades.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { ACR } from '../../ui/ruler/acr.ts';
import { dotPlot, gradeAt, position, ticks, zones } from '../../ui/ruler/geometry.ts';
import type { SideScores } from './side-scores.ts';
import './TwoRuler.css';

const SIDES = ['a', 'b'] as const;
/** Rows in pixels from the top. */
const BASE = 112;
const DOTS = { base: { a: 66, b: 100 }, room: 30, size: 6 } as const;
/** Row of each side's interval: the intervals of near means overlap. */
const WHISKER = { a: 24, b: 31 } as const;
const TICK = { grade: 10, half: 7, tenth: 4 } as const;
/** Width of a dot in units of the score, on a ruler of 410 px. */
const DOT_SPAN = 0.062;

export interface TwoRulerProps {
  readonly a: SideScores | null;
  readonly b: SideScores | null;
  /** Index of the answer shown in the other panels. */
  readonly chosen: number;
  readonly onChoose: (k: number) => void;
  readonly label: string;
}

export function TwoRuler({ a, b, chosen, onChoose, label }: TwoRulerProps) {
  const t = useMessages();
  const scores = { a, b };
  const bands = SIDES.flatMap((name) => (scores[name] ? [bandOf(scores[name].mean).grade] : []));
  const lit = (band: number) => bands.some((one) => one === band);
  return (
    <div className="compare-ruler" role="img" aria-label={label}>
      <svg
        className="compare-ruler__drawing"
        height={BASE + 8}
        width="100%"
        aria-hidden="true"
        focusable="false"
      >
        {zones(ACR).map(({ band, from, to }) => (
          <rect
            key={band}
            className={lit(band) ? `compare-ruler__zone ui-band--${band}` : 'compare-ruler__zone'}
            x={`${from}%`}
            width={`${to - from}%`}
            y={BASE + 2}
            height="5"
          />
        ))}
        {ticks(ACR).map(({ at, kind }) => (
          <line
            key={at}
            className={`compare-ruler__tick compare-ruler__tick--${kind}`}
            x1={`${at}%`}
            x2={`${at}%`}
            y1={BASE - TICK[kind]}
            y2={BASE}
          />
        ))}
        {SIDES.map((name) => {
          const side = scores[name];
          return side && <Mean key={name} name={name} side={side} other={scores[name === 'a' ? 'b' : 'a']} />;
        })}
        {SIDES.map((name) => {
          const side = scores[name];
          return side && <Answers key={name} name={name} side={side} chosen={chosen} onChoose={onChoose} />;
        })}
      </svg>
      <div className="compare-ruler__words" aria-hidden="true">
        {([1, 2, 3, 4, 5] as const).map((band) => {
          const at = gradeAt(band, ACR);
          const end = at === 0 ? ' compare-ruler__word--low' : at === 100 ? ' compare-ruler__word--high' : '';
          return (
            <span
              key={band}
              className={`compare-ruler__word${end}${lit(band) ? ' compare-ruler__word--lit' : ''}`}
              style={cssVariables({ '--at': `${at}%` })}
            >
              {band} {t.grades.names[band - 1]}
            </span>
          );
        })}
      </div>
    </div>
  );
}

interface MarkProps {
  readonly name: 'a' | 'b';
  readonly side: SideScores;
}

/** Needle with its letter, and the interval; letters that would touch move apart. */
function Mean({ name, side, other }: MarkProps & { readonly other: SideScores | null }) {
  const { at } = position(side.mean, ACR);
  const near = other !== null && Math.abs(position(other.mean, ACR).at - at) < 5;
  const right = near && (side.mean > other.mean || (side.mean === other.mean && name === 'b'));
  const shift = near ? (right ? 10 : -10) : 0;
  const whisker = WHISKER[name];
  const [low, high] = (side.interval ?? []).map((end) => `${position(end, ACR).at}%`);
  return (
    <g className={`compare-ruler__mean compare-ruler__mean--${name}`}>
      <line className="compare-ruler__needle" x1={`${at}%`} x2={`${at}%`} y1="20" y2={BASE + 7} />
      {low !== undefined && (
        <g className="compare-ruler__whisker">
          <line x1={low} x2={high} y1={whisker} y2={whisker} />
          <line x1={low} x2={low} y1={whisker - 3} y2={whisker + 3} />
          <line x1={high} x2={high} y1={whisker - 3} y2={whisker + 3} />
        </g>
      )}
      <svg x={`${at}%`} overflow="visible" aria-hidden="true">
        <g transform={`translate(${shift} 0)`}>
          <rect className="compare-ruler__tag" x="-8.5" y="1" width="17" height="17" rx="3" />
          <text className="compare-ruler__letter" y="13.5" textAnchor="middle">
            {name.toUpperCase()}
          </text>
        </g>
      </svg>
    </g>
  );
}

function Answers(props: MarkProps & Pick<TwoRulerProps, 'chosen' | 'onChoose'>) {
  const { name, side, chosen, onChoose } = props;
  const dots = dotPlot(side.readable, ACR, DOT_SPAN);
  const tallest = Math.max(1, ...dots.map(({ level }) => level + 1));
  const pitch = Math.min(DOTS.size + 1, DOTS.room / tallest);
  const size = Math.min(DOTS.size, pitch - 0.5);
  // From the index among the readable answers to that among all.
  const all = side.scores.flatMap((score, k) => (score === null ? [] : [k]));
  return dots.map(({ index, at, level }) => {
    // A row for each side: dots of equal scores do not overlap.
    const y = DOTS.base[name] - (level + 0.5) * pitch;
    const k = all[index]!;
    const shared = {
      className: `compare-ruler__answer compare-ruler__answer--${name}${k === chosen ? ' compare-ruler__answer--chosen' : ''}`,
      onClick: () => onChoose(k),
    };
    return (
      <svg key={index} x={`${at}%`} y={y} overflow="visible" aria-hidden="true">
        {name === 'a' ? (
          <circle r={size / 2} {...shared} />
        ) : (
          <rect x={-size / 2} y={-size / 2} width={size} height={size} {...shared} />
        )}
      </svg>
    );
  });
}
