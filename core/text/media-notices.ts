/**
 * Notices about an opened video in both languages: properties of the file that its reader should know, none of which
 * stops an assessment. A demuxer states them as codes with parameters, the page shows their text. Ours.
 */
import { count } from './format.ts';
import type { Lang } from './lang.ts';

/** Parameters of every notice. Frames are counted from 1, times are seconds. */
interface MediaNoticeParams {
  /** No frame has a time of its own. `seconds`: length that the header states, 0 where it states none. */
  'times-unknown': { seconds: number };
  /** The video is a single frame. */
  'single-frame': object;
  /** The next frame, or the end, comes this long after a frame, and far longer than is usual in this file. */
  'clock-jump': { frame: number; seconds: number };
  /** The clock starts again at a frame: so many recordings are glued together, which follow each other here. */
  'clock-restart': { frame: number; recordings: number };
  /** Frames share a time, and the stream does not tell their order either. */
  'order-uncertain': object;
  /** Another recording lies behind the one that is read, in another form. */
  'unread-recording': object;
  /** Boxes of the index that contradict themselves, by their types. */
  'faulty-boxes': { boxes: string };
  /** A frame has another size than the frames before it, in pixels. */
  'size-change': { frame: number; width: number; height: number };
  /** HDR video, whose values are used as if they were SDR. */
  hdr: { transfer: 'pq' | 'hlg' };
  /** A pixel is not square (width:height); sizes are those of the frames as stored, and as a player shows them. */
  'pixel-shape': { shape: string; width: number; height: number; shownWidth: number; shownHeight: number };
  /** The first frame comes this long after the start of the file's clock. */
  'late-start': { seconds: number };
}

export type MediaNotice = {
  readonly [Code in keyof MediaNoticeParams]: {
    readonly code: Code;
    readonly params: Readonly<MediaNoticeParams[Code]>;
  };
}[keyof MediaNoticeParams];

type NoticeTable = { readonly [Code in keyof MediaNoticeParams]: (p: MediaNoticeParams[Code]) => string };

/** `13 h 15 min`, `12 min`. */
function long(seconds: number, h: string, min: string): string {
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours}${h}${minutes % 60}${min}` : `${minutes}${min}`;
}

const longEn = (seconds: number): string => long(seconds, '\u202fh ', '\u202fmin');
const longZh = (seconds: number): string => long(seconds, '小时', '分钟');

const en: NoticeTable = {
  'times-unknown': ({ seconds }) =>
    seconds > 0
      ? `Times unknown: the file gives its frames none. They are spread evenly over the ${seconds.toFixed(2)}\u202fs that its header states.`
      : 'Times unknown: the file gives its frames none. They are played at 25 a second; the true rate and length are not known.',
  'single-frame': () =>
    'One picture only: nothing moves in it. Words about motion or time in the text do not apply.',
  'clock-jump': ({ frame, seconds }) =>
    `The file’s clock jumps by ${longEn(seconds)} after frame ${count(frame)}. The length counts this gap, the frame rate does not.`,
  'size-change': ({ frame, width, height }) =>
    `The picture changes its size inside the video: frame ${count(frame)} is ${width} × ${height}. The model sees every frame at its own size.`,
  'clock-restart': ({ frame, recordings }) =>
    `The file’s clock starts again at frame ${count(frame)}${recordings > 2 ? ' and later' : ''}: it holds ${count(recordings)} recordings, taken one after another.`,
  'order-uncertain': () =>
    'The file gives several frames the same time, and their order could not be read: neighbouring frames may be exchanged.',
  'unread-recording': () =>
    'Another recording in another format is glued behind this one in the file. Only the first is used.',
  'faulty-boxes': ({ boxes }) =>
    `Part of the file’s index is faulty (${boxes}). What cannot be read of it was left out.`,
  hdr: ({ transfer }) =>
    `This is HDR video (${transfer.toUpperCase()}), judged as SDR: its values are used as they are, without tone mapping.`,
  'pixel-shape': ({ shape, width, height, shownWidth, shownHeight }) =>
    `The pixels of this file are not square (${shape}): players show it at ${shownWidth} × ${shownHeight}. The model sees the ${width} × ${height} frames as stored.`,
  'late-start': ({ seconds }) =>
    `The file’s clock starts ${longEn(seconds)} before the first frame. A player may show nothing until then; here the video starts with its first frame.`,
};

const zh: NoticeTable = {
  'times-unknown': ({ seconds }) =>
    seconds > 0
      ? `时间未知：文件未给出各帧的时间，已按文件头所述的${seconds.toFixed(2)}秒均匀分布。`
      : '时间未知：文件未给出各帧的时间，以每秒25帧播放；真实帧率和时长不明。',
  'single-frame': () => '只有一幅画面，没有运动；文字中关于运动或时间的说法不适用。',
  'clock-jump': ({ frame, seconds }) =>
    `第${count(frame)}帧之后，文件时钟跳过${longZh(seconds)}。时长计入这段间隔，帧率不计入。`,
  'size-change': ({ frame, width, height }) =>
    `画面尺寸在视频中改变：第${count(frame)}帧为${width} × ${height}。模型按各帧自身的尺寸查看。`,
  'clock-restart': ({ frame, recordings }) =>
    `文件时钟从第${count(frame)}帧${recordings > 2 ? '起多次' : ''}重新开始：文件含${count(recordings)}段录像，按文件中的顺序相接。`,
  'order-uncertain': () => '文件中多帧的时间相同，且无法读出其先后：相邻帧的顺序可能颠倒。',
  'unread-recording': () => '文件中还接有另一段格式不同的录像，只取用第一段。',
  'faulty-boxes': ({ boxes }) => `文件索引的一部分有误（${boxes}），无法读取的内容已略去。`,
  hdr: ({ transfer }) => `这是HDR视频（${transfer.toUpperCase()}），按SDR评判：按原值使用，不做色调映射。`,
  'pixel-shape': ({ shape, width, height, shownWidth, shownHeight }) =>
    `此文件的像素不是正方形（${shape}），播放器以${shownWidth} × ${shownHeight}显示；模型查看原样存储的${width} × ${height}帧。`,
  'late-start': ({ seconds }) =>
    `文件时钟在首帧之前${longZh(seconds)}就已开始。播放器在此期间可能没有画面；本页从首帧算起。`,
};

export const mediaNoticeTables: Readonly<Record<Lang, NoticeTable>> = { en, zh };

export function mediaNoticeText(lang: Lang, { code, params }: MediaNotice): string {
  // Code and parameters belong together by the type of a notice.
  const speak = mediaNoticeTables[lang][code] as (p: typeof params) => string;
  return speak(params);
}
