/** Texts of level scores in English. */
import { count, plural } from '../../../../../core/text/format.ts';

export const levelsEn = {
  title: 'Score',
  of: 'of 100',
  spokenOf: (score: string): string => `${score} of 100`,
  /** Worst to best. */
  names: ['Low', 'Poor', 'Fair', 'Good', 'High'],
  emptyLine: 'One number from 0 to 100: the mean of the five levels by their probabilities. No text.',
  waiting: 'not yet',
  waitingLine: 'The model reads the whole prompt once. It writes no text.',
  stopped: 'Stopped before the score.',
  stoppedLine: 'The features that are computed are kept.',
  none: 'No score',
  track: (score: string, level: string): string => `${score} of 0 to 100, level ${level}`,
  trackEmpty: 'Scale from 0 to 100, no score yet',
  spoken: (score: string, level: string): string => `Score ${score} of 100, ${level}.`,
  noPopulation: 'Not compared with human ratings here, so no percentile is given.',
  entropy: (nats: string, most: string): string => `Entropy ${nats} of at most ${most}.`,
  sure: 'Most of the probability lies on one level.',
  unsure: 'The probability is spread over several levels.',
  levelsTitle: 'Levels',
  levelsNote: 'probability of each',
  levelsEmpty: 'Five levels, each with the probability that the model gives it as the next word.',
  level: 'Level',
  probability: 'Probability',
  worth: 'Points',
  mean: 'Mean',
  scriptScore: (value: string): string => `On this protocol’s scale from 0.2 to 1 the score is ${value}.`,
  askedTitle: 'How it was asked',
  protocol: 'Protocol',
  protocols: {
    'ugc-2024': 'ugc-2024: frames and motion of every 8th frame',
    'ugc-2025': 'ugc-2025: frames and motion of every frame, no question',
    'streaming-2024': 'streaming-2024: frames alone',
    'image-2025': 'image-2025: an image',
  },
  ofPackage: 'the package’s',
  otherProtocol: 'Not the protocol that the package names for itself.',
  read: 'Read',
  readValue: (keys: number, dense: number, step: number): string =>
    dense === 0
      ? `${plural(keys, 'frame', 'frames')}, one a second`
      : `${plural(keys, 'frame', 'frames')}, one a second; motion in ${plural(dense, 'frame', 'frames')}${step === 1 ? '' : `, every ${step}th`}`,
  tokens: 'Tokens',
  tokensValue: (n: number): string => `${count(n)}, read once`,
  tokensReused: (n: number, reused: number): string => `${count(n)}, ${count(reused)} of them reused`,
  promptTitle: 'The prompt, byte for byte',
  promptHelp: (n: number): string =>
    `Each <image> stands for ${n === 1 ? 'the block' : 'a block'} of tokens. The score is read from the word that comes next.`,
  introTitle: 'What this model does',
  intro: [
    'It looks at one frame of each second and at the motion between frames.',
    'It then weighs five words: high, good, fair, poor, low. The score is the mean of their points by probability.',
    'It gives no reasons. A model of the other family writes them.',
  ],
  textHead: (score: string, level: string): string => `Score ${score} of 100, ${level}`,
  textLevels: 'Levels',
  textFile: 'File',
  textModel: 'Model',
  textTime: 'Time',
  textPrompt: 'Prompt',
};

export type LevelMessages = typeof levelsEn;
