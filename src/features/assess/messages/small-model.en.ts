/** Texts about the small model and about distortions, in English. */
import { correlation, count, plural, THIN } from '../../../../core/text/format.ts';
import type { Remedy } from '../distortions/cards.ts';

const percent = (share: number): string => `${(share * 100).toFixed(share > 0.99 ? 1 : 0)}${THIN}%`;

/** Lines of the sheet by metric: its value and the number of clips, scenes or series. */
const measured = {
  attribution: (value: number, n: number): string =>
    `Of ${count(n)} generated clips with one distortion it named the right one first in **${percent(value)}**.`,
  srcc: (value: number, n: number): string =>
    `Its penalty follows the strength of the distortions put into ${count(n)} generated clips: SRCC **${correlation(value)}**.`,
  ladder: (value: number, n: number): string =>
    `The stronger a distortion, the lower the score: mean rank correlation **${correlation(value)}** over 14 distortions of ${count(n)} real clips.`,
  shuffle: (value: number, n: number): string =>
    `It prefers the original to the same frames in shuffled order in **${percent(value)}** of ${count(n)} scenes.`,
};

export const smallEn = {
  sentence:
    'A small model (4.8 M parameters), trained without human ratings. It tends to be hard on real footage.',
  more: 'What it can and cannot do',
  title: 'What the small model can and cannot do',
  lead: 'VQAThinker small has 4.8 million parameters, ships with this page and runs anywhere. It is no substitute for people, nor for the 8B.',
  cannotTitle: 'Limits',
  /** Estimate of people's score, by another head. */
  people: {
    name: 'Estimate of people’s score',
    value: (score: string, half: string): string => `**${score}** ± ${half}`,
    running: 'being computed',
    waiting: 'after the answer',
    unavailable: 'not possible for this video',
    basis: (sets: number): string => `from features of ${plural(sets, 'public set', 'public sets')}`,
    short: 'A video of fewer than four frames has no such features, so no estimate.',
    about: (n: number, sets: string, half: string, tests: number): string =>
      `**The estimate of people’s score comes from another part** than text and score. It learnt from ratings of ${count(n)} videos (${sets}), by 47 measured features of each. 95${THIN}% of ${count(tests)} test videos lay within ${half} of it.`,
  },
  /** Of a score on the model's own scale. */
  cannotUnrated: [
    '**Its score is not a human rating.** It was trained on generated clips and photographs with known distortions; nobody rated them.',
    '**It is hard on real footage.** Clips that look fine often get Fair or Poor.',
  ],
  /** Of a score that was learnt from ratings. */
  human: {
    sentence: (sets: number): string =>
      `A small model (4.8 M parameters). It estimates how people would rate, from features of ${plural(sets, 'public set', 'public sets')} of ratings.`,
    estimate: (n: number, sets: string): string =>
      `**Its score is an estimate, not a rating.** It learnt from people’s ratings of ${count(n)} videos (${sets}), by 47 measured features of each; it did not see these videos.`,
    elsewhere: (low: number, high: number): string =>
      low === high
        ? `**On other footage it agrees less with people**: SRCC **${correlation(low)}** on a set left out of training.`
        : `**On other footage it agrees less with people**: SRCC **${correlation(low)}** to **${correlation(high)}** on a set left out of training.`,
    cannot: [
      'Screen recordings, animation and footage of fewer than 200 lines were hardly among the rated videos.',
      'How much a distortion takes off is a convention of this project; people did not rate it.',
      'Noise in small or compressed footage can raise it: in users’ videos detail goes with quality.',
    ],
    short: 'A video of fewer than four frames has no such features; its score starts from an average video.',
    test: (name: string, value: number, n: number): string =>
      `Agreement with people on ${count(n)} videos of ${name} that were kept for testing: SRCC **${correlation(value)}**.`,
  },
  cannot: [
    '**It rather names a faint fault than miss one**, also in clean clips.',
    'It names at most three distortions of 17: no ghosting, aliasing, lip sync, content or beauty.',
    'Its words come from closed-form statistics of the frames. It does not recognise what is in them, and never says where in the frame.',
    'Weak points: light noise on soft or compressed footage, exposure that depends on the scene, dropped frames in slow motion.',
    'The real clips in its training came from 17 sources, many of them of robots at work. It answers in English.',
  ],
  canTitle: 'Measured',
  measured,
  source:
    'Values of the model card, with intervals and commands there. The same video always gets the same text and score.',
  larger: 'Use a larger model',
  card: 'Model card, on Models',
};

export const cardEn = {
  about: (label: string): string => `About ${label}`,
  causes: 'Usual causes:',
  helps: 'What helps',
  at: { camera: 'Camera, phone', encoder: 'Export', editor: 'Editor' } satisfies Record<Remedy, string>,
  source: 'General advice, written by people for this page. Not the model’s words.',
};

export type SmallMessages = typeof smallEn;
export type CardMessages = typeof cardEn;
