/**
 * Times in a reasoning text ("frame 6", "at 0:04", "the second half") and the sampled frames they mean. A phrase that
 * maps to no frame of the video stays plain text. Ours.
 */
import { clauseEnd, isSettled } from '../text/clause.ts';

/** The clip as the model saw it. */
export interface Timeline {
  /** Seconds of each sampled frame, ascending, [N]. */
  readonly times: readonly number[];
  /** Seconds. */
  readonly duration: number;
}

export interface TimeMark {
  /** Span in UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Sampled frames it means, positions 0 … N − 1, ascending, at least one. */
  readonly frames: readonly number[];
  /** Where a click seeks to, in seconds. */
  readonly time: number;
}

const englishNumbers = 'one two three four five six seven eight nine ten eleven twelve'.split(' ');
const englishOrdinals =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth'.split(' ');
const hanDigits = '一二三四五六七八九';

/** 12, "twelve", "twelfth", "12th", "十二", "两"; NaN for anything else. */
function numberOf(text: string): number {
  const word = text.toLowerCase();
  if (/^\d/.test(word)) return Number.parseFloat(word);
  const named = Math.max(englishNumbers.indexOf(word), englishOrdinals.indexOf(word));
  if (named >= 0) return named + 1;
  if (word === '两') return 2;
  const tens = word.indexOf('十');
  const unit = hanDigits.indexOf(word.at(-1) ?? '') + 1;
  if (tens < 0) return word.length === 1 && unit > 0 ? unit : Number.NaN;
  return (tens === 0 ? 1 : hanDigits.indexOf(word[0]!) + 1) * 10 + unit;
}

const seconds = '\\d+(?:\\.\\d+)?';
const word = `(?:${englishNumbers.join('|')})`;
const ordinal = `(?:${englishOrdinals.join('|')}|\\d{1,3}(?:st|nd|rd|th))`;
const han = '(?:\\d{1,3}|[一二三四五六七八九十两]{1,3})';
const unit = '(?:s|sec|secs|seconds?)\\b';
const clock = '\\d{1,2}:\\d{2}(?:\\.\\d+)?(?![\\d:])';
const to = '\\s*(?:-|–|—|~|to|through|till|until|and)\\s*';
const separator =
  '(?:\\s*,\\s*(?:and\\s+)?|\\s+(?:and|or|to|through|till|until)\\s+|\\s*[&–—~-]\\s*)(?:frames?\\s*)?';
const listOf = (item: string) => `${item}(?:${separator}${item})*`;

/** Frames, and the second that a click goes to where the text names one. */
type Meaning = (clip: Timeline, groups: Groups, text: string) => readonly number[] | null;
type Groups = Readonly<Record<string, string | undefined>>;

const all = (N: number) => Array.from({ length: N }, (_, k) => k);

/** Frames whose cell begins in the part [from, to) of the strip; at least one. */
const part =
  (from: number, end: number): Meaning =>
  ({ times }) => {
    const N = times.length;
    const chosen = all(N).filter((k) => k >= Math.floor(from * N) && k < Math.ceil(end * N));
    return chosen.length > 0 ? chosen : [Math.min(N - 1, Math.floor(from * N))];
  };

function nearest(times: readonly number[], time: number): number {
  return all(times.length).reduce((best, k) =>
    Math.abs(times[k]! - time) < Math.abs(times[best]! - time) ? k : best,
  );
}

/** Seconds of "0:04" or "4.5". */
function secondsOf(text: string): number {
  const [minutes, rest] = text.split(':');
  return rest === undefined ? Number.parseFloat(text) : Number(minutes) * 60 + Number(rest);
}

/** Half a second past the end is still the end. */
const slack = 0.5;

function at({ times, duration }: Timeline, time: number): readonly number[] | null {
  return time >= 0 && time <= duration + slack ? [nearest(times, time)] : null;
}

function between({ times, duration }: Timeline, from: number, end: number): readonly number[] | null {
  if (!(from >= 0 && end >= from && from <= duration + slack)) return null;
  const inside = all(times.length).filter((k) => times[k]! >= from && times[k]! <= end);
  return inside.length > 0 ? inside : [nearest(times, (from + end) / 2)];
}

