/** The text of the trace with its marks. Always text nodes: nothing that the model writes becomes markup. */
import { type RefObject, useMemo } from 'react';
import { frameRanges } from '../../../core/text/format.ts';
import type { Lang } from '../../../core/text/lang.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { type Segment, sameFrames, type TraceSpan, traceSegments } from './trace-segments.ts';

export interface TraceTextProps {
  readonly text: string;
  readonly lang: Lang;
  readonly writing: boolean;
  readonly spans: readonly TraceSpan[];
  /** Id of the distortion whose mentions are highlighted. */
  readonly chosen: string | null;
  readonly frames: readonly number[] | null;
  readonly end: RefObject<HTMLSpanElement | null>;
  readonly onFrames: (frames: readonly number[] | null) => void;
  readonly onSeek: (frame: number) => void;
}

export function TraceText(props: TraceTextProps) {
  const { text, lang, writing, spans, chosen, frames, onFrames, onSeek } = props;
  const segments = useMemo(() => traceSegments(text, spans), [text, spans]);
  return (
    <div className="assess-trace__text" lang={lang}>
      {segments.map((segment) =>
        segment.kind === 'text' ? (
          segment.text
        ) : segment.kind === 'distortion' ? (
          <DistortionMark key={segment.start} segment={segment} lit={segment.id === chosen} />
        ) : (
          <TimeMark
            key={segment.start}
            segment={segment}
            active={sameFrames(frames, segment.frames)}
            onFrames={onFrames}
            onSeek={onSeek}
          />
        ),
      )}
      {writing && <span className="assess-trace__caret" ref={props.end} />}
    </div>
  );
}

type SegmentOf<Kind extends Segment['kind']> = Extract<Segment, { kind: Kind }>;

function DistortionMark(props: { readonly segment: SegmentOf<'distortion'>; readonly lit: boolean }) {
  const { segment, lit } = props;
  const how = segment.says === 'found' ? 'found' : 'ruledout';
  return (
    <span
      className={`assess-trace__${how}${lit ? ' assess-trace__lit' : ''}`}
      data-start={segment.start}
      data-distortion={segment.id}
    >
      {segment.text}
    </span>
  );
}

function TimeMark(props: {
  readonly segment: SegmentOf<'time'>;
  readonly active: boolean;
  readonly onFrames: TraceTextProps['onFrames'];
  readonly onSeek: TraceTextProps['onSeek'];
}) {
  const { segment, active, onFrames, onSeek } = props;
  const t = useAssessMessages();
  const show = () => onFrames(segment.frames);
  const hide = () => onFrames(null);
  const meaning = t.trace.shows(frameRanges(segment.frames));
  return (
    <button
      type="button"
      className={`assess-trace__time${active ? ' assess-trace__time--active' : ''}`}
      data-start={segment.start}
      aria-description={meaning}
      title={meaning}
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={() => {
        show();
        onSeek(segment.frames[0] ?? 0);
      }}
    >
      {segment.text}
    </button>
  );
}
