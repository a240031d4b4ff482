/** The player: the video as the browser plays it, a decoded frame where it cannot, or the pixels that the model saw. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { isAbort } from '../../../core/errors.ts';
import { clock } from '../../../core/text/format.ts';
import { assess, media } from '../../assessment/session.ts';
import { ActionIconButton } from '../../page/ActionButton.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { sampledAt } from './filmstrip-geometry.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import type { Player } from './player.ts';
import './PlayerView.css';

export interface PlayerViewProps {
  readonly player: Player;
  /** Source frames that the model sees, in prompt order. */
  readonly sampled: readonly number[];
}

export function PlayerView({ player, sampled }: PlayerViewProps) {
  const { facts, start, times } = player.video;
  const { frame, native, painted, actual, modelView } = useStore(player.store);
  const unpainted = useUnpainted(native === 'yes' && !painted);
  const nth = sampledAt(sampled, frame);
  const hidden = (times[frame] ?? 0) + start < 0;
  const drawn = native === 'no' || hidden || unpainted;
  const seen = modelView && nth >= 0 ? assess.modelInput(frame) : null;
  return (
    <div
      className={`assess-player assess-view ui-on-player${actual ? ' assess-view--actual' : ''}`}
      style={cssVariables({
        '--w': `${facts.width / devicePixelRatio}px`,
        '--h': `${facts.height / devicePixelRatio}px`,
      })}
    >
      <Film player={player} away={native === 'no'} />
      {drawn && <DrawnFrame key={player.video.id} player={player} frame={frame} />}
      {seen && <ModelPixels rgb={seen.rgb} size={seen.size} />}
      <Badge nth={nth} size={seen?.size ?? null} native={native} hidden={hidden} />
      <NarrowBar player={player} nth={nth} />
    </div>
  );
}

/** Milliseconds that a loaded video may show nothing before its frame is drawn in its place. */
const UNPAINTED = 300;

/** True while a loaded video stays empty for longer than the browser needs to show its frame. */
function useUnpainted(empty: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = empty ? setTimeout(() => setLate(true), UNPAINTED) : undefined;
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [empty]);
  return late;
}

function Film({ player, away }: { readonly player: Player; readonly away: boolean }) {
  const t = useAssessMessages();
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (ref.current) return player.attach(ref.current);
  }, [player]);
  return (
    // biome-ignore lint/a11y/useMediaCaption: the reader's own file; the page has no captions for it
    <video
      ref={ref}
      className="assess-view__picture"
      src={player.address}
      preload="auto"
      playsInline
      disablePictureInPicture
      hidden={away}
      aria-label={t.player.label}
      onClick={() => player.toggle()}
    />
  );
}

/** A frame from the media worker, converted to RGB there. A new frame cancels the request before it. */
function DrawnFrame({ player, frame }: { readonly player: Player; readonly frame: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { id } = player.video;
  useEffect(() => {
    const stop = new AbortController();
    media
      .frameImage(id, frame, stop.signal)
      .then(({ width, height, rgba }) => {
        const canvas = ref.current;
        if (!canvas || stop.signal.aborted) return;
        canvas.width = width;
        canvas.height = height;
        canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
      })
      .catch((error: unknown) => {
        // After a frame that cannot be decoded the one before stays; the run reports the error.
        if (!isAbort(error)) console.warn(error);
      });
    return () => stop.abort();
  }, [id, frame]);
  return <canvas ref={ref} className="assess-view__picture" />;
}

/** RGB bytes as the vision encoder got them, square, enlarged without smoothing. */
function ModelPixels({ rgb, size }: { readonly rgb: Uint8Array; readonly size: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ref.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(size, size);
    for (let i = 0, k = 0; i < image.data.length; i += 4, k += 3) {
      image.data[i] = rgb[k]!;
      image.data[i + 1] = rgb[k + 1]!;
      image.data[i + 2] = rgb[k + 2]!;
      image.data[i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [rgb, size]);
  return <canvas ref={ref} className="assess-view__seen" width={size} height={size} />;
}

function Badge(props: {
  readonly nth: number;
  readonly size: number | null;
  readonly native: string;
  readonly hidden: boolean;
}) {
  const { nth, size, native, hidden } = props;
  const t = useAssessMessages();
  const lines: string[] = [];
  if (nth >= 0) lines.push(size === null ? t.player.sampled(nth + 1) : t.player.asModelSawNow(nth + 1, size));
  if (native === 'no') lines.push(t.assess.notPlayable);
  else if (hidden) lines.push(t.assess.hidden);
  return (
    <div className="assess-view__badges">
      {lines.map((line) => (
        <p key={line} className="assess-view__badge">
          {line}
        </p>
      ))}
    </div>
  );
}

/** On a narrow screen the transport lies over the video. */
function NarrowBar({ player, nth }: { readonly player: Player; readonly nth: number }) {
  const t = useAssessMessages();
  const { frame, playing, native } = useStore(player.store);
  const { times, facts } = player.video;
  return (
    <div className="assess-view__bar">
      <ActionIconButton
        action="play"
        icon={playing ? 'pause' : 'play'}
        label={playing ? t.player.pause : t.player.play}
        disabled={native !== 'yes'}
      />
      <span className="assess-view__time">
        {clock(times[frame] ?? 0)} / {clock(facts.duration)}
      </span>
      {nth >= 0 && <span>F{nth + 1}</span>}
      <ActionIconButton action="fullscreen" icon="fullscreen" label={t.player.fullscreen} />
    </div>
  );
}
