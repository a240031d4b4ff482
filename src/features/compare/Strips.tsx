/** Both sides as rows of small pictures, over each other on one axis: the scrubber of the page. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { cssVariables } from '../../ui/css-variables.ts';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';
import '../../ui/film.css';
import { count, clock as time } from '../../../core/text/format.ts';
import { Scrubber } from '../../ui/Scrubber.tsx';
import { SideLetter } from './SideLetter.tsx';
import './Strips.css';
import { useCompareWords } from './messages/useCompareWords.ts';
import { cellOf, placeAxis, placeUnder, stripCells } from './strip-cells.ts';

const percent = (part: number): string => `${(part * 100).toFixed(4)}%`;

export function Strips() {
  const { timeline, profile, settings, b: second, sampled } = useStore(compare.store);
  const cells = useMemo(() => (timeline ? stripCells(timeline, profile) : []), [timeline, profile]);
  if (!timeline) return null;
  const slides = !second && settings.over === 'sampled';
  /** Sampled frames carry their number among the sampled, others that in the video. */
  const numberOf = (frame: number) =>
    frame === NO_FRAME ? '0' : slides ? String(sampled.indexOf(frame) + 1) : count(frame + 1);
  return (
    <div className="compare-strips" style={cssVariables({ '--cells': cells.length })}>
      <div className="compare-strips__letters" aria-hidden="true">
        <SideLetter name="a" />
        <SideLetter name="b" />
      </div>
      <div className="compare-strips__track">
        {(['a', 'b'] as const).map((name) => (
          <div key={name} className="compare-strips__row ui-film__cells">
            {cells.map((cell, k) => (
              <Cell
                // biome-ignore lint/suspicious/noArrayIndexKey: cells are places; two may show the same frame
                key={k}
                name={name}
                frame={cell[name]}
                label={numberOf(cell[name])}
              />
            ))}
          </div>
        ))}
        <Timeline cells={cells.length} numberOf={numberOf} />
      </div>
    </div>
  );
}

function Cell(props: { readonly name: SideName; readonly frame: number; readonly label: string }) {
  const { name, frame, label } = props;
  return (
    <div className={`ui-film__cell${frame === NO_FRAME ? ' compare-strips__cell--zeros' : ''}`}>
      <Thumbnail name={name} frame={frame} />
      <span className="compare-strips__number ui-film__tag">{label}</span>
    </div>
  );
}

/** A frame of the store, small; drawn when it is there. */
function Thumbnail({ name, frame }: { readonly name: SideName; readonly frame: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const side = useStore(compare.store, (state) => (name === 'b' ? (state.b ?? state.a) : state.a));
  useEffect(() => {
    const store = side?.frames;
    if (!store || frame === NO_FRAME) return;
    const draw = () => {
      const canvas = ref.current;
      if (!canvas || !store.has(frame)) return false;
      const { width, height } = store.plan;
      const rgba = new Uint8ClampedArray(width * height * 4);
      store.paint(frame, rgba);
      canvas.width = width;
      canvas.height = height;
      canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
      return true;
    };
    if (draw()) return;
    const stop = store.subscribe(() => {
      if (draw()) stop();
    });
    return stop;
  }, [side, frame]);
  return <canvas ref={ref} className="ui-film__picture" width={2} height={1} />;
}

function Timeline(props: { readonly cells: number; readonly numberOf: (frame: number) => string }) {
  const { cells, numberOf } = props;
  const w = useCompareWords();
  const place = useStore(compare.clock.store, (state) => state.place);
  const timeline = useStore(compare.store, (state) => state.timeline);
  const [hover, setHover] = useState<number | null>(null);
  const wasPlaying = useRef(false);
  if (!timeline) return null;
  const { places } = timeline;
  const name = (frame: number) => (frame === NO_FRAME ? w.strip.zeros : w.stage.frame(frame + 1));
  const cell = cellOf(place, places, cells);
  return (
    <>
      <Scrubber
        className="compare-strips__slider ui-film__slider"
        label={w.strip.label}
        text={w.strip.value(
          time(compare.timeOf(place)),
          place + 1,
          places,
          name(timeline.a[place]!),
          name(timeline.b[place]!),
        )}
        value={place}
        count={places}
        under={(part) => placeUnder(part, places)}
        onPress={(to) => {
          wasPlaying.current = compare.clock.store.getState().playing;
          compare.clock.seek(to);
        }}
        onDrag={compare.clock.scrub}
        onRelease={() => {
          if (wasPlaying.current) compare.clock.toggle();
          wasPlaying.current = false;
        }}
        onHover={setHover}
        onGoTo={compare.clock.seek}
        onStep={compare.clock.step}
        onSecond={compare.clock.stepSeconds}
      />
      {places === cells ? (
        (['a', 'b'] as const).map((side) => (
          <span
            key={side}
            className={`ui-film__box compare-strips__box compare-strips__box--${side}`}
            style={cssVariables({ '--from': percent(cell / cells), '--to': percent(1 - (cell + 1) / cells) })}
          />
        ))
      ) : (
        <span
          className="compare-strips__head ui-film__head"
          style={cssVariables({ '--at': percent(placeAxis(place, places)) })}
        />
      )}
      {hover !== null && (
        <div
          className="compare-strips__preview ui-film__preview"
          style={cssVariables({ '--at': percent(placeAxis(hover, places)) })}
          aria-hidden="true"
        >
          {(['a', 'b'] as const).map((side) => (
            <figure key={side} className="compare-strips__film">
              <Thumbnail key={timeline[side][hover]} name={side} frame={timeline[side][hover]!} />
              <figcaption>
                <SideLetter name={side} /> {numberOf(timeline[side][hover]!)}
              </figcaption>
            </figure>
          ))}
          <p>{time(compare.timeOf(hover))}</p>
        </div>
      )}
    </>
  );
}
