/** Filmstrips of both sides on one time axis, with the scrubber of the page. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { cssVariables } from '../../ui/css-variables.ts';
import { compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';
import '../../ui/film.css';
import { count, percent, clock as time } from '../../../core/text/format.ts';
import { Scrubber } from '../../ui/Scrubber.tsx';
import { SideLetter } from './SideLetter.tsx';
import './Filmstrips.css';
import { cellOf, filmstripCells, positionAt, positionCentre } from './filmstrip-cells.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';

export function Filmstrips() {
  const { timeline, profile, settings, b: second, sampled } = useStore(compare.store);
  const cells = useMemo(() => (timeline ? filmstripCells(timeline, profile) : []), [timeline, profile]);
  if (!timeline) return null;
  const slides = !second && settings.over === 'sampled';
  /** Number among the sampled frames, or in the video. */
  const numberOf = (frame: number) =>
    frame === NO_FRAME ? '0' : slides ? String(sampled.indexOf(frame) + 1) : count(frame + 1);
  return (
    <div className="compare-filmstrips" style={cssVariables({ '--cells': cells.length })}>
      <div className="compare-filmstrips__letters" aria-hidden="true">
        <SideLetter name="a" />
        <SideLetter name="b" />
      </div>
      <div className="compare-filmstrips__track">
        {(['a', 'b'] as const).map((name) => (
          <div key={name} className="compare-filmstrips__row ui-film__cells">
            {cells.map((cell, k) => (
              <Cell
                // biome-ignore lint/suspicious/noArrayIndexKey: cells are positions; two may show the same frame
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
    <div className={`ui-film__cell${frame === NO_FRAME ? ' compare-filmstrips__cell--zeros' : ''}`}>
      <Thumbnail name={name} frame={frame} />
      <span className="compare-filmstrips__number ui-film__tag">{label}</span>
    </div>
  );
}

/** Thumbnail of a frame, drawn once the frame store has it. */
function Thumbnail({ name, frame }: { readonly name: SideName; readonly frame: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const side = useStore(compare.store, (state) => (name === 'b' ? (state.b ?? state.a) : state.a));
  useEffect(() => {
    const store = side?.frames;
    // The canvas may hold another frame: it is cleared until the store has this one.
    if (ref.current) {
      ref.current.width = 2;
      ref.current.height = 1;
    }
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
  const t = useCompareMessages();
  const position = useStore(compare.clock.store, (state) => state.position);
  const timeline = useStore(compare.store, (state) => state.timeline);
  const [hover, setHover] = useState<number | null>(null);
  const wasPlaying = useRef(false);
  if (!timeline) return null;
  const { positions } = timeline;
  const name = (frame: number) => (frame === NO_FRAME ? t.filmstrip.zeros : t.stage.frame(frame + 1));
  const cell = cellOf(position, positions, cells);
  return (
    <>
      <Scrubber
        className="compare-filmstrips__slider ui-film__slider"
        label={t.filmstrip.label}
        text={t.filmstrip.value(
          time(compare.timeOf(position)),
          position + 1,
          positions,
          name(timeline.a[position]!),
          name(timeline.b[position]!),
        )}
        value={position}
        count={positions}
        under={(part) => positionAt(part, positions)}
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
      {positions === cells ? (
        (['a', 'b'] as const).map((side) => (
          <span
            key={side}
            className={`ui-film__box compare-filmstrips__box compare-filmstrips__box--${side}`}
            style={cssVariables({ '--from': percent(cell / cells), '--to': percent(1 - (cell + 1) / cells) })}
          />
        ))
      ) : (
        <span
          className="compare-filmstrips__head ui-film__head"
          style={cssVariables({ '--at': percent(positionCentre(position, positions)) })}
        />
      )}
      {hover !== null && (
        <div
          className="compare-filmstrips__preview ui-film__preview"
          style={cssVariables({ '--at': percent(positionCentre(hover, positions)) })}
          aria-hidden="true"
        >
          {(['a', 'b'] as const).map((side) => (
            <figure key={side} className="compare-filmstrips__film">
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
