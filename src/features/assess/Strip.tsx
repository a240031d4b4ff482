/**
 * The sampled frames, one in each of N equal parts of the clip: the strip is the scrubber. Its axis is the frame
 * number; below it ticks of seconds and a triangle at each sampled frame's true place.
 */
import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useStore } from 'zustand';
import type { ShownFrame } from '../../state/assess-store.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { clock } from '../../ui/words/format.ts';
import { useWords } from '../../ui/words/useWords.tsx';
import { middleOf, type Player } from './player.ts';
import './Strip.css';
import { bracketOf, cellsOf, frameUnder, placeOf, sampledAt, secondTicks } from './strip-geometry.ts';

const percent = (part: number): string => `${(part * 100).toFixed(4)}%`;

export interface StripProps {
  readonly frames: readonly ShownFrame[];
  /** Frames of the video, L. */
  readonly count: number;
  /** How many frames there will be, while none is known. */
  readonly expected: number;
  /** Null for a result without its video: the strip shows pictures and cannot scrub. */
  readonly player: Player | null;
  /** Places 0 … N − 1 that the trace speaks of now. */
  readonly highlight: readonly number[] | null;
}

export function Strip({ frames, count: L, expected, player, highlight }: StripProps) {
  const w = useWords();
  const sampled = useMemo(() => frames.map((frame) => frame.index), [frames]);
  const cells = useMemo(() => cellsOf(sampled, L), [sampled, L]);
  const track = useRef<HTMLDivElement>(null);
  const bracket = highlight && bracketOf(highlight, cells.length);
  return (
    <div className="assess-strip" style={cssVariables({ '--cells': cells.length || expected })}>
      <div className="assess-strip__track" ref={track}>
        <div className="assess-strip__cells">
          {cells.length === 0 && <EmptyCells count={expected} />}
          {cells.map((cell, k) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: cells are places of the prompt; two may show the same frame
              key={k}
              className={`assess-strip__cell${highlight?.includes(k) ? ' assess-strip__cell--lit' : ''}`}
            >
              <Thumbnail bitmap={frames[k]?.thumbnail ?? null} />
              {cell.repeats && (
                <span className="assess-strip__same" title={w.strip.repeats}>
                  =
                </span>
              )}
              {frames[k]?.looked && <span className="assess-strip__looked" />}
            </div>
          ))}
        </div>
        {bracket && (
          <span
            className="assess-strip__bracket"
            style={cssVariables({ '--from': percent(bracket.from), '--to': percent(1 - bracket.to) })}
          />
        )}
        {player && <Scrubber player={player} frames={frames} track={track} />}
      </div>
      {player ? (
        <Scale player={player} frames={frames} L={L} />
      ) : (
        <Triangles places={cells.map((cell) => cell.marker)} />
      )}
      <FrameButtons frames={frames} player={player} highlight={highlight} />
    </div>
  );
}

/** The places of the frames, before the model has said which they are. */
function EmptyCells({ count }: { readonly count: number }) {
  return Array.from({ length: count }, (_, k) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: empty places
    <div key={k} className="assess-strip__cell" />
  ));
}

/** A picture of a frame; drawn once for each bitmap. */
function Thumbnail({ bitmap }: { readonly bitmap: ImageBitmap | null }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas || !bitmap || bitmap.width === 0) return;
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return bitmap ? <canvas ref={ref} className="assess-strip__picture" /> : null;
}

/** What the slider's keys step by. With Shift a frame becomes a second. */
const FRAMES: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
};
const SECONDS: Readonly<Record<string, number>> = { PageDown: -1, PageUp: 1 };

