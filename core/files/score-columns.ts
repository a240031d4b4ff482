/**
 * The columns of a score table: which holds the files, which the MOS. Names decide where there is a header, the values
 * otherwise; a deviation, a frame rate or a number of votes is no MOS. Ours.
 */
import { readNumeral } from '../text/numeral.ts';

/** A column of numbers. */
export interface NumberColumn {
  /** Index in the file, from 0. */
  readonly index: number;
  /** Name in the header; null without a header. */
  readonly name: string | null;
  readonly low: number;
  readonly high: number;
}

export interface TableColumns {
  readonly header: readonly string[] | null;
  readonly path: number;
  /** Index of the MOS; null where no column can be one. */
  readonly mos: number | null;
  /** True where the header names the MOS or no other column can be it. */
  readonly sure: boolean;
  /** Columns that a person may choose as the MOS. */
  readonly numbers: readonly NumberColumn[];
}

/** Names in the order of preference, without case, spaces, punctuation and what stands in brackets. */
const PATH_NAMES: readonly string[] = [
  ...['path', 'videopath', 'filepath', 'filename', 'file', 'videofile', 'videofilename', 'video', 'videos'],
  ...['videoname', 'name', 'clip', 'clipname', 'stimulus', 'stimuli', 'pvs', 'distorted', 'dis', 'image'],
  ...['imagepath', 'imageid', 'videoid', 'vid', 'flickrid', 'clipid', 'fileid', 'id', 'key', 'sequence'],
  ...['文件', '文件名', '视频', '视频名', '路径'],
];
const MOS_NAMES: readonly string[] = [
  ...['mos', 'meanopinionscore', 'gtmos', 'gtscore', 'gt', 'groundtruth', 'subjectivescore', 'humanscore'],
  ...['score', 'label', 'rating', 'meanscore', 'meanrating', 'quality', 'qualityscore', 'overall', 'mean'],
  ...['主观分', '主观评分', '平均意见分', '评分', '分数', '得分'],
];
/** Higher is worse. */
const DIFFERENCE = /dmos|differenc/;
/** Columns of numbers that are not scores of people. */
const NOT_MOS =
  /std|stdev|deviation|^sd|sd$|^sos|variance|var$|conf|^ci|ci(\d*|low|high|lower|upper|min|max)$|stderr|error|votes?|ratings$|raters|subjects|^num|^n$|count|fps|framerate|^rate$|duration|length|^seconds|width|height|bitrate|kbps|size|frames|index|^no$|^row$|pred|model|ssim|psnr|vmaf/;

const normalised = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[([（【].*?[)\]）】]/g, '')
    .replace(/[^\p{L}\p{N}]/gu, '');

/** Frame rates of video, in frames per second. */
const RATES = [10, 12, 12.5, 15, 20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 90, 100, 119.88, 120];
const isRate = (value: number) => RATES.some((rate) => Math.abs(value - rate) < 0.05);

interface Numbers extends NumberColumn {
  readonly values: readonly (number | null)[];
}

/** Share of cells that must be numbers in a column of numbers. */
const MOSTLY = 0.5;

function numbersOf(rows: readonly (readonly string[])[], header: readonly string[] | null): Numbers[] {
  const width = rows.reduce((most, cells) => Math.max(most, cells.length), header?.length ?? 0);
  return Array.from({ length: width }, (_, index): Numbers => {
    const values = rows.map((cells) => readNumeral(cells[index] ?? ''));
    const present = values.filter((value) => value !== null);
    const low = present.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const high = present.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return { index, name: header?.[index]?.trim() ?? null, low, high, values };
  }).filter(({ values }) => {
    const n = values.filter((value) => value !== null).length;
    return n > 0 && n >= MOSTLY * values.length;
  });
}

/** The first record as a header: it holds a name of ours, or no number above columns of numbers. */
function headerOf(records: readonly (readonly string[])[]): readonly string[] | null {
  const [first, ...rest] = records;
  if (first === undefined || first.some((cell) => readNumeral(cell) !== null)) return null;
  const names = first.map(normalised);
  if (names.some((name) => PATH_NAMES.includes(name) || isMosName(name))) return first;
  if (first.some((cell) => VIDEO_NAME.test(cell.trim()))) return null;
  return numbersOf(rest, null).length > 0 && first.length > 1 ? first : null;
}

/** A name of the MOS, with a scale or a kind as well: `mos_5`, `MOS raw`, `Realignment MOS`. */
const isMosName = (name: string) => MOS_NAMES.includes(name) || isMosLike(name);

const isMosLike = (name: string) =>
  /mos|meanopinion/.test(name) && !NOT_MOS.test(name) && !DIFFERENCE.test(name);

/** Numbers above it in every row are identifiers of videos, not scores. */
const LEAST_ID = 1e5;
const VIDEO_NAME = /\.[a-z][a-z0-9]{1,4}$/i;

/** Column of the files: named so, or of names with an ending, or of distinct words, or the first. */
function pathColumn(
  rows: readonly (readonly string[])[],
  header: readonly string[] | null,
  numbers: readonly Numbers[],
): number {
  const names = header?.map(normalised) ?? [];
  for (const name of PATH_NAMES) if (names.includes(name)) return names.indexOf(name);
  const width = rows[0]?.length ?? 0;
  const share = (k: number, test: (cell: string) => boolean) =>
    rows.filter((cells) => test(cells[k]?.trim() ?? '')).length / rows.length;
  const columns = Array.from({ length: width }, (_, k) => k);
  const numeric = new Set(numbers.map(({ index }) => index));
  const withEnding = columns.find(
    (k) => !numeric.has(k) && share(k, (cell) => VIDEO_NAME.test(cell)) > MOSTLY,
  );
  const distinct = columns.find((k) => {
    if (numeric.has(k)) return false;
    return new Set(rows.map((cells) => cells[k])).size > 0.9 * rows.length;
  });
  const identifier = numbers.find(
    (column) => isWhole(column) && column.low > LEAST_ID && new Set(column.values).size > 0.9 * rows.length,
  );
  return withEnding ?? distinct ?? identifier?.index ?? 0;
}

