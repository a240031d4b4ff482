/** The timeline as a table: each segment with its score or the reason for its absence. */
import { distortionLabel } from '../../../../core/answer/lexicon.ts';
import type { Segment } from '../../../../core/sampling/timeline-segments.ts';
import { count } from '../../../../core/text/format.ts';
import type { SegmentResult } from '../../../assessment/timeline/store.ts';
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { TableBox } from '../../../ui/TableBox.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import { inSentence } from '../trace-segments.ts';
import { useTimelineMessages } from './messages/useTimelineMessages.ts';
import { gradeWord, scoreText, spanOf, whyNot } from './timeline-view.ts';

export interface SegmentTableProps {
  readonly segments: readonly Segment[];
  readonly results: readonly (SegmentResult | null)[];
  readonly onGoTo: (at: number) => void;
}

export function SegmentTable({ segments, results, onGoTo }: SegmentTableProps) {
  const messages = useAssessMessages();
  const t = useTimelineMessages();
  const lang = useLang();
  return (
    <details className="timeline-table">
      <summary>{t.table}</summary>
      <TableBox className="timeline-table__box" name={t.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.columns.nth}</th>
              <th scope="col">{t.columns.span}</th>
              <th scope="col">{t.columns.score}</th>
              <th scope="col">{t.columns.grade}</th>
              <th scope="col">{t.columns.named}</th>
              <th scope="col">{t.columns.note}</th>
            </tr>
          </thead>
          <tbody>
            {segments.map((segment, at) => {
              const result = results[at];
              const score = result?.score ?? null;
              const first = result?.named[0];
              return (
                <tr key={segment.from}>
                  <td>{count(at + 1)}</td>
                  <td>
                    <button type="button" className="ui-textbutton" onClick={() => onGoTo(at)}>
                      {spanOf(segment, t)}
                    </button>
                  </td>
                  <td>{score === null ? '–' : scoreText(score)}</td>
                  <td>{score === null ? '' : gradeWord(score, messages)}</td>
                  <td>{first === undefined ? '' : inSentence(distortionLabel(first, lang))}</td>
                  <td>{result ? whyNot(result, t, lang) : t.open}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableBox>
    </details>
  );
}
