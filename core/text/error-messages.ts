/**
 * Messages of the error codes in both languages: `title` is the event, `body` the remedy. The parameters of each code
 * are typed here; `CodedError(code, params)` carries them under these names. Ours.
 */
import type { CodedError } from '../errors.ts';
import { presentStageName } from '../stage-names.ts';
import {
  type CalibrationErrorParams,
  calibrationErrorsEn,
  calibrationErrorsZh,
} from './calibration-error-messages.ts';
import { type ConvertErrorParams, convertErrorsEn, convertErrorsZh } from './convert-error-messages.ts';
import { type DeviceErrorParams, deviceErrorsEn, deviceErrorsZh } from './device-error-messages.ts';
import { bytes, count } from './format.ts';
import { likenessName } from './format-names.ts';
import type { Lang } from './lang.ts';
import { type MediaErrorParams, mediaErrorsEn, mediaErrorsZh } from './media-error-messages.ts';
import { type NetworkParams, networkEn, networkZh } from './network-messages.ts';
import { type ServerErrorParams, serverErrorsEn, serverErrorsZh } from './server-error-messages.ts';
import { type Vqa2ErrorParams, vqa2ErrorsEn, vqa2ErrorsZh } from './vqa2-error-messages.ts';

/** Activity during which the error gave way. */
type RunStage = keyof (typeof DOING)['en'];

/** Parameters of every code. Byte counts are bytes, times are seconds; the words format them. */
interface ErrorParamsOf
  extends ServerErrorParams,
    MediaErrorParams,
    ConvertErrorParams,
    DeviceErrorParams,
    CalibrationErrorParams,
    Vqa2ErrorParams {
  'media/container': { looksLike?: string };
  'media/codec': { codec: string; browser?: string };
  'media/encrypted': object;
  'media/truncated': { present: number; frames: number };
  'media/no-frames': object;
  'media/damaged': object;
  'media/substituted': { frame: number; used: number };
  'media/stalled': { seconds: number };
  'media/too-long': { seconds: number };
  'media/changed': { name: string };
  'model/address': { address: string };
  'model/network': NetworkParams;
  'model/checksum': { file: string };
  'model/manifest': { field?: string; problem?: string };
  'model/runtime': { detail: string };
  'model/variant': { backend: string; dtype: string };
  'model/version': { format: number | string; reads: number | string };
  'model/unsafe': { path: string };
  'model/busy': object;
  'batch/model': { was: string; now: string };
  'batch/nothing': object;
  'run/no-answer': { answer: string };
  'run/length': { tokens: number };
  'run/memory': { stage?: RunStage };
  'run/device': { stage?: RunStage };
  'run/failed': { stage?: RunStage; detail: string };
  'run/no-model': object;
  'run/pixels': { frame: string };
  'run/prompt': { positions: number; features: number };
  'run/worker': object;
  'compare/file': { name: string };
  'compare/aspect': { a: string; b: string };
  'compare/log': { file: string };
  'batch/table': { line: number; file: string; value: string };
  'batch/unmatched': { scores: number; videos: number };
  'batch/access': object;
  'result/file': { field: string; problem: string };
  'result/version': { format: number | string; reads: number | string };
  'train/unreachable': { address: string };
  'train/token': object;
  'train/refused': { status: number };
  'train/answer': { field: string; problem: string };
  'train/recipe': { field: string; problem: string };
  'train/path': { field: string };
  'train/disk': { step: number; saved?: number; needed?: number; free?: number };
  'train/engine': { step: number; problem: string; resume?: number };
  'train/guard': { kl: number; step: number; resume: number };
  'app/storage': object;
  'app/updated': object;
  'app/part': object;
  'app/unexpected': { detail?: string };
}

type ErrorCode = keyof ErrorParamsOf;

export interface ErrorText {
  readonly title: string;
  readonly body: string;
}

type ErrorTable = { readonly [Code in ErrorCode]: (p: ErrorParamsOf[Code]) => ErrorText };

