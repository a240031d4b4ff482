/** Texts of `<video-quality>` in both languages. */
import type { Grade } from '../../core/answer/grades.ts';
import { bytes } from '../../core/text/format.ts';
import type { Lang } from '../../core/text/lang.ts';

export interface ElementMessages {
  readonly region: string;
  readonly start: string;
  /** Effect of the button, with the host of the video. */
  readonly about: (host: string) => string;
  readonly noAddress: string;
  readonly unsupported: string;
  readonly model: (done: number, total: number) => string;
  readonly video: (done: number, total?: number) => string;
  readonly decoding: (done: number, total: number) => string;
  readonly assessing: string;
  readonly stop: string;
  readonly again: string;
  readonly score: (value: string, grade: string) => string;
  readonly noScore: string;
  readonly grades: Readonly<Record<Grade, string>>;
}

const of = (done: number, total?: number) => (total ? [bytes(done), bytes(total)] : [bytes(done)]);

const en: ElementMessages = {
  region: 'Video quality',
  start: 'Score this video',
  about: (host) => `Fetches the video from ${host} and scores it in this browser. Nothing is uploaded.`,
  noAddress: 'There is no address of a video (attribute src).',
  unsupported:
    'This browser cannot decode video for pages (WebCodecs), or the page is not served over HTTPS.',
  model: (done, total) => `Loading the model: ${of(done, total).join(' of ')}`,
  video: (done, total) => `Fetching the video: ${of(done, total).join(' of ')}`,
  decoding: (done, total) => `Decoding frames: ${done} of ${total}`,
  assessing: 'The model is looking at the frames …',
  stop: 'Stop',
  again: 'Try again',
  score: (value, grade) => `${value} of 5, ${grade}`,
  noScore: 'The text holds no readable score.',
  grades: { 1: 'bad', 2: 'poor', 3: 'fair', 4: 'good', 5: 'excellent' },
};

const zh: ElementMessages = {
  region: '视频质量',
  start: '为此视频评分',
  about: (host) => `从${host}获取视频，在此浏览器中评分，不上传任何内容。`,
  noAddress: '没有视频地址（属性src）。',
  unsupported: '此浏览器不能为页面解码视频（WebCodecs），或页面未通过HTTPS提供。',
  model: (done, total) => `正在加载模型：${of(done, total).join(' / ')}`,
  video: (done, total) => `正在获取视频：${of(done, total).join(' / ')}`,
  decoding: (done, total) => `正在解码帧：${done} / ${total}`,
  assessing: '模型正在查看各帧……',
  stop: '停止',
  again: '重试',
  score: (value, grade) => `${value}分（满分5分），${grade}`,
  noScore: '文字中没有可读的分数。',
  grades: { 1: '劣', 2: '差', 3: '中', 4: '良', 5: '优' },
};

export const elementMessages: Readonly<Record<Lang, ElementMessages>> = { en, zh };
