/** Texts about the small model and about distortions, in Chinese. */
import { correlation, count } from '../../../../core/text/format.ts';
import type { CardMessages, SmallMessages } from './small-model.en.ts';

const percent = (share: number): string => `${(share * 100).toFixed(share > 0.99 ? 1 : 0)}%`;

export const smallZh: SmallMessages = {
  sentence: '小模型（480万参数），训练时没有用人工评分；对实拍视频往往偏严。',
  more: '它能做什么、不能做什么',
  title: '小模型能做什么、不能做什么',
  lead: 'VQAThinker small有480万参数，随本页提供，任何设备都能运行。它不能代替人，也不能代替8B模型。',
  cannotTitle: '局限',
  people: {
    name: '对人工评分的估计',
    value: (score, half) => `**${score}** ± ${half}`,
    running: '正在计算',
    waiting: '在回答之后给出',
    unavailable: '无法用于这段视频',
    basis: (sets) => `依据${count(sets)}个公开评分集的特征`,
    short: '不足四帧的视频没有这些特征，因此没有估计。',
    about: (n, sets, half, tests) =>
      `**对人工评分的估计来自另一部分**，与文字和得分无关。它学自人对${count(n)}段视频（${sets}）的评分，依据每段的47个特征值。${count(tests)}段测试视频中有95%与估计相差不超过${half}。`,
  },
  cannotUnrated: [
    '**得分不是人工评分。**它用已知失真的合成片段和照片训练，没有人给它们打过分。',
    '**对实拍视频偏严。**看起来正常的片段常得“中”或“差”。',
  ],
  human: {
    sentence: (sets) => `小模型（480万参数）。它根据${count(sets)}个公开评分集的特征，估计人会怎样评分。`,
    estimate: (n, sets) =>
      `**得分是估计，不是评分。**它学自人对${count(n)}段视频（${sets}）的评分，依据的是每段视频的47个特征值；它没有看过这些视频。`,
    elsewhere: (low, high) =>
      low === high
        ? `**对其他来源的视频，与人的一致程度较低**：在未参与训练的评分集上SRCC为**${correlation(low)}**。`
        : `**对其他来源的视频，与人的一致程度较低**：在未参与训练的评分集上SRCC为**${correlation(low)}**至**${correlation(high)}**。`,
    cannot: [
      '有评分的视频中几乎没有录屏、动画和不足200行的画面。',
      '一种失真扣多少分是本项目的约定，没有人为此评过分。',
      '在小尺寸或压缩过的画面上，噪声可能使它升高：在用户视频中，细节与质量相伴。',
    ],
    short: '不足四帧的视频没有这些特征；其得分从一段普通视频算起。',
    test: (name, value, n) =>
      `在${name}中留作测试的${count(n)}段视频上与人的一致程度：SRCC **${correlation(value)}**。`,
  },
  cannot: [
    '**宁可多报轻微缺陷，也不漏报**，干净的片段也是如此。',
    '最多指出17种失真中的三种：不含重影、锯齿、音画同步、内容或美感。',
    '文字来自对画面的闭式统计。它不认识画面里的东西，也从不说明在画面的何处。',
    '弱项：柔和或压缩画面上的轻噪声、与场景有关的曝光、慢动作中的丢帧。',
    '训练用的实拍片段来自17处来源，其中许多拍的是工作中的机器人。它用英文作答。',
  ],
  canTitle: '实测',
  measured: {
    attribution: (value, n) => `${count(n)}段只含一种失真的合成片段中，**${percent(value)}**首先说对。`,
    srcc: (value, n) => `扣分与${count(n)}段合成片段中加入的失真强度相符：SRCC **${correlation(value)}**。`,
    ladder: (value, n) =>
      `失真越强，得分越低：在${count(n)}段实拍片段的14种失真上，平均秩相关**${correlation(value)}**。`,
    shuffle: (value, n) => `${count(n)}个场景中，**${percent(value)}**认为原片好于打乱帧序的同一片段。`,
  },
  source: '数值取自模型卡，区间与命令见该处。同一段视频总得到同样的文字和得分。',
  larger: '使用更大的模型',
  card: '模型卡（在“模型”页）',
};

export const cardZh: CardMessages = {
  about: (label) => `关于${label}`,
  causes: '常见原因：',
  helps: '改善方法',
  at: { camera: '相机、手机', encoder: '导出', editor: '剪辑' },
  source: '一般建议，由人为本页撰写，不是模型的话。',
};
