/**
 * The five grades of the ACR scale (ITU-T P.910) and the bands of the ruler: a score belongs to the nearest grade.
 * Ours.
 */

export type Grade = 1 | 2 | 3 | 4 | 5;
type GradeWord = 'bad' | 'poor' | 'fair' | 'good' | 'excellent';

export interface Band {
  readonly grade: Grade;
  /** Key of the grade's name in the page's messages. */
  readonly word: GradeWord;
  /** Ends on the ruler, which runs from 1 to 5; the cuts lie half-way between grades and belong to the upper band. */
  readonly from: number;
  readonly to: number;
}

export const bands: readonly [Band, Band, Band, Band, Band] = [
  { grade: 1, word: 'bad', from: 1, to: 1.5 },
  { grade: 2, word: 'poor', from: 1.5, to: 2.5 },
  { grade: 3, word: 'fair', from: 2.5, to: 3.5 },
  { grade: 4, word: 'good', from: 3.5, to: 4.5 },
  { grade: 5, word: 'excellent', from: 4.5, to: 5 },
];

/** The band of a score; scores off the ruler belong to its last band on that side. */
export function bandOf(score: number): Band {
  return bands.find((band) => score < band.to) ?? bands[4];
}

/** Side of the ruler, from 1 to 5, that a score beyond it lies on. */
export function offRuler(score: number): 'below' | 'above' | null {
  if (score < 1) return 'below';
  return score > 5 ? 'above' : null;
}

/** Position of a score on the ruler, 0 = grade 1, 1 = grade 5; the needle stops at the ends. */
export function rulerPosition(score: number): number {
  return Math.max(0, Math.min((score - 1) / 4, 1));
}