/** Frames of a list counted from 1 ("3, 4 and 7", "3 to 5", "第3至第5帧"); null if one is not among the sampled. */
function listed(text: string, N: number): readonly number[] | null {
  const indices = new Set<number>();
  let last = Number.NaN;
  let open = false;
  for (const token of text.toLowerCase().match(/\d+|[a-z]+|[-–—~至到]|[一二三四五六七八九十两]+/g) ?? []) {
    if (/^(?:[-–—~至到]|to|through|till|until)$/.test(token)) open = true;
    const number = numberOf(token);
    if (Number.isNaN(number)) continue;
    if (number < 1 || number > N) return null;
    for (let k = open && number > last ? last : number; k <= number; k++) indices.add(k - 1);
    last = number;
    open = false;
  }
  return indices.size > 0 ? [...indices].sort((a, b) => a - b) : null;
}

/** The first or last k frames. */
function outer(N: number, end: string, k: number): readonly number[] | null {
  if (!(k >= 1 && k <= N)) return null;
  return end === 'first' || end === '前' ? all(N).slice(0, k) : all(N).slice(N - k);
}

const parts: Readonly<Record<string, number>> = { half: 2, third: 3, quarter: 4 };

/** Longer readings first; group names differ between patterns. */
const patterns: readonly (readonly [source: string, means: Meaning])[] = [
  [
    // "frames one by one" names no frame: number words need the singular, or a list.
    `\\bframes?\\s*(?:numbers?\\s+|no\\.?\\s*|#)?(?<list>${listOf('\\d{1,3}')}|(?<=\\bframe )${word}|${word}${separator}${listOf(word)})(?![\\w:]|\\.\\d)`,
    (clip, g) => listed(g.list!, clip.times.length),
  ],
  [
    `\\b(?:the )?(?<end>first|last|final) (?<some>\\d{1,3}|${word}) frames\\b`,
    (clip, g) => outer(clip.times.length, g.end!.toLowerCase(), numberOf(g.some!)),
  ],
  [
    // A word is separated from its unit: "the last ones" is no last one second.
    `\\b(?:the )?(?<ends>first|last|final) (?<span>${seconds}|${word}(?=[ -]))[ -]?${unit}`,
    (clip, g) => {
      const length = numberOf(g.span!);
      if (!(length <= clip.duration + slack)) return null;
      const last = Math.max(0, clip.duration - length);
      return g.ends!.toLowerCase() === 'first'
        ? between(clip, 0, length)
        : between(clip, last, clip.duration);
    },
  ],
  [
    `\\b(?:the )?(?<nth>${ordinal}|last|final) frame\\b`,
    ({ times }, g) => {
      const k = /^(?:last|final)$/i.test(g.nth!) ? times.length : numberOf(g.nth!);
      return listed(String(k), times.length);
    },
  ],
  [
    '\\b(?:the )?(?<which>first|second|third|fourth|last|final|latter|opening|closing) (?<part>half|third|quarter)\\b',
    (clip, g, text) => {
      const n = parts[g.part!.toLowerCase()]!;
      const i = /^(?:last|final|latter|closing)$/i.test(g.which!)
        ? n
        : numberOf(g.which!.replace(/opening/i, 'first'));
      return i <= n ? part((i - 1) / n, i / n)(clip, g, text) : null;
    },
  ],
  [
    `(?:\\bfrom |\\bbetween |\\b(?=\\d{1,2}:))(?<from>${clock}|${seconds})(?:[ -]?${unit})?${to}(?<to>${clock}|${seconds}[ -]?${unit})`,
    (clip, g) => between(clip, secondsOf(g.from!), secondsOf(g.to!)),
  ],
  [
    `\\b(?:at|around|near|by|after) (?:the |about |around )*(?<at>${clock}|${seconds}(?=[ -]?${unit}))(?:[ -]?${unit})?(?: mark| point)?`,
    (clip, g) => at(clip, secondsOf(g.at!)),
  ],
  [`\\b(?<clock>${clock})`, (clip, g) => at(clip, secondsOf(g.clock!))],
  [`\\b(?<mark>${seconds})[ -]?${unit} mark\\b`, (clip, g) => at(clip, secondsOf(g.mark!))],
  [
    '\\b(?:at|in|near|towards?|from) the (?:very )?(?:beginning|start|opening)\\b(?! (?:half|third|quarter))',
    part(0, 0.25),
  ],
  ['\\b(?:at|near|towards?|by) the (?:very )?end\\b', part(0.75, 1)],
  ['\\bearly on\\b', part(0, 0.5)],
  ['\\blater on\\b', part(0.5, 1)],
  ['\\b(?:in|around|near) the middle\\b|\\b(?:half-?way|mid-?way) through\\b', part(1 / 3, 2 / 3)],
  [
    '\\bthroughout\\b|\\bfrom (?:the )?(?:start|beginning) to (?:the )?(?:end|finish)\\b|\\b(?:all|every|each)(?: of the| the)? frames?\\b|\\b(?:the )?(?:whole|entire) (?:video|clip|sequence)\\b',
    part(0, 1),
  ],
  [
    `第${han}(?:\\s*(?:、|和|与|及|到|至|[-–~])\\s*第?${han})*\\s*帧(?:\\s*(?:、|和|与|及|到|至)\\s*第${han}帧)*`,
    (clip, _, text) => listed(text, clip.times.length),
  ],
  [
    `(?<hanEnd>最后|前|后)(?<hanSome>${han})帧`,
    (clip, g) => outer(clip.times.length, g.hanEnd!, numberOf(g.hanSome!)),
  ],
  [
    `第?(?<hanFrom>${seconds})秒?\\s*(?:到|至|[-–~])\\s*第?(?<hanTo>${seconds})秒`,
    (clip, g) => between(clip, secondsOf(g.hanFrom!), secondsOf(g.hanTo!)),
  ],
  [
    `第(?<hanAt>${seconds})秒|(?<hanBy>${seconds})秒(?=处|时|左右)`,
    (clip, g) => at(clip, secondsOf(g.hanAt ?? g.hanBy!)),
  ],
  ['首帧', ({ times }) => listed('1', times.length)],
  ['末帧', ({ times }) => listed(String(times.length), times.length)],
  ['前半(?:段|部分|程)', part(0, 0.5)],
  ['后半(?:段|部分|程)', part(0.5, 1)],
  ['开头|开场|片头|起始(?:部分|处)|一开始', part(0, 0.25)],
  ['结尾|末尾|片尾|最后(?:部分|阶段)', part(0.75, 1)],
  ['中间(?:部分|段)|中段', part(1 / 3, 2 / 3)],
  ['全程|整段(?:视频)?|所有帧|每一帧|始终', part(0, 1)],
];

