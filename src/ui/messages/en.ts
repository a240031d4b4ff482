/**
 * Texts that several rooms of the page use, in English; the shape of this object is the shape of every language.
 * `**…**` marks what `Rich` sets in bold. Numbers come in as numbers and are formatted here.
 */
import { count, plural, THIN } from '../../../core/text/format.ts';
import { KEY_NAMES } from './key-names.ts';
import { s } from './seconds.ts';

export const en = {
  app: {
    name: 'VQAThinker',
  },
  units: {
    seconds: s,
    percent: (p: number): string => `${p}${THIN}%`,
    frames: (n: number): string => plural(n, 'frame', 'frames'),
    and: (items: readonly string[]): string =>
      items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`,
    list: (items: readonly string[]): string => items.join(', '),
    /** Short facts in one line. */
    facts: (items: readonly string[]): string => items.join(' · '),
    ago: (seconds: number): string => {
      if (seconds < 60) return 'just now';
      if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
      if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
      return seconds < 172800 ? 'yesterday' : `${Math.floor(seconds / 86400)} days ago`;
    },
  },
  grades: {
    title: 'What the number means',
    names: ['Bad', 'Poor', 'Fair', 'Good', 'Excellent'],
    sentences: [
      'Hard to watch',
      'Flaws that bother you',
      'Flaws you notice; still fine to watch',
      'Small flaws, if you look for them',
      'Nothing to complain about',
    ],
    note: 'The five grades of the absolute category rating (ACR) used in viewing tests. The word is the grade nearest to the score.',
  },
  answers: {
    notYet: 'no score yet',
    noScore: 'No score',
    value: (value: string, nth: number): string => `Answer ${nth}: ${value}`,
    previous: 'Previous answer',
    next: 'Next answer',
  },
  progress: {
    label: 'Progress',
    loading: 'Loading the model',
    loadStages: { check: 'checking files', open: 'opening', test: 'self-test' },
  },
  actions: {
    stop: 'Stop',
    goOn: 'Go on',
    tryAgain: 'Try again',
    copyText: 'Copy as text',
    copy: 'Copy',
    copied: 'Copied',
    copyDetails: 'Copy details',
    export: 'Export',
    exportJson: 'Result as JSON',
    exportCsv: 'Row as CSV',
    exportPng: 'Card as PNG',
    next: 'Next video',
    compare: 'Compare with a perturbed copy',
    compareShort: 'Compare',
    assessTimes: (k: number): string => `Assess ${k} times`,
    chooseAnother: 'Choose another',
    software: 'Try software decoding',
    processor: 'Go on with the processor',
    restart: 'Start it again',
    reload: 'Reload the page',
    useAnyway: 'Use this one anyway',
    close: 'Close',
  },
  player: {
    label: 'Player',
    play: 'Play',
    pause: 'Pause',
    previousFrame: 'One frame back',
    nextFrame: 'One frame on',
    speed: 'Speed',
    speedValue: (x: number): string => `${x}×`,
    fit: 'Fit',
    actualSize: '1:1',
    loop: 'Loop',
    saveFrame: 'Save this frame as PNG',
    fullscreen: 'Full screen',
    leaveFullscreen: 'Leave full screen',
    frameOf: (frame: number, frames: number): string => `frame ${count(frame)} of ${count(frames)}`,
    sampled: (nth: number): string => `F${nth} sampled`,
    asModelSaw: 'As the model saw it',
    asModelSawNow: (nth: number, size: number): string => `F${nth} as the model saw it, ${size} × ${size}`,
    mute: 'Mute',
    unmute: 'Sound on',
  },
  keyNames: { Space: 'Space', ...KEY_NAMES },
  errors: {
    code: 'Error code',
    ffmpegLead: 'This line makes a copy that every browser can read:',
    hevcOnPhone:
      'Open it in **Safari**, or record the next one in H.264: on an iPhone under **Settings → Camera → Formats → Most Compatible**, on Android by switching off high-efficiency video in the camera’s settings.',
    ffmpegNote: 'A conversion changes the picture a little. CRF 12 keeps the change small.',
    unknownTitle: 'An unknown error occurred.',
    unknownBody: 'Copy the details: they contain its code and message.',
  },
};

export type Messages = typeof en;
