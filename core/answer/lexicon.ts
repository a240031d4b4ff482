/**
 * Distortions that a reasoning text names or rules out ("no shaking", "free of noise", "blur is not visible"), by a
 * word list. A negation reaches to the end of its clause and through its list. Ours.
 */
import { isSettled, phraseEnd } from '../text/clause.ts';
import { distortionTerms } from './distortion-terms.ts';

export interface DistortionMark {
  /** Span in UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly id: string;
  readonly says: 'found' | 'ruled-out';
}

export interface Distortions {
  /** Ids in the order of first mention. */
  readonly named: readonly string[];
  /** Ruled out and nowhere found. */
  readonly ruledOut: readonly string[];
}

const english = (patterns: readonly string[]) =>
  `\\b(?:${patterns.join('|')})(?![\\p{L}\\p{N}_])`.replaceAll('~', '[ -]');
const longestFirst = (terms: readonly string[]) => [...terms].sort((a, b) => b.length - a.length).join('|');

/** One group a term; the first group that matches at a position wins. */
const anyTerm = new RegExp(
  distortionTerms.map((t) => `(${english(t.en)}|${longestFirst(t.zh)})`).join('|'),
  'giu',
);

const labels = new Map(distortionTerms.map((t) => [t.id, t.label]));

/** Name of a distortion for people. */
export function distortionLabel(id: string, language: 'en' | 'zh'): string {
  return labels.get(id)?.[language] ?? id;
}

const negator =
  /\b(?:no|not|without|never|neither|nor|none of|cannot|free (?:of|from)|lack(?:s|ing)?(?: of)?|absence of|absent|devoid of|hardly any|barely any|(?:little|few) (?:to|or) no|rather than|instead of|avoid(?:s|ed|ing)?)\b|n['’]t\b|没有|没|毫无|并无|无(?!法)|未(?:见|出现|发现|发生|观察到|受到|有)?|不存在|看不到|看不出|并非|不是|不含|避免/giu;
/** Phrases that contain a negator and negate nothing. */
const noNegator =
  /^(?:not (?:only|just|merely|simply|(?:\w+ )?(?:free|without|devoid|immune|stable|steady|smooth|natural|good|great|ideal|perfect|clean|consistent|uniform|bright|vivid|enough))\b|no doubt|no wonder|never (?:free|without)|cannot (?:hide|avoid|remove|overlook|ignore|miss|deny)|不仅|不只|没能|未能)/iu;
/** Ends of the reach of a negator. */
const reachEnd =
  /[.!?;:](?=\s)|[。，！？；：\n]|\b(?:but|however|although|though|while|whereas|yet|except|apart from|besides|only|despite|still)\b|[,，]? ?\band (?:the|there|it|its|this|some|a|an|is|are|has|have|shows?|slight|mild|heavy|strong|severe)\b|, (?:the|there|it|its|this|some|a|an|slight|mild|heavy|strong|severe|moderate|with|which|making|leading|causing)\b|\b(?:is|are|was|were)\b.*?(?:,|\band\b)|但|却|然而|不过|只有|仅有|而且有|存在(?!任何)|(?<!没|未)有(?:轻微|明显|一些|较|严重|些)/iu;
/** Words between a negator and the last term of its list. */
const reach = 16;

/** Text after a term that rules it out, within the same clause. */
const ruledOutAfter =
  /^(?:-free\b|\s+(?:and\s+[\p{L}-]+\s+|or\s+[\p{L}-]+\s+)?(?:(?:is|are|was|were|does|do|did|can|could|has|have)(?:\s+|(?=n['’]t))(?:[\p{L}]+\s+){0,1}?(?:not\b|n['’]t\b|hardly\b|barely\b|never\b|scarcely\b)|(?:isn|aren|wasn|weren|doesn|don|didn|can|couldn|hasn|haven)['’]t\b|cannot\b)\s*(?:be\s+)?(?:[\p{L}]+\s+){0,2}?(?:visible|noticeable|present|apparent|evident|seen|observed|detected|found|perceptible|obvious|occur|appear|exist|an issue|a problem|a concern|introduced)\b|\s+(?:is|are|was|were)\s+(?:[\p{L}]+\s+)?(?:absent|non-?existent|imperceptible|invisible|well[- ]controlled|well[- ]suppressed)\b|(?:并|都|均|也|几乎)*(?:不明显|不可见|不存在|没有出现|未出现|控制良好|控制得当|几乎不可见|看不到|不易察觉))/iu;

/** @param taken spans of terms before this one; a negator inside one ("lack of detail") is part of that defect's name */
function isNegatedBefore(text: string, start: number, taken: readonly DistortionMark[]): boolean {
  const offset = Math.max(0, start - 240);
  const before = text.slice(offset, start);
  for (const match of [...before.matchAll(negator)].reverse()) {
    const at = offset + match.index;
    if (taken.some((mark) => mark.start <= at && at < mark.end)) continue;
    if (noNegator.test(before.slice(match.index))) continue;
    const turnedRound =
      /\bnot (?:\w+ )?$/i.test(before.slice(0, match.index)) && /^(?:free|devoid)/i.test(match[0]);
    if (turnedRound) return false;
    const between = before.slice(match.index + match[0].length);
    return !reachEnd.test(between) && between.split(/\s+/).length <= reach;
  }
  return false;
}

function isRuledOutAfter(text: string, end: number): boolean {
  const after = text.slice(end, end + 120);
  const stop = phraseEnd.exec(after);
  return ruledOutAfter.test(stop === null ? after : after.slice(0, stop.index));
}

/** Number of words after a mark before it is shown in a text that still grows. */
const settledAfter = 10;

/**
 * Marks in a text, ascending, not overlapping.
 *
 * @param complete false while the text is being written: only marks are given that no further word can change, so
 *   that a mark once given stays
 */
export function findDistortions(text: string, complete = true): DistortionMark[] {
  const marks: DistortionMark[] = [];
  for (const match of text.matchAll(anyTerm)) {
    const term = distortionTerms[match.slice(1).findIndex((group) => group !== undefined)]!;
    const [start, end] = [match.index, match.index + match[0].length];
    if (!complete && !isSettled(text.slice(end, end + 160), phraseEnd, settledAfter)) break;
    const negated = isNegatedBefore(text, start, marks) || isRuledOutAfter(text, end);
    marks.push({ start, end, id: term.id, says: negated ? 'ruled-out' : 'found' });
  }
  return marks;
}

/** The distortions of a text, each once. */
export function distortionsOf(marks: readonly DistortionMark[]): Distortions {
  const named = new Set(marks.filter((m) => m.says === 'found').map((m) => m.id));
  const out = new Set(marks.filter((m) => m.says === 'ruled-out' && !named.has(m.id)).map((m) => m.id));
  return { named: [...named], ruledOut: [...out] };
}