const say = (title: string, body = ''): ErrorText => ({ title, body });

/** `3 h 12 min`, `12 min`. */
function long(seconds: number, h: string, min: string): string {
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours}${h}${minutes % 60}${min}` : `${minutes}${min}`;
}

const DOING = {
  en: {
    index: 'reading the index',
    decode: 'decoding frames',
    encodeVision: 'looking at frames',
    encodeMotion: 'measuring motion',
    prefill: 'reading it all together',
    generate: 'writing',
    load: 'loading the model',
  },
  zh: {
    index: '读取索引',
    decode: '解码',
    encodeVision: '观看画面',
    encodeMotion: '测量运动',
    prefill: '通读',
    generate: '书写',
    load: '加载模型',
  },
} as const;

const en: ErrorTable = {
  ...serverErrorsEn,
  ...mediaErrorsEn,
  ...convertErrorsEn,
  ...deviceErrorsEn,
  ...calibrationErrorsEn,
  ...vqa2ErrorsEn,
  'media/container': ({ looksLike }) =>
    say(
      `This is not a video file the page can read${looksLike ? ` (it looks like ${looksLike})` : ''}.`,
      'Use MP4, MOV, WebM or MKV.',
    ),
  'media/codec': ({ codec, browser }) =>
    say(
      `This browser cannot decode ${codec}.`,
      browser ? `Open it in ${browser}, or convert it.` : 'Open it in another browser, or convert it.',
    ),
  'media/encrypted': () => say('The video is encrypted (DRM).', 'Use an unprotected copy.'),
  'media/truncated': ({ present, frames }) =>
    present === 0
      ? say(
          frames === 0
            ? 'The file ends early: its index is not there, so no frame can be found.'
            : `The file ends early: none of its ${count(frames)} frames is there.`,
          'Copy or download it again.',
        )
      : say(
          `The file ends early: ${count(present)} of ${count(frames)} frames are there.`,
          'Copy or download it again, or assess what is there.',
        ),
  'media/no-frames': () =>
    say('The video track holds no frames.', 'The file is probably damaged; export it again.'),
  'media/damaged': () =>
    say(
      'No frame of this video could be decoded.',
      'Try software decoding; if it fails again, the file is damaged.',
    ),
  'media/substituted': ({ frame, used }) =>
    say(`Frame ${count(frame)} could not be decoded; frame ${count(used)} was used.`),
  'media/stalled': ({ seconds }) =>
    say(`The decoder gave no frame for ${seconds}\u202fs.`, 'Try again with software decoding.'),
  'media/too-long': ({ seconds }) =>
    say(
      `The video is ${long(seconds, '\u202fh ', '\u202fmin')} long; one score says little about it.`,
      'Look at its quality over time, or choose a part.',
    ),
  'media/changed': ({ name }) =>
    say(`${name} has changed or moved since it was chosen.`, 'Choose it again; results so far are kept.'),
  'model/address': ({ address }) =>
    say(
      `This page cannot read ${address}.`,
      'Enter an address that begins with https://. http:// is read from this machine only (127.0.0.1, localhost).',
    ),
  'model/network': networkEn,
  'batch/nothing': () =>
    say('There is neither a video nor a score table in this.', 'Drop a folder of videos, or several files.'),
  'model/busy': () =>
    say('Another tab is fetching this model.', 'Wait for it, or close that tab: what arrived is kept.'),
  'batch/model': ({ was, now }) =>
    say(
      `The scores so far are ${was}'s; the model in use is ${now}.`,
      'Choose the first model again, or start over with this one.',
    ),
  'model/checksum': ({ file }) =>
    say(`${file} does not match its checksum.`, 'Repair: only this file is fetched again.'),
  'model/manifest': ({ field, problem }) =>
    say(
      `The folder has no valid manifest.json${field ? ` (${[field, problem].filter(Boolean).join(' ')})` : ''}.`,
      'Make the package again with `npm run convert`.',
    ),
  'model/variant': ({ backend, dtype }) =>
    say(
      `The package has no variant for ${backend} with ${dtype} weights.`,
      'Choose another model, or let the page choose the back end.',
    ),
  'model/version': ({ format, reads }) =>
    say(`The package has format ${format}; this page reads ${reads}.`, 'Update the page.'),
  'model/unsafe': ({ path }) =>
    say(
      `The package names a file outside itself (${path}) and was refused.`,
      'Do not use it; get it from its author.',
    ),
  'run/no-answer': ({ answer }) =>
    say(
      `The model’s answer “${answer}” cannot be read as a number. No score is guessed.`,
      'Show the raw answer, or try again.',
    ),
  'run/length': ({ tokens }) =>
    say(
      `The model wrote ${count(tokens)} tokens without giving a score.`,
      'Try again; another model may do better.',
    ),
  'run/memory': ({ stage }) =>
    say(
      `The browser ran out of memory${stage ? ` while ${DOING.en[presentStageName(stage)]}` : ''}.`,
      'Close other tabs or choose a smaller model. Your result so far is kept.',
    ),
  'run/device': () =>
    say('The graphics adapter was lost twice.', 'Go on with the processor (slower), or reload the page.'),
  'run/no-model': () => say('No model is loaded.', 'Choose one in the menu of the header.'),
  'run/pixels': ({ frame }) =>
    say(`The pixels of a frame were missing when the model needed them (${frame}).`, 'Try again.'),
  'run/prompt': ({ positions, features }) =>
    say(
      `The prompt has ${positions} image tokens and the frames give ${features} features.`,
      'The package contradicts itself: make it again with `npm run convert`.',
    ),
  'run/failed': ({ stage, detail }) =>
    say(
      `The runtime failed${stage ? ` while ${DOING.en[presentStageName(stage)]}` : ''}: ${detail}.`,
      'Try again; if it stays, copy the details.',
    ),
  'model/runtime': ({ detail }) =>
    say(
      `The runtime could not load the model: ${detail}.`,
      'Try again, or choose another model; if it stays, copy the details.',
    ),
  'run/worker': () => say('The browser ended the model’s worker.', 'Start it again; the video stays loaded.'),
  'compare/file': ({ name }) =>
    say('This is not the file of the link: the content differs.', `Choose ${name}, or use this one anyway.`),
  'compare/aspect': ({ a, b }) =>
    say(
      `The images have different shapes: A is ${a}, B is ${b}.`,
      'PSNR and SSIM need images of one shape, since they compare pixel by pixel. Crop or scale one of the files first.',
    ),
  'compare/log': ({ file }) =>
    say(`${file} has no VMAF values of frames.`, 'Choose a log that libvmaf wrote as JSON, CSV or XML.'),
  'batch/table': ({ line, file, value }) =>
    say(
      `Line ${count(line)} of ${file}: “${value}” is not a number.`,
      'Correct the line, or go on without it.',
    ),
  'batch/unmatched': ({ scores, videos }) =>
    say(
      `${count(scores)} scores have no video, ${count(videos)} videos have no score.`,
      'Show them; the rest can start.',
    ),
  'batch/access': () =>
    say(
      'The browser no longer lets the page read the folder (it asks again after a restart).',
      'Give access: one click, and the queue goes on.',
    ),
  'result/file': ({ field, problem }) =>
    say(
      `This is no result of this page: ${field} ${problem}.`,
      'Drop a video, or a result that was saved here.',
    ),
  'result/version': ({ format, reads }) =>
    say(`The result has format ${format}; this page reads ${reads}.`, 'Update the page.'),
  'train/unreachable': ({ address }) =>
    say(`No training server answers at ${address}.`, 'Start it: `npm run train-server`.'),
  'train/token': () => say('The server refused the token.', 'Copy it again from the server’s window.'),
  'train/refused': ({ status }) =>
    say(`The training server refused with status ${status}.`, 'The reason is in its window.'),
  'train/answer': ({ field, problem }) =>
    say(
      `The page cannot read the answer of the training server: ${field}: ${problem}.`,
      'Page and server are of different versions: update the older one.',
    ),
  'train/recipe': ({ field, problem }) =>
    say(`${field} ${problem}.`, 'Correct the field; nothing has started.'),
  'train/path': ({ field }) =>
    say(
      `${field} lies outside the folders the server may read.`,
      'Start the server with `--root`, or move the data.',
    ),
  'train/disk': ({ step, saved, needed, free }) =>
    say(
      `The disk is full; the run is paused at step ${count(step)}.${
        needed === undefined ? '' : ` A checkpoint needs ${bytes(needed)}, ${bytes(free ?? 0)} are free.`
      }`,
      saved === undefined
        ? 'No checkpoint was saved yet. Free space, then resume: the run begins again.'
        : `Free space, then resume: it goes on from the checkpoint of step ${count(saved)}, which is whole.`,
    ),
  'train/engine': ({ step, problem, resume }) =>
    say(
      `The engine stopped at step ${count(step)}: ${problem}.`,
      resume === undefined
        ? 'The last log lines are below.'
        : `Resume from step ${count(resume)} with fewer videos a step; the last log lines are below.`,
    ),
  'train/guard': ({ kl, step, resume }) =>
    say(
      `KL passed ${kl}: the run stopped itself at step ${count(step)}.`,
      `Resume from step ${count(resume)} with a lower learning rate.`,
    ),
  'app/storage': () =>
    say(
      'The browser keeps nothing in this window (private mode?).',
      'All works, but models and results go when it closes.',
    ),
  'app/updated': () =>
    say(
      'The page was updated on its server, and this tab still has the version before.',
      'Reload the page when nothing runs here: results, batches and models are kept.',
    ),
  'app/part': () =>
    say(
      'A part of the page could not be loaded.',
      'Try again when the network is back; what is open here goes on.',
    ),
  'app/unexpected': ({ detail }) =>
    say(
      `The page ran into an unexpected error${detail ? ` (${detail})` : ''}.`,
      'Try again; if it stays, copy the details and reload the page.',
    ),
};

