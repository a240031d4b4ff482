/** The timeline as CSV, JSON and SVG, with the reason for each missing score. */

import { bandOf, bands } from '../../../../core/answer/grades.ts';
import { segmentCsv } from '../../../../core/files/csv.ts';
import type { QualityTimelineState, StoredTimeline } from '../../../assessment/timeline/store.ts';
import { type Step, stepPath } from './timeline-view.ts';

type Timeline = Pick<QualityTimelineState, 'segments' | 'results'>;

const wordOf = (score: number | null): string | undefined =>
  score === null ? undefined : bands[bandOf(score).grade - 1]?.word;

/** Assessed segments only; one without a score is `null` with its reason. */
export function timelineCsv({ segments, results }: Timeline): string {
  return segmentCsv(
    segments.flatMap((segment, at) => {
      const result = results[at];
      if (!result) return [];
      const { score, expected, named, seconds, error, reason } = result;
      return [
        {
          ...segment,
          score,
          band: wordOf(score),
          expected,
          named,
          seconds: Number(seconds.toFixed(3)),
          error: error?.code ?? reason,
        },
      ];
    }),
  );
}

/** The file that reopens the timeline when it is dropped on the page. */
export const timelineJson = ({ timeline }: StoredTimeline): string =>
  `${JSON.stringify(timeline, null, 1)}\n`;

const escapeXml = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The plot on white paper. */
export function timelineSvg(
  steps: readonly Step[],
  labels: readonly { readonly position: number; readonly label: string }[],
  title: string,
  facts: string,
): string {
  const [width, height, left, top] = [960, 240, 40, 44];
  const text = (x: number, y: number, content: string, anchor: string, size = 12) =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
  const grades = [1, 2, 3, 4, 5].map((grade) => {
    const y = (1 - (grade - 1) / 4) * height;
    return `<path d="M0 ${y}H${width}" stroke="#dadada"/>${text(-10, y + 4, String(grade), 'end')}`;
  });
  const none = steps
    .filter(({ y }) => y === null)
    .map(({ from, to }) => {
      const [x, w] = [from * width, (to - from) * width];
      return `<rect x="${x.toFixed(1)}" width="${w.toFixed(1)}" height="${height}" fill="url(#none)"/>`;
    });
  const body = [
    ...none,
    ...grades,
    `<path d="${stepPath(steps, width, height)}" fill="none" stroke="#171717" stroke-width="2"/>`,
    ...labels.map(({ position, label }) => text(position * width, height + 20, label, 'middle')),
    text(0, height + 48, facts, 'start'),
  ].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + left + 24} ${height + top + 64}" font-family="system-ui,sans-serif"><defs><pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" stroke="#848484"/></pattern></defs><rect width="100%" height="100%" fill="#fff"/>${text(left, 26, title, 'start', 14)}<g transform="translate(${left} ${top})">${body}</g></svg>`;
}