/** The slider over the cells: its playhead, dragging, keys and the picture under the pointer. */
function Scrubber(props: {
  readonly player: Player;
  readonly frames: readonly ShownFrame[];
  readonly track: RefObject<HTMLDivElement | null>;
}) {
  const { player, frames, track } = props;
  const w = useWords();
  const frame = useStore(player.store, (state) => state.frame);
  const [hover, setHover] = useState<number | null>(null);
  const { times, facts } = player.video;
  const L = times.length;

  const under = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect();
    return box ? frameUnder((event.clientX - box.left) / box.width, L) : 0;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const frames = FRAMES[event.key];
    const seconds = event.shiftKey ? frames : SECONDS[event.key];
    if (event.key === 'Home') player.seek(0);
    else if (event.key === 'End') player.seek(L - 1);
    else if (seconds !== undefined) player.stepSeconds(seconds);
    else if (frames !== undefined) player.step(frames);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div
        className="assess-strip__slider"
        role="slider"
        tabIndex={0}
        aria-label={w.strip.label}
        aria-valuemin={1}
        aria-valuemax={L}
        aria-valuenow={frame + 1}
        aria-valuetext={w.strip.value(clock(times[frame] ?? 0), frame + 1, L)}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          player.seek(under(event));
        }}
        onPointerMove={(event) => {
          setHover(event.pointerType === 'mouse' ? under(event) : null);
          if (event.currentTarget.hasPointerCapture(event.pointerId)) player.scrub(under(event));
        }}
        onPointerLeave={() => setHover(null)}
      />
      <span className="assess-strip__head" style={cssVariables({ '--at': percent(placeOf(frame, L)) })} />
      {hover !== null && <Preview player={player} frame={hover} frames={frames} duration={facts.duration} />}
    </>
  );
}

/** The frame under the pointer, large: a second, silent player of the same file. */
function Preview(props: {
  readonly player: Player;
  readonly frame: number;
  readonly frames: readonly ShownFrame[];
  readonly duration: number;
}) {
  const { player, frame, frames, duration } = props;
  const w = useWords();
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
  const at = placeOf(frame, times.length);
  return (
    <div className="assess-strip__preview" style={cssVariables({ '--at': percent(at) })} aria-hidden="true">
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
        {clock(times[frame] ?? 0)} · {w.player.frameOf(frame + 1, times.length)}
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
      <Marks places={frames.map(({ index }) => placeOf(index, L))} />
    </svg>
  );
}

function Triangles({ places }: { readonly places: readonly number[] }) {
  return (
    <svg className="assess-strip__scale" height="13" width="100%" aria-hidden="true" focusable="false">
      <Marks places={places} />
    </svg>
  );
}

function Marks({ places }: { readonly places: readonly number[] }) {
  return places.map((at, k) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: two cells may mark the same frame
    <svg key={k} x={percent(at)} y="2" overflow="visible" aria-hidden="true">
      <path className="assess-strip__mark" d="M0 0l4.5 7.5h-9z" />
    </svg>
  ));
}

/** F1 … FN: each goes to its frame. */
function FrameButtons(props: Pick<StripProps, 'frames' | 'player' | 'highlight'>) {
  const { frames, player, highlight } = props;
  const lit = (k: number) => highlight?.includes(k) ?? false;
  return (
    <div className="assess-strip__names">
      {frames.map((frame, k) =>
        player ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: places of the prompt
          <FrameButton key={k} nth={k} frame={frame} player={player} lit={lit(k)} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: places of the prompt
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
  const w = useWords();
  const here = useStore(player.store, (state) => state.frame === frame.index);
  const time = clock(player.video.times[frame.index] ?? 0);
  const substituted =
    frame.substituted === undefined ? '' : ` ${w.strip.substituted(frame.index + 1, frame.substituted + 1)}`;
  return (
    <button
      type="button"
      className={`assess-strip__name${lit || here ? ' assess-strip__name--lit' : ''}`}
      aria-label={`${w.strip.frame(nth + 1, frame.index + 1, time)}${substituted}`}
      aria-pressed={here}
      onClick={() => player.seek(frame.index)}
    >
      F{nth + 1}
      {frame.substituted !== undefined && <span aria-hidden="true">*</span>}
    </button>
  );
}
