/**
 * The sampled frames, one in each of N equal parts of the clip; a slider over them scrubs the video. The axis is the
 * frame number; below it are ticks of seconds and a triangle at the position of each sampled frame.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { ShownFrame } from '../../assessment/assess-store.ts';
import { Bitmap } from '../../ui/Bitmap.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import '../../ui/film.css';
import { clock, percent } from '../../../core/text/format.ts';
import { Scrubber } from '../../ui/Scrubber.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { middleOf, type Player } from './player.ts';
import './Filmstrip.css';
import {
  axisPosition,
  bracketOf,
  cellsOf,
  frameUnder,
  sampledAt,
  secondTicks,
} from './filmstrip-geometry.ts';

export interface FilmstripProps {
  readonly frames: readonly ShownFrame[];
  /** Frames of the video, L. */
  readonly count: number;
  /** Number of sampled frames of the profile, shown as empty cells before the first frame. */
  readonly expected: number;
  /** Null for a result without its video: thumbnails only, no scrubbing. */
  readonly player: Player | null;
  /** Sampled frames, 0 … N − 1, that the hovered or chosen mark of the trace names. */
  readonly highlight: readonly number[] | null;
}

export function Filmstrip({ frames, count: L, expected, player, highlight }: FilmstripProps) {
  const t = useAssessMessages();
  const sampled = useMemo(() => frames.map((frame) => frame.index), [frames]);
  const cells = useMemo(() => cellsOf(sampled, L), [sampled, L]);
  const bracket = highlight && bracketOf(highlight, cells.length);
  return (
    <div className="assess-strip" style={cssVariables({ '--cells': cells.length || expected })}>
      <div className="assess-strip__track">
        <div className="assess-strip__cells ui-film__cells">
          {cells.length === 0 && <EmptyCells count={expected} />}
          {cells.map((cell, k) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: cells are positions in the prompt; two may show the same frame
              key={k}
              className="assess-strip__cell ui-film__cell"
            >
              <Bitmap
                bitmap={frames[k]?.thumbnail ?? null}
                className="assess-strip__picture ui-film__picture"
              />
              {cell.repeats && (
                <span className="assess-strip__same ui-film__tag" title={t.strip.repeats}>
                  =
                </span>
              )}
              {frames[k]?.encoded && <span className="assess-strip__looked" />}
            </div>
          ))}
        </div>
        {bracket && (
          <span
            className="assess-strip__bracket ui-film__box"
            style={cssVariables({ '--from': percent(bracket.from), '--to': percent(1 - bracket.to) })}
          />
        )}
        {player && <FilmstripScrubber player={player} frames={frames} />}
      </div>
      {player ? (
        <Scale player={player} frames={frames} L={L} />
      ) : (
        <Triangles positions={cells.map((cell) => cell.marker)} />
      )}
      <FrameButtons frames={frames} player={player} highlight={highlight} />
    </div>
  );
}

/** Cells before the sampled frames are known. */
function EmptyCells({ count }: { readonly count: number }) {
  return Array.from({ length: count }, (_, k) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: empty cells
    <div key={k} className="assess-strip__cell ui-film__cell" />
  ));
}

/** The slider over the cells, its playhead, and the preview of the frame under the pointer. */
function FilmstripScrubber(props: { readonly player: Player; readonly frames: readonly ShownFrame[] }) {
  const { player, frames } = props;
  const t = useAssessMessages();
  const frame = useStore(player.store, (state) => state.frame);
  const [hover, setHover] = useState<number | null>(null);
  const { times, facts } = player.video;
  const L = times.length;
  return (
    <>
      <Scrubber
        className="assess-strip__slider ui-film__slider"
        label={t.strip.label}
        text={t.strip.value(clock(times[frame] ?? 0), frame + 1, L)}
        value={frame}
        count={L}
        under={(part) => frameUnder(part, L)}
        onPress={player.seek}
        onDrag={player.scrub}
        onHover={setHover}
        onGoTo={player.seek}
        onStep={player.step}
        onSecond={player.stepSeconds}
      />
      <span
        className="assess-strip__head ui-film__head"
        style={cssVariables({ '--at': percent(axisPosition(frame, L)) })}
      />
      {hover !== null && <Preview player={player} frame={hover} frames={frames} duration={facts.duration} />}
    </>
  );
}

