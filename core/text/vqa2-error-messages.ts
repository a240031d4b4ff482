/** Messages of the error codes of VQA² packages, in both languages. Ours. */
import { count } from './format.ts';

/** Parameters of every code. */
export interface Vqa2ErrorParams {
  'model/family': { family: string };
  'media/rate': { rate: string };
  'run/dense': { frames: number; limit: number };
  'run/short': { frames: number; needed: number; protocol: string };
  'run/sequence': { tokens: number; limit: number };
  'run/levels': object;
  'stall/initial': object;
  'stall/outside': { at: number; duration: number };
  'stall/short': { duration: number; fps: number };
  'stall/list': { line: number; value: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof Vqa2ErrorParams]: (p: Vqa2ErrorParams[Code]) => Text };

const say = (title: string, body: string): Text => ({ title, body });

export const vqa2ErrorsEn: Table = {
  'model/family': ({ family }) =>
    say(
      `This needs a model that answers in words; the package is of the family ${family}.`,
      'Choose another model. The page Assess works with this one.',
    ),
  'media/rate': ({ rate }) =>
    say(
      `The frame rate of this video (${rate} a second) gives no whole frame a second, and this model takes one frame of each second.`,
      'Use a video with a known rate above half a frame a second.',
    ),
  'run/dense': ({ frames, limit }) =>
    say(
      `The model takes motion of at most ${count(limit)} frames, and this video has ${count(frames)}.`,
      'Choose a shorter part of the video, or a protocol that reads no motion or fewer frames.',
    ),
  'run/short': ({ frames, needed, protocol }) =>
    say(
      `This video has ${count(frames)} frames; the protocol ${protocol} needs ${count(needed)}.`,
      'Use a longer video or another protocol.',
    ),
  'run/sequence': ({ tokens, limit }) =>
    say(
      `This video makes a prompt of ${count(tokens)} tokens, and the model reads at most ${count(limit)}.`,
      'Choose a shorter part of the video. The official code would cut the end off, and with it the question.',
    ),
  'run/levels': () =>
    say(
      'The model gave no probabilities for the five levels: a value is not a number.',
      'Nothing is guessed. Try again, or choose another variant of the model.',
    ),
  'stall/initial': () =>
    say(
      'Buffering before the first frame cannot be described to this model: the wording that it was trained with is not known.',
      'Leave it out, or give a start after 0 s.',
    ),
  'stall/outside': ({ at, duration }) =>
    say(
      `A stall at ${at.toFixed(1)} s lies past the end of the video (${duration.toFixed(1)} s).`,
      'Correct its start.',
    ),
  'stall/short': ({ duration, fps }) =>
    say(
      `A stall of ${duration.toFixed(3)} s is shorter than a frame (${fps.toFixed(2)} a second).`,
      'Give it the length of one frame at least.',
    ),
  'stall/list': ({ line, value }) =>
    say(
      `Line ${line} of the list, “${value}”, is not a start and a length.`,
      'Write two times in seconds a line, such as 4.0,1.5.',
    ),
};

export const vqa2ErrorsZh: Table = {
  'model/family': ({ family }) =>
    say(`此处需要以文字回答的模型；该模型包属于${family}系列。`, '请选择其他模型；评估页可使用该模型。'),
  'media/rate': ({ rate }) =>
    say(
      `该视频的帧率（每秒${rate}帧）不足每秒一帧，而模型每秒取一帧。`,
      '请用帧率已知且高于每秒半帧的视频。',
    ),
  'run/dense': ({ frames, limit }) =>
    say(
      `该模型最多读取${count(limit)}帧的运动信息，而视频有${count(frames)}帧。`,
      '请选择较短的片段，或不读运动、读取较少帧的协议。',
    ),
  'run/short': ({ frames, needed, protocol }) =>
    say(
      `该视频有${count(frames)}帧；协议${protocol}至少需要${count(needed)}帧。`,
      '请用更长的视频或其他协议。',
    ),
  'run/sequence': ({ tokens, limit }) =>
    say(
      `该视频的提示词长达${count(tokens)}词元，模型最多读取${count(limit)}。`,
      '请选择较短的片段。官方代码会截去末尾，问题也随之丢失。',
    ),
  'run/levels': () =>
    say('模型没有给出五个等级的概率：有一个值不是数。', '不作猜测。请重试，或选择模型的其他版本。'),
  'stall/initial': () =>
    say('首帧之前的缓冲无法告诉该模型：其训练所用的措辞未知。', '请略去，或使起点大于0秒。'),
  'stall/outside': ({ at, duration }) =>
    say(`${at.toFixed(1)}秒处的卡顿超出视频末尾（${duration.toFixed(1)}秒）。`, '请改正起点。'),
  'stall/short': ({ duration, fps }) =>
    say(`${duration.toFixed(3)}秒的卡顿不足一帧（每秒${fps.toFixed(2)}帧）。`, '请至少给出一帧的时长。'),
  'stall/list': ({ line, value }) =>
    say(`列表第${line}行“${value}”不是起点与时长。`, '每行写两个以秒计的时间，如4.0,1.5。'),
};
