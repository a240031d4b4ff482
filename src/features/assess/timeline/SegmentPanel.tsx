/** One segment: the model's reasoning, or the reason for a missing score. */
import { useMemo, useRef, useState } from 'react';
import { viewAnswer } from '../../../../core/answer/answer-stream.ts';
import { bandOf } from '../../../../core/answer/grades.ts';
import { distortionLabel } from '../../../../core/answer/lexicon.ts';
import type { Segment } from '../../../../core/sampling/timeline-segments.ts';
import type { SegmentResult } from '../../../assessment/timeline/store.ts';
import { BandGlyph } from '../../../ui/BandGlyph.tsx';
import { Icon } from '../../../ui/Icon.tsx';
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import { NamedRow } from '../NamedRow.tsx';
import { RawAnswer } from '../RawAnswer.tsx';
import { langOf, officialReading, spansOf } from '../run-view.ts';
import { TraceText } from '../TraceText.tsx';
import { namedDistortions, ruledOutDistortions } from '../trace-segments.ts';
import type { Clock } from './clock.ts';
import { useTimelineMessages } from './messages/useTimelineMessages.ts';
import { gradeWord, scoreText, spanOf, whyNot } from './timeline-view.ts';

export interface SegmentPanelProps {
  readonly nth: number;
  readonly segment: Segment;
  readonly result: SegmentResult | null;
  readonly clock: Clock;
}

/** Text of a segment with its marks; the sampled frames of a mark are positions in this segment. */
function useSegmentMarks(segment: Segment, result: SegmentResult | null) {
  const lang = useLang();
  const text = useMemo(() => (result ? viewAnswer(result.text).thinking : ''), [result]);
  const spans = useMemo(() => {
    // The model saw this segment as a separate clip: its times begin at 0.
    const times = result?.sampled.map(({ time }) => time - segment.start) ?? [];
    return spansOf(text, { times, duration: segment.end - segment.start }, true);
  }, [text, result, segment]);
  const named = useMemo(
    () =>
      namedDistortions(text, spans).map((one) => ({
        ...one,
        // F1 … of a segment are not those of the filmstrip above.
        frames: [],
        seek: one.frames[0],
        label: distortionLabel(one.id, lang),
      })),
    [text, spans, lang],
  );
  const ruledOut = useMemo(
    () => ruledOutDistortions(spans).map((id) => distortionLabel(id, lang)),
    [spans, lang],
  );
  return { text, spans, named, ruledOut };
}

export function SegmentPanel({ nth, segment, result, clock }: SegmentPanelProps) {
  const messages = useAssessMessages();
  const t = useTimelineMessages();
  const lang = useLang();
  const end = useRef<HTMLSpanElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [frames, setFrames] = useState<readonly number[] | null>(null);
  const [raw, setRaw] = useState(false);
  const { text, spans, named, ruledOut } = useSegmentMarks(segment, result);
  const seek = (k: number) => {
    const index = result?.sampled[k]?.index;
    if (index !== undefined) clock.seek(index);
  };
  const choose = (id: string) => {
    setChosen(chosen === id ? null : id);
    const at = named.find((one) => one.id === id)?.seek;
    if (chosen !== id && at !== undefined) seek(at);
  };
  const why = result ? whyNot(result, t, lang) : '';
  return (
    <Panel
      title={t.segmentTitle(nth + 1, spanOf(segment, t))}
      note={
        result && result.score !== null ? (
          <span className="timeline-segment__score">
            <strong>{scoreText(result.score)}</strong>
            <BandGlyph band={bandOf(result.score).grade} size={12} />
            {gradeWord(result.score, messages)}
          </span>
        ) : null
      }
      foot={
        text !== '' && (
          <NamedRow named={named} ruledOut={ruledOut} writing={false} chosen={chosen} onChoose={choose} />
        )
      }
    >
      <div className="timeline-segment__body">
        {result === null && <p className="timeline-segment__none">{t.open}</p>}
        {why !== '' && (
          <p className="timeline-segment__none">
            <Icon name="alert" /> <strong>{t.noScore}.</strong> {why}
          </p>
        )}
        {text !== '' && (
          <TraceText
            text={text}
            lang={langOf(text)}
            writing={false}
            spans={spans}
            chosen={chosen}
            frames={frames}
            end={end}
            onFrames={setFrames}
            onSeek={seek}
          />
        )}
        {result && why !== '' && result.text !== '' && (
          <RawAnswer text={result.text} official={officialReading(result.text)} open={raw} onOpen={setRaw} />
        )}
      </div>
    </Panel>
  );
}