const zh: ErrorTable = {
  ...serverErrorsZh,
  ...mediaErrorsZh,
  ...convertErrorsZh,
  ...deviceErrorsZh,
  ...calibrationErrorsZh,
  ...vqa2ErrorsZh,
  'media/container': ({ looksLike }) =>
    say(
      `无法读取此文件${looksLike ? `（看起来是${likenessName('zh', looksLike)}）` : ''}。`,
      '请用MP4、MOV、WebM或MKV。',
    ),
  'media/codec': ({ codec, browser }) =>
    say(
      `此浏览器无法解码${codec}。`,
      browser ? `请用${browser}打开，或转换文件。` : '请换浏览器，或转换文件。',
    ),
  'media/encrypted': () => say('视频已加密（DRM）。', '请用未加密的副本。'),
  'media/truncated': ({ present, frames }) =>
    present === 0
      ? say(
          frames === 0 ? '文件不完整，缺少索引，找不到任何帧。' : `文件不完整，${count(frames)}帧全部缺失。`,
          '请重新获取。',
        )
      : say(`文件不完整，仅有${count(present)}/${count(frames)}帧。`, '请重新获取，或评估现有部分。'),
  'media/no-frames': () => say('视频轨没有任何帧。', '文件可能已损坏，请重新导出。'),
  'media/damaged': () => say('没有任何一帧可以解码。', '请试软件解码；若仍失败，则文件已损坏。'),
  'media/substituted': ({ frame, used }) => say(`第${count(frame)}帧无法解码，已改用第${count(used)}帧。`),
  'media/stalled': ({ seconds }) => say(`解码器${seconds}秒无响应。`, '请改用软件解码重试。'),
  'media/too-long': ({ seconds }) =>
    say(`视频长达${long(seconds, '小时', '分钟')}，一个分数说明不了多少。`, '请用分段评估或选取一段。'),
  'media/changed': ({ name }) => say(`${name}已被改动或移走。`, '请重新选择；已有结果保留。'),
  'model/address': ({ address }) =>
    say(`本页无法读取${address}。`, '请输入以https://开头的地址；http://只限本机（127.0.0.1、localhost）。'),
  'model/network': networkZh,
  'batch/nothing': () => say('其中既没有视频，也没有评分表。', '请拖入视频文件夹或多个文件。'),
  'model/busy': () => say('另一个标签页正在下载此模型。', '请等待，或关闭那个标签页：已下载部分会保留。'),
  'batch/model': ({ was, now }) =>
    say(`已有得分来自${was}，当前模型是${now}。`, '请重新选择原来的模型，或用当前模型从头开始。'),
  'model/checksum': ({ file }) => say(`${file}与校验值不符。`, '点“修复”只重新下载该文件。'),
  'model/manifest': ({ field, problem }) =>
    say(
      `文件夹中没有有效的manifest.json${field ? `（${[field, problem].filter(Boolean).join(' ')}）` : ''}。`,
      '请用`npm run convert`重新转换模型包。',
    ),
  'model/variant': ({ backend, dtype }) =>
    say(`模型包没有适合${backend}的${dtype}版本。`, '请选择其他模型，或由页面选择后端。'),
  'model/version': ({ format, reads }) => say(`模型包格式为${format}，本页只读${reads}。`, '请更新页面。'),
  'model/unsafe': ({ path }) => say(`模型包指向外部路径（${path}），已拒绝。`, '请勿使用，向作者重新索取。'),
  'run/no-answer': ({ answer }) => say(`回答“${answer}”无法读成数字，不作猜测。`, '可查看原文或重试。'),
  'run/length': ({ tokens }) => say(`写满${count(tokens)}词元仍无得分。`, '请重试或换模型。'),
  'run/memory': ({ stage }) =>
    say(
      `${stage ? `${DOING.zh[presentStageName(stage)]}时` : ''}内存不足。`,
      '请关闭其他标签页或选更小的模型。已有结果保留。',
    ),
  'run/device': () => say('显卡两次丢失。', '可改用处理器继续（较慢），或刷新页面。'),
  'run/no-model': () => say('没有加载模型。', '请在页首菜单中选择。'),
  'run/pixels': ({ frame }) => say(`模型需要某帧的像素时，像素不在（${frame}）。`, '请重试。'),
  'run/prompt': ({ positions, features }) =>
    say(
      `提示词中有${positions}个画面位置，而帧填入${features}个。`,
      '模型包自相矛盾，请用`npm run convert`重新转换。',
    ),
  'run/failed': ({ stage, detail }) =>
    say(
      `${stage ? `${DOING.zh[presentStageName(stage)]}时` : ''}运行库出错：${detail}。`,
      '请重试；若仍出现，请复制详情。',
    ),
  'model/runtime': ({ detail }) =>
    say(`运行库无法加载模型：${detail}。`, '请重试或选择其他模型；若仍出现，请复制详情。'),
  'run/worker': () => say('模型进程被浏览器结束。', '点击重新启动；视频仍在。'),
  'compare/file': ({ name }) => say('文件内容与链接不符。', `请选择${name}，或仍用此文件。`),
  'compare/aspect': ({ a, b }) =>
    say(
      `画面形状不同：A为${a}，B为${b}。`,
      'PSNR与SSIM逐像素比较，需要形状相同的画面。请先裁剪或缩放其中一个文件。',
    ),
  'compare/log': ({ file }) => say(`${file}中没有逐帧的VMAF值。`, '请选择libvmaf输出的JSON、CSV或XML日志。'),
  'batch/table': ({ line, file, value }) =>
    say(`${file}第${count(line)}行：“${value}”不是数字。`, '请修正或跳过。'),
  'batch/unmatched': ({ scores, videos }) =>
    say(`${count(scores)}个评分没有视频，${count(videos)}个视频没有评分。`, '可查看；其余可先开始。'),
  'batch/access': () => say('浏览器不再允许页面读取文件夹（重启后需重新授权）。', '点击授权后继续。'),
  'result/file': ({ field, problem }) =>
    say(`这不是本页保存的结果：${field} ${problem}。`, '请拖入视频，或在本页保存的结果。'),
  'result/version': ({ format, reads }) => say(`结果文件格式为${format}，本页只读${reads}。`, '请更新页面。'),
  'train/unreachable': ({ address }) =>
    say(`${address}没有训练服务器应答。`, '请先启动：`npm run train-server`。'),
  'train/token': () => say('令牌被拒绝。', '请从服务器窗口重新复制。'),
  'train/refused': ({ status }) => say(`训练服务器拒绝了请求（状态${status}）。`, '原因见服务器窗口。'),
  'train/answer': ({ field, problem }) =>
    say(`训练服务器的答复无法读取：${field}：${problem}。`, '页面与服务器版本不同，请更新较旧的一方。'),
  'train/recipe': ({ field, problem }) => say(`${field}${problem}。`, '请修正该字段；尚未开始。'),
  'train/path': ({ field }) => say(`${field}不在服务器允许的目录内。`, '请用`--root`启动，或移动数据。'),
  'train/disk': ({ step, saved, needed, free }) =>
    say(
      `磁盘已满，训练在第${count(step)}步暂停。${
        needed === undefined ? '' : `一个检查点需要${bytes(needed)}，可用${bytes(free ?? 0)}。`
      }`,
      saved === undefined
        ? '尚未保存任何检查点。清理磁盘后继续，训练将从头开始。'
        : `清理磁盘后继续，将从第${count(saved)}步的检查点恢复，该检查点完好。`,
    ),
  'train/engine': ({ step, problem, resume }) =>
    say(
      `训练引擎在第${count(step)}步停止：${problem}。`,
      resume === undefined
        ? '最后的日志见下。'
        : `请减少每步视频数，从第${count(resume)}步恢复；最后的日志见下。`,
    ),
  'train/guard': ({ kl, step, resume }) =>
    say(`KL超过${kl}，训练在第${count(step)}步自动停止。`, `请降低学习率，从第${count(resume)}步恢复。`),
  'app/storage': () => say('此窗口不保存数据（隐私模式？）。', '功能可用，关闭后清空。'),
  'app/updated': () =>
    say('页面已在服务器上更新，本标签页仍是旧版。', '请在没有任务运行时刷新；结果、批量与模型都会保留。'),
  'app/part': () => say('页面的一部分无法加载。', '网络恢复后请重试；已打开的内容不受影响。'),
  'app/unexpected': ({ detail }) =>
    say(
      `页面遇到未曾预料的错误${detail ? `（${detail}）` : ''}。`,
      '请重试；若仍出现，请复制详情并刷新页面。',
    ),
};

export const errorTables: Readonly<Record<Lang, ErrorTable>> = { en, zh };

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(en, code);
}

/** Message of a code, or undefined when there is none. */
export function errorText(
  lang: Lang,
  code: string,
  params: Readonly<Record<string, string | number>>,
): ErrorText | undefined {
  if (!isErrorCode(code)) return undefined;
  // The parameters crossed a thread as plain data; their type is guaranteed by the thrower.
  const speak = errorTables[lang][code] as (p: typeof params) => ErrorText;
  return speak(params);
}

/** Title and body of an error in English on one line, for terminals and HTTP; the plain message of an unknown code. */
export function errorMessage(error: CodedError): string {
  const text = errorText('en', error.code, error.params);
  return text === undefined ? error.message : [text.title, text.body].filter(Boolean).join(' ');
}
