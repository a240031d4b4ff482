/** Messages of the error codes about calibration to human scores, in both languages. Ours. */

/** Parameters of every code. */
export interface CalibrationErrorParams {
  'calibration/too-few': { n: number; least: number };
  'calibration/constant': { n: number };
  'calibration/file': { field: string; problem: string };
  'calibration/version': { format: number | string; reads: number | string };
  'calibration/model': { was: string; now: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof CalibrationErrorParams]: (p: CalibrationErrorParams[Code]) => Text };

const say = (title: string, body: string): Text => ({ title, body });

export const calibrationErrorsEn: Table = {
  'calibration/too-few': ({ n, least }) =>
    say(
      `${n} videos have a score of the model and a human score; a calibration needs ${least}.`,
      'Score more videos of the table.',
    ),
  'calibration/constant': ({ n }) =>
    say(
      `Most of the ${n} videos have the same score, so no map can be fitted.`,
      'Add videos of other quality, good and bad ones.',
    ),
  'calibration/file': ({ field, problem }) =>
    say(`This is no calibration: ${field} ${problem}.`, 'Make one: vqathinker calibrate TABLE.'),
  'calibration/version': ({ format, reads }) =>
    say(`The calibration has format ${format}; format ${reads} is read here.`, 'Make it again.'),
  'calibration/model': ({ was, now }) =>
    say(
      `The calibration was fitted to the scores of another model (${was}); these are of ${now}.`,
      'Fit it again with this model.',
    ),
};

export const calibrationErrorsZh: Table = {
  'calibration/too-few': ({ n, least }) =>
    say(`${n}个视频同时有模型分数和人工评分；校准需要${least}个。`, '请为表中更多视频评分。'),
  'calibration/constant': ({ n }) =>
    say(`${n}个视频中多数分数相同，无法拟合。`, '请加入质量不同的视频，好的和差的都要有。'),
  'calibration/file': ({ field, problem }) =>
    say(`这不是校准文件：${field} ${problem}。`, '可用命令生成：vqathinker calibrate TABLE。'),
  'calibration/version': ({ format, reads }) =>
    say(`校准文件格式为${format}，此处只读${reads}。`, '请重新生成。'),
  'calibration/model': ({ was, now }) =>
    say(`此校准是按另一模型（${was}）的分数拟合的；当前模型为${now}。`, '请用当前模型重新拟合。'),
};
