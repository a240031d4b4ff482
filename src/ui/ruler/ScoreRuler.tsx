/** The ruler of the score: ticks every 0.1, the five grades with their names, the zones below, and the answers. */
import { useId } from 'react';
import { BANDS, type Band } from '../BandGlyph.tsx';
import { cssVariables } from '../css-variables.ts';
import { dotPlot, gradeAt, position, type Scale, ticks, zones } from './geometry.ts';
import './ScoreRuler.css';

/** Contents of the ruler. */
export type Reading =
  /** Nothing yet: grey. */
  | { readonly kind: 'empty' }
  /** There will be no score: hatched. */
  | { readonly kind: 'none' }
  /** One answer, a needle. */
  | { readonly kind: 'one'; readonly value: number; readonly band: Band }
  /**
   * Several answers: a dot each, a whisker for the 95 % interval of their mean. `expected` is the mean over the digits'
   * probabilities, a hollow tick.
   */
  | {
      readonly kind: 'several';
      readonly value: number;
      readonly band: Band;
      readonly answers: readonly number[];
      readonly interval: readonly [number, number] | null;
      readonly expected?: number;
    }
  /** All five zones in their colours: a legend. */
  | { readonly kind: 'legend' };

export interface ScoreRulerProps {
  readonly scale: Scale;
  readonly reading: Reading;
  /** Names of the five grades, Bad … Excellent. */
  readonly grades: readonly string[];
  /** Text alternative of the drawing. */
  readonly label: string;
  /** Click on the dot of an answer, by its index. The same choice must exist as buttons elsewhere. */
  readonly onAnswer?: ((index: number) => void) | undefined;
}

/** Rows of the drawing in pixels from its top. */
const BASE = 48;
const ZONE = { y: 50, height: 5 };
const TICK = { grade: 12, half: 8, tenth: 5 } as const;
/** Dots stand above the whisker, and the whisker above the ticks. */
const DOTS = { base: 25, room: 27, diameter: 5.5 };
const WHISKER = 30;
/** One dot in units of the score, on a ruler of the common 420 px. */
const DOT_SPAN = 0.055;

export function ScoreRuler({ scale, reading, grades, label, onAnswer }: ScoreRulerProps) {
  const active = reading.kind === 'one' || reading.kind === 'several' ? reading.band : null;
  const lit = (band: Band) => reading.kind === 'legend' || band === active;
  return (
    <div
      className={`ui-ruler${reading.kind === 'legend' ? ' ui-ruler--legend' : ''}`}
      role="img"
      aria-label={label}
    >
      <svg className="ui-ruler__drawing" height={ZONE.y + ZONE.height} aria-hidden="true" focusable="false">
        <Zones scale={scale} hatched={reading.kind === 'none'} lit={lit} />
        {ticks(scale).map(({ at, kind }) => (
          <line
            key={at}
            className={`ui-ruler__tick ui-ruler__tick--${kind}`}
            x1={`${at}%`}
            x2={`${at}%`}
            y1={BASE - TICK[kind]}
            y2={BASE}
          />
        ))}
        {reading.kind === 'several' && (
          <Answers scale={scale} answers={reading.answers} interval={reading.interval} onAnswer={onAnswer} />
        )}
        {reading.kind === 'several' && reading.expected !== undefined && (
          <Expected at={position(reading.expected, scale).at} />
        )}
        {(reading.kind === 'one' || reading.kind === 'several') && (
          <Needle key={reading.value} {...position(reading.value, scale)} head={reading.kind === 'one'} />
        )}
      </svg>
      <div className="ui-ruler__words" aria-hidden="true">
        {BANDS.map((band) => {
          const at = gradeAt(band, scale);
          const side = at === 0 ? ' ui-ruler__word--low' : at === 100 ? ' ui-ruler__word--high' : '';
          return (
            <span
              key={band}
              className={`ui-ruler__word${side}${lit(band) ? ' ui-ruler__word--lit' : ''}`}
              style={cssVariables({ '--at': `${at}%` })}
            >
              {band} <span className="ui-ruler__grade">{grades[band - 1]}</span>
            </span>
          );
        })}
      </div>
    </div>
  );
}