/** @param records all records of the table, a header among them @param chosen column that a person chose as the MOS */
export function columnsOf(records: readonly (readonly string[])[], chosen?: number): TableColumns {
  const header = headerOf(records);
  const rows = header === null ? records : records.slice(1);
  const all = numbersOf(rows, header);
  const path = pathColumn(rows, header, all);
  const numbers = all.filter(({ index }) => index !== path);
  const { mos, sure } = mosColumn(numbers, header, rows[0]?.length ?? 0);
  const isChosen = chosen !== undefined && numbers.some(({ index }) => index === chosen);
  return {
    header,
    path,
    mos: isChosen ? chosen : mos,
    sure: isChosen || sure,
    numbers: numbers.map(({ index, name, low, high }) => ({ index, name, low, high })),
  };
}

interface Choice {
  readonly mos: number | null;
  readonly sure: boolean;
}

function mosColumn(numbers: readonly Numbers[], header: readonly string[] | null, width: number): Choice {
  if (header === null) return byValues(numbers, width);
  const names = header.map(normalised);
  for (const name of MOS_NAMES) {
    const at = names.indexOf(name);
    // A named column without numbers is taken too: each of its cells is then a fault of its line.
    if (at >= 0) return { mos: at, sure: true };
    if (name !== 'mos') continue;
    const like = names.findIndex(isMosLike);
    if (like >= 0) return { mos: like, sure: names.filter(isMosLike).length === 1 };
  }
  const possible = numbers.filter(({ index }) => {
    const name = names[index] ?? '';
    return !NOT_MOS.test(name) && !DIFFERENCE.test(name);
  });
  return byValues(possible, 0);
}

/** True for a header whose only score is a DMOS. */
export const isDifference = (name: string | null): boolean =>
  name !== null && DIFFERENCE.test(normalised(name));

/** Ranks of a column by its values, the most likely scale of a MOS first. */
const RANKS: readonly ((column: Numbers) => boolean)[] = [
  (column) => isOneToFive(column) && spreadOf(column) >= 2.5,
  (column) => isHundred(column) && spreadOf(column) >= 30,
  (column) => isOneToFive(column),
  (column) => isHundred(column),
  () => true,
];
const rankOf = (column: Numbers) => RANKS.findIndex((fits) => fits(column));
const isOneToFive = ({ low, high }: Numbers) => low >= 1 && high <= 5;
const isHundred = ({ low, high }: Numbers) => low >= 0 && high <= 100 && high > 1;
/** Least range of scores on 1–5 that are never taken for the deviation of another column. */
const LEAST_SPREAD = 1.5;

const spreadOf = ({ low, high }: Numbers) => high - low;
const isWhole = ({ values }: Numbers) => values.every((value) => value === null || Number.isInteger(value));

/**
 * The MOS by values alone. Left out: constant columns, row numbers, frame rates, and deviations (below another column in
 * every row, over a smaller range). Then scores on 1–5 before 0–100 before others, fractions before whole numbers, the
 * wider range first.
 *
 * @param width columns of the file
 */
function byValues(numbers: readonly Numbers[], width: number): Choice {
  const [only] = numbers;
  if (only === undefined) return { mos: null, sure: false };
  if (numbers.length === 1) return { mos: only.index, sure: true };
  // DOVER and FAST-VQA: path, duration, frame rate, MOS.
  const [, rate, last] = numbers;
  if (
    width === 4 &&
    last?.index === 3 &&
    rate?.index === 2 &&
    rate.values.every((v) => v === null || isRate(v))
  )
    return { mos: 3, sure: true };
  const varying = numbers.filter((column) => spreadOf(column) > 0);
  const scores = varying.filter(
    (column) => !isSequence(column) && !isRates(column) && !varying.some((one) => isDeviation(column, one)),
  );
  const left = scores.length > 0 ? scores : varying.length > 0 ? varying : numbers;
  const ranked = left.toSorted(
    (a, b) => rankOf(a) - rankOf(b) || Number(isWhole(a)) - Number(isWhole(b)) || spreadOf(b) - spreadOf(a),
  );
  const first = ranked[0]!;
  const rivals = ranked.filter((column) => column !== first && isScale(column));
  return { mos: first.index, sure: scores.length > 0 && rivals.length === 0 };
}

/** False for shares of one, and for what goes over 100. */
const isScale = ({ low, high }: Numbers) => high <= 100 && !(low >= 0 && high <= 1);

const isSequence = ({ values }: Numbers) =>
  values.length > 2 && values.every((value, i) => i === 0 || value === (values[i - 1] ?? Number.NaN) + 1);

const isRates = ({ values }: Numbers) => values.every((value) => value === null || isRate(value));

/** True for values below those of another column on 0–100 in every row, over less than half of its range. */
function isDeviation(column: Numbers, other: Numbers): boolean {
  if (column === other || !isHundred(other) || spreadOf(column) >= 0.5 * spreadOf(other)) return false;
  // Numbers above scores on 1–5 may be votes or seconds.
  if (isOneToFive(column) && spreadOf(column) >= LEAST_SPREAD) return false;
  return column.values.every((value, i) => {
    const above = other.values[i];
    return value === null || above == null || value < above;
  });
}