const anyPhrase = new RegExp(patterns.map(([source], i) => `(?<p${i}>${source})`).join('|'), 'giu');

/** Number of words after a phrase before it is marked in a text that still grows. */
const settledAfter = 5;

/**
 * Phrases of a text that mean frames of this clip, ascending, not overlapping.
 *
 * @param complete false while the text is being written: only marks are given that no further word can change
 */
export function findTimes(text: string, clip: Timeline, complete = true): TimeMark[] {
  if (clip.times.length === 0) return [];
  const marks: TimeMark[] = [];
  for (const match of text.matchAll(anyPhrase)) {
    const groups: Groups = match.groups ?? {};
    const [start, end] = [match.index, match.index + match[0].length];
    if (!complete && !isSettled(text.slice(end, end + 80), clauseEnd, settledAfter)) break;
    const pattern = patterns.find((_, i) => groups[`p${i}`] !== undefined)!;
    const frames = pattern[1](clip, groups, match[0]);
    if (frames === null) continue;
    const stated =
      groups.at ??
      groups.clock ??
      groups.mark ??
      groups.hanAt ??
      groups.hanBy ??
      groups.from ??
      groups.hanFrom;
    const time = stated === undefined ? clip.times[frames[0]!]! : Math.min(secondsOf(stated), clip.duration);
    marks.push({ start, end, frames, time });
  }
  return marks;
}
