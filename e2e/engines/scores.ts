/** Scores of real clips in each engine, and the table of them in docs/browsers.md. */
import { clip } from '../page/fixture.ts';
import { assessFile, type Outcome, openPage } from './page.ts';
import type { Engine } from './tab.ts';

/** 8 bits first; then 4:4:4, full range, a broken packet, 10 bits with HDR, HEVC. */
export const CLIPS = [
  'bikes.mp4',
  'carphone_pristine.mp4',
  'nasa_13013.mp4',
  'video_90.mov',
  'sample_12_5fps_720p_1s.mp4',
  'bbb_800x640_768kbps_30fps_vp9.mp4',
  'bbb_642x642_768kbps_30fps_vp9.webm',
  'iibbibb_editlist_videoonly.mp4',
  'walk.mkv',
  'bt709_full_range.mp4',
  'sample_av1.mkv',
  'h265_10bits.mp4',
] as const;

export interface EngineScores {
  readonly version: string;
  /** In the order of `CLIPS`. */
  readonly answers: readonly Outcome[];
}

/** Largest difference from Chromium's score where the browser made the colours. */
export const CONVERTED_TOLERANCE = 0.05;

export const isConverted = ({ notices }: Outcome): boolean =>
  notices.some((notice) => /The browser (made|converted)/.test(notice));

/** @throws Error when a clip is missing or the engine fails */
export async function scoresOf(engine: Engine, address: string): Promise<EngineScores> {
  const tab = await engine.open();
  try {
    const answers: Outcome[] = [];
    for (const name of CLIPS) {
      await openPage(tab, address);
      const path = clip(name);
      if (!path) throw new Error(`${name} is not there; VQA_SHARED names the folder of the recorded data`);
      answers.push(await assessFile(tab, path));
      await tab.goto('about:blank');
    }
    return { version: tab.version, answers };
  } finally {
    await tab.close();
  }
}

function cell(answer: Outcome, first: Outcome): string {
  if (answer.score === null) return `refused: \`${answer.error}\``;
  const marks = [
    isConverted(answer) ? '†' : '',
    first.score !== null && answer.text !== first.text ? '‡' : '',
  ];
  return `${answer.score.toFixed(2)}${marks.join('')}`;
}

/** @param columns Chromium first */
export function scoresTable(columns: readonly EngineScores[]): string {
  const rows = CLIPS.map((name, i) => {
    const cells = columns.map(({ answers }) => cell(answers[i]!, columns[0]!.answers[i]!));
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  });
  return [
    `| clip | ${columns.map(({ version }) => version).join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows,
    '',
    '† the browser converted the colours, and the page says so. ‡ another text than in Chromium.',
  ].join('\n');
}
