/** CSV exports (RFC 4180, CRLF): the page's table, and the three columns of the released scripts. Ours. */

/** One video of the page's table; an absent number is written as nothing, an unreadable score as `null`. */
export interface ScoreRow {
  readonly file: string;
  readonly score: number | null;
  /** Word of the band. */
  readonly band?: string | undefined;
  readonly expected?: number | undefined;
  /** 95 % interval over k answers. */
  readonly ciLow?: number | null | undefined;
  readonly ciHigh?: number | null | undefined;
  readonly k: number;
  /** Distortions that the reasoning names. */
  readonly named: readonly string[];
  readonly seconds?: number | undefined;
  /** Why there is no score. */
  readonly error?: string | undefined;
}

export type Cell = string | number | null | undefined;

/** Cells of one row, quoted where they need it; no line end. */
export function csvLine(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      const text = cell === undefined ? '' : String(cell);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}

const table = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

/** `file,score,band,expected,ci_low,ci_high,k,named,seconds,error`. */
export function scoreCsv(rows: readonly ScoreRow[]): string {
  return table([
    'file,score,band,expected,ci_low,ci_high,k,named,seconds,error',
    ...rows.map((r) =>
      csvLine([
        r.file,
        r.score,
        r.band,
        r.expected,
        r.ciLow ?? undefined,
        r.ciHigh ?? undefined,
        r.k,
        r.named.join(';'),
        r.seconds,
        r.error,
      ]),
    ),
  ]);
}

interface OfficialRow {
  /** Path as the score table names it. */
  readonly filename: string;
  readonly predicted: number | null;
  /** As it stands in the table, not a number that was read and printed again. */
  readonly truth: string;
}

/** `filename,pred_score,gt_score`, as the released batch script writes it. */
export function officialCsv(rows: readonly OfficialRow[]): string {
  return table([
    'filename,pred_score,gt_score',
    ...rows.map((r) => csvLine([r.filename, r.predicted, r.truth])),
  ]);
}

/** One segment of a video: quality over time. */
interface SegmentRow extends Pick<ScoreRow, 'score' | 'band' | 'expected' | 'named' | 'seconds' | 'error'> {
  /** Seconds from the clip's first frame. */
  readonly start: number;
  readonly end: number;
  /** First source frame, counted from 0, and how many there are. */
  readonly from: number;
  readonly frames: number;
}

/** `start,end,first_frame,frames,score,band,expected,named,seconds,error`. */
export function segmentCsv(rows: readonly SegmentRow[]): string {
  return table([
    'start,end,first_frame,frames,score,band,expected,named,seconds,error',
    ...rows.map((r) =>
      csvLine([
        r.start,
        r.end,
        r.from,
        r.frames,
        r.score,
        r.band,
        r.expected,
        r.named.join(';'),
        r.seconds,
        r.error,
      ]),
    ),
  ]);
}