/** Preview of the frame under the pointer, from a second, silent `<video>` of the same file. */
function Preview(props: {
  readonly player: Player;
  readonly frame: number;
  readonly frames: readonly ShownFrame[];
  readonly duration: number;
}) {
  const { player, frame, frames, duration } = props;
  const t = useAssessMessages();
  const ref = useRef<HTMLVideoElement>(null);
  const { times, start, facts } = player.video;
  const native = useStore(player.store, (state) => state.native) === 'yes';
  const nth = sampledAt(
    frames.map(({ index }) => index),
    frame,
  );
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    const seek = () => {
      if (!video.seeking) video.currentTime = Math.max(0, middleOf(times, frame, duration) + start);
    };
    seek();
    video.addEventListener('seeked', seek, { once: true });
    return () => video.removeEventListener('seeked', seek);
  }, [frame, times, start, duration]);
  const at = axisPosition(frame, times.length);
  return (
    <div
      className="assess-strip__preview ui-film__preview"
      style={cssVariables({ '--at': percent(at) })}
      aria-hidden="true"
    >
      {native && (
        <video
          ref={ref}
          src={player.address}
          muted
          playsInline
          preload="auto"
          className="assess-strip__film"
          width={Math.round((128 * facts.width) / facts.height)}
          height={128}
        />
      )}
      <p>
        {nth >= 0 && <strong>F{nth + 1} </strong>}
        {t.units.facts([clock(times[frame] ?? 0), t.player.frameOf(frame + 1, times.length)])}
      </p>
    </div>
  );
}

function Scale(props: {
  readonly player: Player;
  readonly frames: readonly ShownFrame[];
  readonly L: number;
}) {
  const { player, frames, L } = props;
  const { times, facts } = player.video;
  const ticks = useMemo(() => secondTicks(times, facts.duration), [times, facts.duration]);
  return (
    <svg className="assess-strip__scale" height="13" width="100%" aria-hidden="true" focusable="false">
      {[0, ...ticks, 1].map((at) => (
        <line key={at} x1={percent(at)} x2={percent(at)} y1="1" y2="5" className="assess-strip__tick" />
      ))}
      <Marks positions={frames.map(({ index }) => axisPosition(index, L))} />
    </svg>
  );
}

function Triangles({ positions }: { readonly positions: readonly number[] }) {
  return (
    <svg className="assess-strip__scale" height="13" width="100%" aria-hidden="true" focusable="false">
      <Marks positions={positions} />
    </svg>
  );
}

function Marks({ positions }: { readonly positions: readonly number[] }) {
  return positions.map((at, k) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: two cells may mark the same frame
    <svg key={k} x={percent(at)} y="2" overflow="visible" aria-hidden="true">
      <path className="assess-strip__mark" d="M0 0l4.5 7.5h-9z" />
    </svg>
  ));
}

/** Buttons F1 … FN that seek to the sampled frames. */
function FrameButtons(props: Pick<FilmstripProps, 'frames' | 'player' | 'highlight'>) {
  const { frames, player, highlight } = props;
  const lit = (k: number) => highlight?.includes(k) ?? false;
  return (
    <div className="assess-strip__names">
      {frames.map((frame, k) =>
        player ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: positions in the prompt
          <FrameButton key={k} nth={k} frame={frame} player={player} lit={lit(k)} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: positions in the prompt
          <span key={k} className={`assess-strip__name${lit(k) ? ' assess-strip__name--lit' : ''}`}>
            F{k + 1}
          </span>
        ),
      )}
    </div>
  );
}

function FrameButton(props: {
  readonly nth: number;
  readonly frame: ShownFrame;
  readonly player: Player;
  readonly lit: boolean;
}) {
  const { nth, frame, player, lit } = props;
  const t = useAssessMessages();
  const here = useStore(player.store, (state) => state.frame === frame.index);
  const time = clock(player.video.times[frame.index] ?? 0);
  const substituted =
    frame.substituted === undefined ? '' : ` ${t.strip.substituted(frame.index + 1, frame.substituted + 1)}`;
  return (
    <button
      type="button"
      className={`assess-strip__name${lit || here ? ' assess-strip__name--lit' : ''}`}
      aria-label={`${t.strip.frame(nth + 1, frame.index + 1, time)}${substituted}`}
      aria-pressed={here}
      onClick={() => player.seek(frame.index)}
    >
      F{nth + 1}
      {frame.substituted !== undefined && <span aria-hidden="true">*</span>}
    </button>
  );
}
