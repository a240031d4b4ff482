/** Messages of the Batch page in English. */
import type { HeldOutError } from '../../../../core/files/calibration.ts';
import { count, plural, THIN } from '../../../../core/text/format.ts';

/** An error in units of the human scores, whose scale may be 1 to 5 or percent. */
const points = (value: number): string => Number(value.toPrecision(3)).toString();

function about(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))}${THIN}s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)}${THIN}min left`;
  return `about ${(seconds / 3600).toFixed(1)}${THIN}h left`;
}

export const batchEn = {
  title: 'Batch',
  empty: {
    title: 'Assess a whole folder',
    body: 'Drop or choose a folder or many videos, and a table of human scores if there is one. The videos are assessed one after the other on this device; with human scores, the page also shows how well the model agrees with people.',
    folder: 'Choose a folder',
    files: 'Choose files',
    table:
      'A score table is CSV `path,mos`, the annotation JSON of a benchmark, or JSONL. Three lines to copy:',
    example: 'path,mos\nclips/a.mp4,71.2\nclips/b.mp4,38.5',
    copy: 'Copy',
    copied: 'Copied',
    reopen: 'A saved batch (JSON) is reopened in the same way.',
  },
  videos: (n: number): string => plural(n, 'video', 'videos'),
  scoresFrom: (tables: readonly string[]): string => `scores from ${tables.join(', ')}`,
  noScores: 'no human scores',
  check: {
    line: (videos: number, scored: number, orphans: number): string =>
      `${plural(videos, 'file', 'files')}, ${count(scored)} with a score, ${plural(orphans, 'score', 'scores')} without a file`,
    noVideos: (scores: number): string =>
      `${plural(scores, 'score is', 'scores are')} ready for ${scores === 1 ? 'its video' : 'their videos'}. Add the videos; the order does not matter.`,
    mos: 'MOS is',
    mosOf: (table: string): string => `${table}: MOS is`,
    choose: 'choose a column',
    column: (name: string, number: number, low: string, high: string): string =>
      `${name === '' ? `column ${number}` : `“${name}”`}, ${low} to ${high}`,
    range: (low: string, high: string): string => `${low} to ${high}`,
    unsure: (table: string): string =>
      `More than one column of ${table} can be the MOS. Check the one that is chosen.`,
    ambiguous: (n: number): string =>
      `${plural(n, 'score fits', 'scores fit')} more than one file and ${n === 1 ? 'is' : 'are'} left out.`,
    contradictions: (n: number, examples: readonly string[]): string =>
      `${plural(n, 'file has', 'files have')} different scores, none of which is used: ${examples.join(', ')}${n > examples.length ? ' …' : ''}`,
    table: (table: string, problem: string): string => `${table} ${problem}.`,
    faults: (n: number, table: string, line: number, problem: string): string =>
      `${plural(n, 'line', 'lines')} could not be read; the first: ${table}, line ${line}: ${problem}`,
    show: 'Show them',
    hide: 'Hide them',
  },
  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  add: 'Add',
  clear: 'Clear',
  cleared: 'The batch is cleared.',
  undo: 'Undo',
  export: 'Export',
  exports: {
    official: 'CSV, official script’s format',
    officialHelp: 'filename,pred_score,gt_score',
    full: 'CSV with all columns',
    json: 'JSON, to reopen here',
    png: 'Scatter as PNG',
    svg: 'Scatter as SVG',
  },
  allow: 'Allow access',
  locked: (folders: readonly string[]): string =>
    `The browser asks again before the page may read ${folders.join(', ')}. Allow it, and the queue goes on.`,
  again: 'Drop the videos again to go on: the browser does not keep them after a restart.',
  restart: 'Start over with this model',
  done: (n: number, all: number): string => `**${count(n)}** of ${count(all)}`,
  pace: (seconds: number): string => `${seconds.toFixed(1)}${THIN}s a video`,
  left: about,
  keeping: 'Keeping the list on this device',
  safe: 'Safe to close: it goes on from here when you come back.',
  chooseAgain: 'Results are kept. To go on after closing, choose the files again.',
  notStored: 'This window keeps nothing: closing it loses the rows. Export them first.',
  finished: 'All done.',
  bar: 'Progress of the batch',
  now: (name: string): string => `Now: ${name}`,
  filters: {
    label: 'Show',
    all: 'All',
    none: 'No score',
    failed: 'Failed',
    skipped: 'Skipped',
    waiting: 'Waiting',
  },
  find: 'Find a file',
  columns: {
    file: 'File',
    score: 'Score',
    mos: 'MOS',
    off: 'Off by',
    named: 'Named',
    time: 'Time',
  },
  table: 'Videos of this batch',
  unscored: (n: number): string => `${count(n)} without a score`,
  unscoredNote: 'left out of every metric',
  retryAll: 'try these again',
  scored: (n: number): string => `${count(n)} with a score`,
  states: {
    waiting: 'Waiting',
    running: 'Assessing',
    done: 'Done',
    'no-score': 'No score',
    failed: 'Failed',
    skipped: 'Skipped',
  },
  notReadable: 'The answer cannot be read as a number.',
  nothingNamed: 'none',
  retry: 'Try again',
  skip: 'Skip',
  open: 'Assess this video',
  seconds: (n: number): string => `${n.toFixed(1)}${THIN}s`,
  sortedOff: 'Off by: distance from the fitted curve, in MOS points.',
  detail: {
    close: 'Close',
    answer: 'Answer of the model',
  },
  scatter: {
    title: 'Score against MOS',
    x: 'score',
    y: 'MOS',
    none: 'Add human scores to see the scatter plot.',
    caption: (n: number, srcc: string, hasCurve: boolean): string =>
      `${plural(n, 'video', 'videos')}: rank correlation of score and MOS ${srcc}. ${hasCurve ? 'The curve is a four-parameter logistic fit, for display only.' : 'No logistic curve fits these points.'}`,
    captionFew: (n: number): string => `${plural(n, 'video', 'videos')} with a score and a MOS so far.`,
    cursor: 'Point',
    point: (name: string, score: string, mos: string): string => `${name}: score ${score}, MOS ${mos}`,
    save: 'Save the plot',
  },
  histogram: {
    title: 'Scores',
    caption: (n: number, mean: string): string => `${plural(n, 'score', 'scores')}, mean ${mean}.`,
  },
  metrics: {
    title: 'Agreement with people',
    restOn: (n: number): string => `based on ${plural(n, 'video', 'videos')}`,
    needs: (n: number): string => `needs ${n} scored pairs`,
    noFit: 'no curve fits',
    interval: (low: string, high: string): string => `${low} to ${high}`,
    afterFit: (value: string): string =>
      `PLCC after a four-parameter logistic: ${value}. The papers’ values are without it.`,
    names: { srcc: 'SRCC', plcc: 'PLCC', krcc: 'KRCC', rmse: 'RMSE' },
    rmseUnit: 'MOS, after the fit',
    without: (unreadable: number, failed: number): string =>
      [
        unreadable > 0 ? `${plural(unreadable, 'answer', 'answers')} unreadable` : '',
        failed > 0 ? `${plural(failed, 'video', 'videos')} failed` : '',
      ]
        .filter(Boolean)
        .join(', '),
    datasets: 'By data set',
    overall: 'Overall, weighted by videos',
    videos: 'videos',
    settings: (model: string, hash: string): string => `${model}, greedy; package ${hash}`,
  },
  calibration: {
    title: 'On your scale',
    about: 'Fits a monotone map from the score to the scale of these human scores.',
    needs: (n: number): string => `needs ${n} scored pairs`,
    fit: 'Calibrate',
    again: 'Calibrate again',
    show: 'Show in the table',
    save: 'Save',
    fitted: (n: number): string => `fitted to ${plural(n, 'video', 'videos')}`,
    heldOut: ({ rmse, rmseInterval: [low, high], rawRmse }: HeldOutError): string =>
      `Error on videos that the fit has not seen: ${points(rmse)} MOS (${points(low)} to ${points(high)}, RMSE). Of the score as it is: ${points(rawRmse)}.`,
    map: (kind: 'logistic' | 'isotonic'): string =>
      `${kind === 'logistic' ? 'Four-parameter logistic' : 'Isotonic regression'}, chosen by cross-validation. The saved file is for vqathinker score --calibration.`,
    value: (value: string): string => `${value} on your scale`,
  },
  sortedBy: {
    file: 'Sorted by file',
    score: 'Sorted by score',
    mos: 'Sorted by MOS',
    off: 'Sorted by distance from the fit, in MOS points',
    time: 'Sorted by time',
  },
  keys: { move: 'move', enter: 'Enter', open: 'open' },
  paper: {
    names: (names: readonly string[]): string =>
      `To see the paper’s values beside yours, name the folder or the table after its data set: ${names.join(', ')}.`,
    title: 'Beside the paper',
    method: 'Method',
    run: (n: number, all: number): string => `This run, ${count(n)} of ${count(all)}`,
    note: (videos: number): string =>
      `Published values cover all ${count(videos)} videos; yours cover those done so far.`,
  },
};

export type BatchMessages = typeof batchEn;
