/** Texts about the models of the catalogue, in Chinese. */
import { bytes } from '../../../../core/text/format.ts';
import type { CatalogueMessages } from './catalogue.en.ts';

export const catalogueZh: CatalogueMessages = {
  title: '可自备的模型',
  lead: '不在本机。权重由您获取，在本页或终端中转换。',
  models: {
    'vqathinker-8b': {
      about: '以人工评分训练 · 权重自备',
      what: '带SlowFast运动词元的InternVL3-8B，以人工评分经强化学习训练（AAAI 2026）。权重归其作者所有，不随本页提供。',
      tried:
        '尚无人在这类设备上用本页运行过发布的权重。目前只试过：用测试程序在软件模拟的显卡上载入同样形状的随机权重。实测：44秒打开，图形进程占**4.68 GB**，页面进程占**1.65 GB**。本页目前仍把整个模型包读入内存，因此需要表中所列的大小；这些大小为计算值。',
      licence: '请在发布页查看。官方代码未注明权重的许可。',
    },
    tiny: {
      about: '用于试转换和试训练 · 得分没有意义',
      what: '本项目自带的检查点，几秒内即可试转换和试训练。它只学过回答的格式：**得分没有意义**，也可能没有得分。',
      tried: '浏览器测试会在本页转换它，并在处理器上运行。大小为计算值。',
      licence: 'Apache-2.0',
    },
  },
  parameters: (n) => (n >= 1e8 ? `${(n / 1e8).toFixed(0)}亿参数` : `${(n / 1e4).toFixed(0)}万参数`),
  sizes: (checkpoint, converted, dtype) => `下载${bytes(checkpoint)}，转换后${bytes(converted)} · ${dtype}`,
  sizesHere: (checkpoint, converted, dtype) =>
    `项目中${bytes(checkpoint)}，转换后${bytes(converted)} · ${dtype}`,
  how: '如何获取',
  howFor: (name) => `如何获取：${name}`,
  howTo: (name) => `如何获取${name}`,
  mayRun: '浏览器提供的信息中没有不满足的项。',
  may: '浏览器能报告的各项本机均满足；标“?”的项只有运行时才知道。',
  download: (n) => `下载发布页上的全部文件，共${bytes(n)}：`,
  inRepository: (folder, n) => `检查点就在本项目中：\`${folder}\`，${bytes(n)}。`,
  convert: (storage) => `把它的文件夹拖到本页即可转换，需要${bytes(storage)}可用存储；或在项目目录中运行：`,
  use: '在上方列表中点**使用**。终端里转换的模型包先用**打开文件夹**加入列表。',
  copy: '复制命令',
  copied: '已复制',
  agreement: '与人工评分的一致程度',
  dataset: '数据集',
  videos: '视频数',
  agreementNote: (source) => `${source}，针对发布的权重。转换后的模型包尚未评测。`,
  tried: '目前试过的',
  looks: '观看',
  parametersName: '参数量',
  converted: '转换后',
  checkpoint: '检查点',
  format: '官方布局',
  licence: '许可',
};