function Zones(props: {
  readonly scale: Scale;
  readonly hatched: boolean;
  readonly lit: (band: Band) => boolean;
}) {
  const hatch = useId();
  return (
    <>
      {props.hatched && (
        <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect className="ui-ruler__hatch" width="1.6" height="5" />
        </pattern>
      )}
      {zones(props.scale).map(({ band, from, to }) => (
        <rect
          key={band}
          className={
            props.hatched
              ? 'ui-ruler__hatched'
              : `ui-ruler__zone${props.lit(band) ? ` ui-band--${band} ui-ruler__zone--lit` : ''}`
          }
          x={`${from}%`}
          y={ZONE.y}
          width={`${to - from}%`}
          height={ZONE.height}
          fill={props.hatched ? `url(#${hatch})` : undefined}
        />
      ))}
      {zones(props.scale)
        .slice(1)
        .map(({ band, from }) => (
          <line
            key={band}
            className="ui-ruler__cut"
            x1={`${from}%`}
            x2={`${from}%`}
            y1={ZONE.y - 1}
            y2={ZONE.y + ZONE.height + 1}
          />
        ))}
    </>
  );
}

/** The needle hangs at the value; off the scale an arrow points over the end. */
function Needle(props: {
  readonly at: number;
  readonly off: 'below' | 'above' | null;
  readonly head: boolean;
}) {
  const { at, off, head } = props;
  return (
    <svg className="ui-ruler__at" x={`${at}%`} y="0" overflow="visible" aria-hidden="true">
      <g className="ui-ruler__needle">
        {off === null ? (
          <>
            {head && <path d="M-5.5 26h11L0 36z" />}
            <rect
              x="-1"
              y={head ? 34 : BASE - 8}
              width="2"
              height={ZONE.y + ZONE.height - (head ? 34 : BASE - 8)}
            />
          </>
        ) : (
          <path d={off === 'below' ? 'M1 28v13l-11-6.5z' : 'M-1 28v13l11-6.5z'} />
        )}
      </g>
    </svg>
  );
}

/** The hollow tick as it stands in a sentence. */
export function ExpectedMark() {
  return (
    <svg className="ui-ruler__key" width="6" height="13" aria-hidden="true" focusable="false">
      <rect className="ui-ruler__expected" x="1" y="1" width="4" height="11" />
    </svg>
  );
}

function Expected({ at }: { readonly at: number }) {
  return (
    <svg className="ui-ruler__at" x={`${at}%`} y="0" overflow="visible" aria-hidden="true">
      <rect className="ui-ruler__expected" x="-2" y={BASE - 11} width="4" height="11" />
    </svg>
  );
}

function Answers(props: {
  readonly scale: Scale;
  readonly answers: readonly number[];
  readonly interval: readonly [number, number] | null;
  readonly onAnswer?: ((index: number) => void) | undefined;
}) {
  const { scale, answers, interval, onAnswer } = props;
  const dots = dotPlot(answers, scale, DOT_SPAN);
  const tallest = Math.max(1, ...dots.map((dot) => dot.level + 1));
  const pitch = Math.min(DOTS.diameter + 0.5, DOTS.room / tallest);
  return (
    <>
      {dots.map(({ index, at, level }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the mouse; the reasoning panel has the same choice as buttons
        <circle
          key={index}
          className={`ui-ruler__dot${onAnswer ? ' ui-ruler__dot--button' : ''}`}
          cx={`${at}%`}
          cy={DOTS.base - (level + 0.5) * pitch}
          r={Math.min(DOTS.diameter, pitch) / 2}
          onClick={onAnswer && (() => onAnswer(index))}
        />
      ))}
      {interval && (
        <Whisker ends={interval.map((end) => `${position(end, scale).at}%`) as [string, string]} />
      )}
    </>
  );
}

/** The 95 % interval of the mean. */
function Whisker({ ends: [low, high] }: { readonly ends: readonly [string, string] }) {
  return (
    <g className="ui-ruler__whisker">
      <line x1={low} x2={high} y1={WHISKER} y2={WHISKER} />
      <line x1={low} x2={low} y1={WHISKER - 3} y2={WHISKER + 3} />
      <line x1={high} x2={high} y1={WHISKER - 3} y2={WHISKER + 3} />
    </g>
  );
}
