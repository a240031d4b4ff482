/** Words of the Assess page in English, beside those in `en.ts` that other pages share. */
import { count, THIN } from '../../../core/text/format.ts';

export const assessEn = {
  modelMissing: 'Model not loaded',
  queueTitle: 'Next',
  queueRemove: (name: string): string => `Take ${name} out of the line`,
  queueFull: (n: number): string => `Three videos wait already; ${count(n)} more were not taken.`,
  queueStart: 'Start the next one',
  others: (n: number): string => `Only videos can be assessed; ${count(n)} other files were left out.`,
  truncated: (present: number, frames: number): string =>
    `The file ends early: ${count(present)} of ${count(frames)} frames are there, and the model sees those.`,
  foreign:
    'The browser made the colours of this file itself; another machine may give slightly other pixels.',
  hdr: (curve: string): string =>
    `This is ${curve} video. Its values are used as they are, without tone mapping.`,
  long: (frames: number, gap: string): string =>
    `One score says little about a video this long: the ${frames} frames lie ${gap}${THIN}s apart.`,
  overTime: 'Quality over time',
  oneThread:
    'One processor thread: this host sends no isolation headers. Reload the page once and all threads are used.',
  oneThreadNever: 'One processor thread: the browser does not isolate this page, so it runs slower.',
  textHead: (score: string, grade: string): string => `Score ${score} of 5, ${grade}`,
  textNone: (why: string): string => `No score. ${why}`,
  textFile: 'File',
  textModel: 'Model',
  textFrames: 'Frames',
  textTime: 'Time',
  textReasoning: 'Reasoning',
  textNamed: 'Named',
  textRuledOut: 'Ruled out',
  textScale: 'Scale',
  copiedText: 'Copied',
  exportOfficial: 'Row as CSV, official columns',
  reopenedTitle: (date: string): string => `Result of ${date}`,
  reopenedOther: (name: string): string =>
    `This is not ${name}: the content differs. It is assessed as a new video.`,
  checking: (name: string): string => `Checking whether this is ${name}`,
  aboutTitle: 'About this scale',
  aboutHeldOut: (n: number, population: string): string =>
    `The model gives its own number from 1 to 5. The percentile says how many of ${count(n)} clips it never saw in training (${population}) it scored lower. No person rated those clips, so the number is no human opinion score.`,
  aboutHuman: (dataset: string, n: number): string =>
    `The model was trained to give human opinion scores. The percentile says how many of the ${count(n)} videos of ${dataset} people scored lower.`,
  aboutUnmeasured:
    'Nobody has measured this model, so its score stands alone: from 1 to 5, higher is better, and no percentile is given.',
  aboutRule:
    'The word is the grade nearest to the number, with the cuts half-way between grades. The same video and the same model give the same text and the same number.',
  frameFile: (name: string, frame: number): string => `${name}-frame-${frame}.png`,
  fileFacts: 'Facts of the file',
  notPlayable: 'This browser cannot play this file; its frames are decoded one by one.',
  hidden: 'An edit list hides this frame in players; the model sees it.',
  modelValue: (name: string, dtype: string, backend: string): string => `${name}, ${dtype}, ${backend}`,
  onProcessor: 'processor',
  onAdapter: 'graphics adapter',
};

export type AssessMessages = typeof assessEn;
