/** The three segments with the lowest scores, as buttons that seek to them. */
import { useEffect, useState } from 'react';
import { bandOf } from '../../../../core/answer/grades.ts';
import { distortionLabel } from '../../../../core/answer/lexicon.ts';
import type { Segment } from '../../../../core/sampling/timeline-segments.ts';
import type { SegmentResult } from '../../../assessment/timeline/store.ts';
import { BandGlyph } from '../../../ui/BandGlyph.tsx';
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import { inSentence } from '../trace-segments.ts';
import { useTimelineMessages } from './messages/useTimelineMessages.ts';
import { gradeWord, scoreText, spanOf } from './timeline-view.ts';

export interface WorstProps {
  readonly segments: readonly Segment[];
  readonly results: readonly (SegmentResult | null)[];
  readonly worst: readonly number[];
  readonly chosen: number;
  readonly onGoTo: (at: number) => void;
}

export function Worst({ segments, results, worst, chosen, onGoTo }: WorstProps) {
  const t = useTimelineMessages();
  return (
    <section className="timeline-worst" aria-label={t.worst}>
      <h3 className="timeline-worst__title">{t.worst}</h3>
      {worst.length === 0 && <p className="timeline-worst__none">{t.worstNone}</p>}
      <ol className="timeline-worst__list">
        {worst.map((at, rank) => {
          const [segment, result] = [segments[at], results[at]];
          return (
            segment &&
            result?.score != null && (
              <li key={at}>
                <Moment
                  rank={rank + 1}
                  segment={segment}
                  result={result}
                  score={result.score}
                  pressed={at === chosen}
                  onGoTo={() => onGoTo(at)}
                />
              </li>
            )
          );
        })}
      </ol>
    </section>
  );
}

function Moment(props: {
  readonly rank: number;
  readonly segment: Segment;
  readonly result: SegmentResult;
  readonly score: number;
  readonly pressed: boolean;
  readonly onGoTo: () => void;
}) {
  const { rank, segment, result, score, pressed, onGoTo } = props;
  const messages = useAssessMessages();
  const t = useTimelineMessages();
  const lang = useLang();
  const span = spanOf(segment, t);
  const word = gradeWord(score, messages);
  const [first] = result.named;
  const named = first === undefined ? t.nothingNamed : t.named(inSentence(distortionLabel(first, lang)));
  return (
    <button type="button" className="timeline-worst__moment" aria-pressed={pressed} onClick={onGoTo}>
      <Thumbnail blob={result.thumbnail} rank={rank} />
      <span className="timeline-worst__words">
        <span className="timeline-worst__span">
          <span className="ui-sr">{t.goTo} </span>
          {span}
        </span>
        <span className="timeline-worst__score">
          <strong>{scoreText(score)}</strong>
          <BandGlyph band={bandOf(score).grade} size={12} />
          {word}
        </span>
        <span className="timeline-worst__named">{named}</span>
      </span>
    </button>
  );
}

function Thumbnail({ blob, rank }: { readonly blob: Blob | null; readonly rank: number }) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!blob) {
      setAddress(null);
      return;
    }
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return (
    <span className="timeline-worst__picture">
      {address && <img src={address} alt="" />}
      <span className="timeline-worst__rank">{rank}</span>
    </span>
  );
}
