/** Texts of the Assess page in English. */
import { bytes, bytesOf, count, plural, THIN } from '../../../../core/text/format.ts';
import type { Lang } from '../../../../core/text/lang.ts';
import { en } from '../../../ui/messages/en.ts';
import { s } from '../../../ui/messages/seconds.ts';
import { cardEn, smallEn } from './small-model.en.ts';

export const assessEn = {
  small: smallEn,
  card: cardEn,
  model: {
    readyLine: (name: string, size: number, seconds: number): string =>
      `Model ready: ${name}, ${bytes(size)}, loaded in ${s(seconds, 1)}`,
  },
  drop: {
    title: 'Drop a video',
    titleTouch: 'Choose a video',
    lead: 'See what is right and wrong with its picture quality, then a score from 1 to 5. Any clip from a phone will do.',
    choose: 'Choose a file',
    sample: 'Try the sample clip',
    paste: 'or paste one',
    decodes: 'This browser decodes',
    cannot: 'cannot decode',
    containers: 'MP4 · MOV · WebM · MKV',
    image: 'That is an image. Drop a video instead.',
    motionPhoto: (name: string): string => `${name} is a motion photo: the short video in it is taken.`,
  },
  linked: {
    lead: (host: string): string =>
      `The address of this page names a video on ${host}. It is fetched from there and assessed on this device; nothing is uploaded.`,
    fetch: 'Fetch and assess',
    other: 'Open another video',
    again: 'Try again',
    progress: (done: number, total?: number): string =>
      total ? `Fetching: ${bytes(done)} of ${bytes(total)}` : `Fetching: ${bytes(done)}`,
    stop: 'Stop',
  },
  intro: {
    privateTitle: 'Nothing is uploaded',
    privateBody:
      'The page decodes only the frames it needs, on this device. No byte of the video is sent. Go offline and it still works.',
    reasonsTitle: 'The reasons come first',
    reasonsBody:
      'The model writes what it sees and only then gives its number. The same video gives the same answer.',
    checkTitle: 'Every step can be checked',
    checkBody:
      'See the frames the model saw, how long each step took, and the answer exactly as it was written.',
  },
  score: {
    title: 'Score',
    heading: 'Assess a video',
    afterReasoning: 'after the reasoning',
    afterReasoningLine: 'Comes after the reasoning.',
    emptyLine: 'One number from 1 to 5, given after the reasoning.',
    unknown: 'Score not known yet',
    writing: (n: number): string => `Writing, ${plural(n, 'word', 'words')}`,
    greedy: (model: string): string => `${model} · greedy · repeatable`,
    sampled: (model: string, answers: number, seed: number): string =>
      `${model} · ${plural(answers, 'answer', 'answers')} · seed ${seed}`,
    aboveHeldOut: (percent: number, n: number): string =>
      `Above **${percent}${THIN}%** of this model’s ${count(n)} held-out clips.`,
    modelScale: 'The model’s own scale, not a human rating.',
    aboveHuman: (percent: number, dataset: string): string => `Above **${percent}${THIN}%** of ${dataset}`,
    human: (n: number): string => `(${count(n)} videos, human scores).`,
    about: 'About this scale',
    noPopulation: 'No population is known for this model, so no percentile is given.',
    spread: (sd: string): string => `Standard deviation ${sd}.`,
    expected: (value: string): string => `Probability-weighted score ${value}.`,
    plusMinus: (half: string): string => `plus or minus ${half}, 95 percent interval of the mean`,
    readable: (readable: number, others: number): string =>
      `Mean of the ${plural(readable, 'answer', 'answers')} that gave a number; ${count(others)} did not.`,
    showUnreadable: 'Show',
    below: (end: number): string => `Below this scale’s ${end}.`,
    above: (end: number): string => `Above this scale’s ${end}.`,
    asWritten: 'Shown as the model wrote it.',
    notNumber: (answer: string): string => `The answer “${answer}” is not a number.`,
    noAnswer: 'The model gave no answer.',
    severalAnswers: 'The model gave more than one answer.',
    outOfRange: (answer: string): string => `The answer “${answer}” lies outside the model’s scale.`,
    tooLong: (tokens: number): string => `The model wrote ${count(tokens)} tokens without giving a score.`,
    stopped: (n: number): string =>
      n === 0 ? 'Stopped before the first word.' : `Stopped after ${plural(n, 'word', 'words')}.`,
    guessed: 'Nothing is guessed.',
    goesOn: 'What was written is kept.',
    showRaw: 'Show the raw answer',
    ruler: (value: string, low: number, high: number, grade: string): string =>
      `${value} of ${low} to ${high}, nearest grade ${grade}`,
    rulerEmpty: (low: number, high: number): string => `Scale from ${low} to ${high}, no score yet`,
    rulerNone: (low: number, high: number): string => `Scale from ${low} to ${high}, no score`,
    rulerSeveral: (
      value: string,
      low: number,
      high: number,
      grade: string,
      from: string,
      to: string,
      n: number,
    ): string =>
      `${value} of ${low} to ${high}, nearest grade ${grade}; mean of ${n} answers, 95 percent interval ${from} to ${to}`,
    spoken: (value: string, grade: string): string => `Score ${value}, ${grade}.`,
    spokenHeldOut: (percent: number, n: number): string =>
      `Above ${percent} percent of this model’s ${count(n)} held-out clips. The model’s own scale, not a human rating.`,
    spokenHuman: (percent: number, dataset: string, n: number): string =>
      `Above ${percent} percent of ${dataset}, ${count(n)} videos with human scores.`,
    spokenNone: 'No score.',
  },
  trace: {
    title: 'Reasoning',
    empty: 'The model writes here what it sees, before it gives a number.',
    none: 'The model wrote no reasoning.',
    /** `lang` is that of the text: Chinese is counted in characters. */
    wordCount: (n: number, lang: Lang): string =>
      lang === 'zh' ? plural(n, 'character', 'characters') : plural(n, 'word', 'words'),
    greedy: 'greedy',
    copy: 'Copy the reasoning',
    copied: 'Copied',
    follow: 'Follow',
    named: 'Named',
    namedSoFar: 'Named so far',
    ruledOut: 'Ruled out',
    nothingNamed: 'No distortion named',
    method: 'Found in the text by a word list, not marked by the model.',
    shows: (frames: string): string => `shows ${frames}`,
    raw: 'Raw answer',
    rawHelp: 'Everything the model wrote, tags included.',
    official: (value: string): string => `The official test code would have read ${value}.`,
    officialDefault: (value: string): string =>
      `The official test code would have replaced this unreadable answer by ${value}.`,
    stopped: 'The run was stopped before the model wrote anything.',
    otherLanguage: 'The model answers in Chinese.',
  },
  recent: {
    title: 'Recent',
    note: 'kept on this device',
    empty: 'Results are kept here, on this device.',
    remove: (name: string): string => `Delete the result of ${name}`,
    removed: (name: string): string => `${name} deleted.`,
    undo: 'Undo',
    noScore: 'No score',
    of100: 'of 100:',
    dropToPlay: (name: string): string => `Drop ${name} to play it`,
  },
  progress: {
    ...en.progress,
    loadingBytes: (loaded: number, total: number): string => {
      const { part, whole, unit } = bytesOf(loaded, total);
      return `${part} of ${whole}${THIN}${unit}`;
    },
    stages: {
      index: 'Index',
      decode: 'Decode',
      encodeVision: 'Vision',
      encodeMotion: 'Motion',
      prefill: 'Prefill',
      generate: 'Generate',
    },
    index: 'Reading the file’s index',
    decode: (done: number, total: number): string => `Decoding frame ${done} of ${total}`,
    encodeVision: (done: number, total: number): string => `Looking at frame ${done} of ${total}`,
    encodeMotion: 'Measuring motion',
    prefill: 'Putting it all together',
    generate: (n: number): string => `Writing, ${plural(n, 'word', 'words')}`,
    rate: (tokens: string): string => `${tokens} tokens/s`,
    left: (seconds: number): string =>
      seconds < 90
        ? `about ${Math.round(seconds)}${THIN}s left`
        : `about ${Math.round(seconds / 60)}${THIN}min left`,
    reused: 'reused',
    answers: (done: number, total: number): string => `Answer ${done} of ${total}`,
  },
  strip: {
    label: 'Timeline',
    value: (time: string, frame: number, frames: number): string =>
      `${time}, frame ${count(frame)} of ${count(frames)}`,
    frame: (nth: number, frame: number, time: string): string => `F${nth}: frame ${count(frame)}, ${time}`,
    repeats: 'the same frame as its neighbour',
    substituted: (frame: number, used: number): string =>
      `Frame ${count(frame)} could not be decoded; frame ${count(used)} was used.`,
    severalSubstituted: (n: number, all: number, frames: readonly number[]): string =>
      `${count(n)} of ${plural(all, 'frame', 'frames')} could not be decoded; their neighbours were used (${frames.map(count).join(', ')}).`,
  },
  time: {
    title: 'Time',
    inAll: (total: number, first: number): string => `${s(total)} in all, first word after ${s(first, 1)}`,
    inAllNoWord: (total: number): string => `${s(total)} in all`,
    total: 'Total',
    /** `pairs`: sampled frames, where each is looked at with its successor; null otherwise. */
    decoded: (decoded: number, frames: number, wanted: number, pairs: number | null): string => {
      const goal = `to get the ${count(wanted)} it needs${pairs === null ? '' : ` (${count(pairs)}, each with the one after it)`}`;
      return decoded > frames
        ? `${plural(decoded, 'decode', 'decodes')}, with retries, of ${plural(frames, 'frame', 'frames')} ${goal}.`
        : `Decoded ${count(decoded)} of ${plural(frames, 'frame', 'frames')} ${goal}.`;
    },
    wrote: (tokens: number, rate: string, where: string): string =>
      `Wrote ${plural(tokens, 'token', 'tokens')} at ${rate} a second on ${where}.`,
    reused: (n: number): string => `${plural(n, 'frame', 'frames')} reused.`,
    threads: (n: number): string => plural(n, 'processor thread', 'processor threads'),
    adapter: (name: string): string =>
      name === '' ? 'the graphics adapter' : `the graphics adapter ${name}`,
  },
  file: {
    image: 'Picture',
    length: 'Length',
    codec: 'Codec',
    colour: 'Colour',
    size: 'Size',
    model: 'Model',
    imageValue: (width: number, height: number, rate: string): string => `${width} × ${height}, ${rate}`,
    perSecond: (fps: string): string => `${fps} frames/s`,
    perMinute: (rate: string): string => `${rate} frames a minute`,
    rateUnknown: 'frame rate unknown',
    singleFrame: 'one picture',
    lengthValue: (seconds: number, frames: number): string =>
      `${s(seconds)}, ${plural(frames, 'frame', 'frames')}`,
    codecValue: (name: string, bits: number, chroma: string): string => `${name}, ${bits} bit, ${chroma}`,
    untagged: 'untagged, read as BT.601',
    tagged: (matrix: string, full: boolean): string => (full ? `${matrix}, full range` : matrix),
    hdr: (name: string): string => `${name}, no tone mapping`,
    sizeValue: (size: number, kilobits: number): string => `${bytes(size)}, ${count(kilobits)}${THIN}kb/s`,
    rotated: (degrees: number): string => `rotated by ${degrees}°`,
    mirrored: 'mirrored',
  },
  assess: {
    modelMissing: 'Model not loaded',
    queueTitle: 'Next',
    queueRemove: (name: string): string => `Remove ${name} from the queue`,
    queueFull: (n: number): string => `Three videos are already waiting; ${count(n)} more were not added.`,
    queueStart: 'Start the next one',
    closed: (name: string): string => `${name} was closed.`,
    undo: 'Undo',
    others: (n: number): string => `Only videos can be assessed; ${count(n)} other files were left out.`,
    truncated: (present: number, frames: number): string =>
      `The file ends early: ${count(present)} of ${count(frames)} frames are there, and the model sees those.`,
    foreign:
      'The browser converted the colours of this file itself; pixels may differ slightly on another machine.',
    hdrConverted: (curve: string): string =>
      `This is ${curve} video. The browser converted its colours itself, and another browser may do it differently.`,
    long: (frames: number, gap: string): string =>
      `One score says little about a video this long: the ${frames} frames lie ${gap}${THIN}s apart.`,
    overTime: 'Quality timeline',
    details: (seconds: string): string => `Time ${seconds}, file and model`,
    detailsFile: 'File and model',
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
      `The percentile says how many of ${count(n)} clips that the model never saw in training (${population}) it scored lower. No person rated those clips, so the number is not a human rating.`,
    aboutHuman: (dataset: string, n: number): string =>
      `The model was trained to predict human ratings. The percentile says how many of the ${count(n)} videos of ${dataset} people scored lower.`,
    aboutFeatures: (trained: number, sets: string, n: number): string =>
      `The model estimates how people would rate a video. It learnt that from the ratings of ${count(trained)} videos of ${sets}: by 47 published features of each, not by watching them. What it finds wrong besides lowers the number. The percentile says how many of ${count(n)} rated videos of these sets people scored lower.`,
    aboutUnmeasured:
      'This model has not been evaluated, so its score has no context and no percentile is given.',
    aboutNumber: 'The number',
    aboutRule:
      'The model gives a number from 1 to 5; higher is better. The word beside it is the nearest of the five grades of absolute category rating (ACR), which viewing tests use. The same video and the same model give the same text and the same number.',
    aboutPercentile: 'The percentile',
    frameFile: (name: string, frame: number): string => `${name}-frame-${frame}.png`,
    fileFacts: 'Facts of the file',
    notPlayable: 'This browser cannot play this file; its frames are decoded one by one.',
    hidden: 'Players skip this frame (edit list); the model sees it.',
    modelValue: (name: string, dtype: string, backend: string): string => `${name}, ${dtype}, ${backend}`,
    onProcessor: 'processor',
    onAdapter: 'graphics adapter',
  },
};

export type AssessTexts = typeof assessEn;
