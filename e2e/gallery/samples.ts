/** Invented states for the gallery. They are for looking at, no test rests on their figures. */
import { findDistortions } from '../../core/answer/lexicon.ts';
import type { Lang } from '../../core/text/lang.ts';
import type { AssessMessages } from '../../src/features/assess/messages/useAssessMessages.ts';
import type { RecentItem } from '../../src/features/assess/RecentPanel.tsx';
import type { ScoreState } from '../../src/features/assess/ScorePanel.tsx';
import type { TraceSpan } from '../../src/features/assess/trace-segments.ts';
import type { ProgressSegment } from '../../src/ui/ProgressBar.tsx';

const heldOut = { kind: 'own', population: 'held-out clips', n: 2400, percent: 71.4 } as const;
const human = { kind: 'human', population: 'YouTube-UGC', n: 1020, percent: 98.2 } as const;
const sixteen = [3.6, 3.65, 3.7, 3.62, 3.8, 3.81, 3.82, 3.8, 3.83, 3.84, 3.9, 3.88, 3.95, 3.96, 3.9, 3.78];

export const SCORES: readonly (readonly [string, ScoreState])[] = [
  ['empty', { kind: 'empty' }],
  ['waiting', { kind: 'waiting' }],
  ['the model is writing it', { kind: 'writing', digits: '3.8', wordCount: 112 }],
  [
    'done, own scale',
    { kind: 'one', value: 3.87, written: '3.87', band: 4, percentile: heldOut, expected: 3.8 },
  ],
  ['done, human scores', { kind: 'one', value: 4.61, written: '4.61', band: 5, percentile: human }],
  ['done, no population', { kind: 'one', value: 2.5, written: '2.5', band: 3 }],
  [
    '16 answers',
    {
      kind: 'several',
      value: 3.82,
      band: 4,
      answers: sixteen,
      requested: 16,
      interval: [3.77, 3.87],
      deviation: 0.1,
      expected: 3.7,
    },
  ],
  [
    '16 equal answers, one unreadable',
    {
      kind: 'several',
      value: 2.1,
      band: 2,
      answers: Array(15).fill(2.1),
      requested: 16,
      interval: [2.1, 2.1],
      deviation: 0,
    },
  ],
  ['off the scale', { kind: 'one', value: 0.87, written: '0.87', band: 1 }],
  ['at the top', { kind: 'one', value: 5, written: '5', band: 5 }],
  ['unreadable', { kind: 'unreadable', answer: '3.5/5', reason: 'not-a-number' }],
  ['stopped', { kind: 'stopped', wordCount: 58 }],
  ['wrote too long', { kind: 'length', tokens: 1024 }],
];

const EN =
  'Okay, let’s assess the video quality. The video cuts between street scenes: a white van seen from above, taxis in traffic, a cyclist waiting behind a dark van, a parked bicycle by a wall. Edges on the cyclist and the bicycle are clear and the colours look natural, if slightly muted. There is some motion blur on the passing car in frame 6, and the traffic in frames 3 and 4 is out of focus, which seems intended. I notice faint blocking in dark areas in the second half. No shaking or flicker is visible. Overall the picture is clean with minor issues, so I would rate it around 3.8 to 3.9.';
const ZH =
  '好的，我们来评估这段视频的画质。视频在几个街景之间切换：从上方看到的白色货车、车流中的出租车、在深色货车后等候的骑车人，以及墙边停着的一辆自行车。骑车人和自行车的边缘清晰，色彩自然，略显平淡。第6帧中驶过的汽车有一些运动模糊，第3至4帧的车流失焦，看起来是有意为之。后半段的暗部有轻微的块效应。没有看到抖动或闪烁。总体上画面干净，只有小问题，我会给3.8到3.9左右。';
const TIMES: Record<Lang, readonly (readonly [string, readonly number[]])[]> = {
  en: [
    ['frame 6', [5]],
    ['frames 3 and 4', [2, 3]],
    ['the second half', [6, 7, 8, 9, 10, 11]],
  ],
  zh: [
    ['第6帧', [5]],
    ['第3至4帧', [2, 3]],
    ['后半段', [6, 7, 8, 9, 10, 11]],
  ],
};

export function trace(lang: Lang, length = Number.POSITIVE_INFINITY): { text: string; spans: TraceSpan[] } {
  const text = (lang === 'zh' ? ZH : EN).slice(0, length);
  const spans: TraceSpan[] = findDistortions(text, length === Number.POSITIVE_INFINITY).map((mark) => ({
    kind: 'distortion',
    ...mark,
  }));
  for (const [phrase, frames] of TIMES[lang]) {
    const start = text.indexOf(phrase);
    if (start >= 0) spans.push({ kind: 'time', start, end: start + phrase.length, frames });
  }
  return { text, spans };
}

export function segments(t: AssessMessages, running: number, fraction: number): ProgressSegment[] {
  const shares = {
    index: 0.02,
    decode: 0.1,
    encodeVision: 0.38,
    encodeMotion: 0.06,
    prefill: 0.2,
    generate: 0.24,
  };
  const took = ['0.02', '0.24', '1.38', '0.22', '0.64', '3.05'];
  return Object.entries(shares).map(([id, share], i) => ({
    id,
    share,
    label: t.progress.stages[id as keyof typeof shares],
    state: i < running ? 'done' : i === running ? 'running' : 'waiting',
    fraction,
    ...(i < running && { took: t.units.seconds(Number(took[i])) }),
  }));
}

export const RECENT: readonly RecentItem[] = [
  { id: '1', name: 'bikes.mp4', facts: '640 × 272 · 10 s · 2 min ago', score: { text: '3.87', band: 4 } },
  {
    id: '2',
    name: 'a_very_long_name_of_a_file_from_some_phone_2026-11-21_final.webm',
    facts: '800 × 640 · 4 s · yesterday',
    score: { text: '4.12', band: 4 },
    current: true,
  },
  { id: '3', name: 'bottles.mp4', facts: '640 × 360 · 40 s · 17 Nov', score: { text: '1.38', band: 1 } },
  { id: '4', name: 'walk.mkv', facts: '640 × 480 · 3 s · 17 Nov', score: null },
];
