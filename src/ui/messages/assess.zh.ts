/** Words of the Assess page in Chinese. */

import { count } from '../../../core/text/format.ts';
import type { AssessMessages } from './assess.en.ts';

export const assessZh: AssessMessages = {
  modelMissing: '未加载模型',
  queueTitle: '接下来',
  queueRemove: (name) => `将${name}移出队列`,
  queueFull: (n) => `已有三段视频在等待，另外${count(n)}段未加入。`,
  queueStart: '开始下一段',
  others: (n) => `只能评估视频，其余${count(n)}个文件未加入。`,
  truncated: (present, frames) => `文件不完整，仅有${count(present)}/${count(frames)}帧，模型只看这些帧。`,
  foreign: '此文件的颜色由浏览器换算，其他机器上的像素可能略有不同。',
  hdr: (curve) => `这是${curve}视频，按原值使用，不做色调映射。`,
  long: (frames, gap) => `视频这么长，一个分数说明不了多少：${frames}帧之间相隔${gap}秒。`,
  overTime: '质量随时间变化',
  oneThread: '仅用一个处理器线程：此站点未发送隔离标头。刷新一次页面即可使用全部线程。',
  oneThreadNever: '仅用一个处理器线程：浏览器未隔离此页面，因此较慢。',
  textHead: (score, grade) => `得分${score}（满分5），${grade}`,
  textNone: (why) => `无得分。${why}`,
  textFile: '文件',
  textModel: '模型',
  textFrames: '帧',
  textTime: '用时',
  textReasoning: '推理过程',
  textNamed: '提到',
  textRuledOut: '排除',
  textScale: '尺度',
  copiedText: '已复制',
  exportOfficial: '一行CSV（官方列）',
  reopenedTitle: (date) => `${date}的结果`,
  reopenedOther: (name) => `这不是${name}，内容不同，将作为新视频评估。`,
  checking: (name) => `正在核对是否为${name}`,
  aboutTitle: '关于此尺度',
  aboutHeldOut: (n, population) =>
    `模型给出自己的1至5分。百分位表示在${count(n)}段训练时未见过的片段（${population}）中，有多少得分更低。这些片段没有人工评分，因此该分数并非人工主观评分。`,
  aboutHuman: (dataset, n) =>
    `模型的训练目标是人工主观评分。百分位表示${dataset}的${count(n)}段视频中，有多少段的人工评分更低。`,
  aboutUnmeasured: '此模型未经测定，分数只能单独看：1至5分，越高越好，不给出百分位。',
  aboutRule: '评语取最接近分数的等级，分界在两级正中。同一视频、同一模型，文字与分数都相同。',
  frameFile: (name, frame) => `${name}-frame-${frame}.png`,
  fileFacts: '文件信息',
  notPlayable: '此浏览器无法播放该文件，画面逐帧解码显示。',
  hidden: '编辑列表使播放器不显示此帧，模型会看到它。',
  modelValue: (name, dtype, backend) => `${name}，${dtype}，${backend}`,
  onProcessor: '处理器',
  onAdapter: '显卡',
};
