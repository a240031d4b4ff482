/** Texts about the models of the catalogue, in Chinese. */
import { bytes } from '../../../../core/text/format.ts';
import type { CatalogueMessages } from './catalogue.en.ts';

export const catalogueZh: CatalogueMessages = {
  title: '可自备的模型',
  lead: '不在本机，从小到大排列。权重在本页或终端中转换。',
  models: {
    tiny: {
      about: '用于试转换和试训练 · 得分没有意义',
      what: '本项目自带的检查点，几秒内即可试转换和试训练。它只学过回答的格式：**得分没有意义**，也可能没有得分。',
      tried: '浏览器测试会在本页转换它，并在处理器上运行。大小为计算值。',
      licence: 'Apache-2.0',
    },
    'vqathinker-1b': {
      about: '尚无训练好的权重 · 须自行训练',
      what: '同样的架构，规模约为八分之一：带SlowFast运动词元的InternVL3-1B。**尚无人发布其训练好的权重**；本项目的配方也未运行过。',
      tried: '这一形状的随机权重已转换，并由测试程序载入。训练后的评判水平尚不可知。',
      licence: '取决于基座模型，请在其页面查看。',
      training: '据估算，一块24 GB的GPU在LSVQ上训练三轮需14小时（docs/scaling.md，RTX 4090）。',
    },
    'vqathinker-2b': {
      about: '尚无训练好的权重 · 须自行训练',
      what: '同样的架构，规模约为四分之一：带SlowFast运动词元的InternVL3-2B。**尚无人发布其训练好的权重**；本项目的配方也未运行过。',
      tried: '大小为计算值。训练后的评判水平尚不可知。',
      licence: '取决于基座模型，请在其页面查看。',
      training: '据估算，一块48 GB的GPU在LSVQ上训练三轮需13小时（docs/scaling.md，L40S）。',
    },
    'vqathinker-8b': {
      about: '以人工评分训练 · 由作者发布的权重转换',
      what: '带SlowFast运动词元的InternVL3-8B，以人工评分经强化学习训练（AAAI 2026）。权重归其作者所有，不随本页提供。',
      tried:
        '尚无人在这类设备上用本页运行过发布的权重。目前只试过：用测试程序在软件模拟的显卡上载入同样形状的随机权重。实测：44秒打开，图形进程占**4.68 GB**，页面进程占**1.65 GB**。表中的大小为计算值。',
      licence: '请在发布页查看。官方代码未注明权重的许可。',
    },
  },
  parameters: (n) => (n >= 1e8 ? `${(n / 1e8).toFixed(0)}亿参数` : `${(n / 1e4).toFixed(0)}万参数`),
  sizes: {
    released: (checkpoint, converted, dtype) =>
      `读取${bytes(checkpoint)}，转换后${bytes(converted)} · ${dtype}`,
    repository: (checkpoint, converted, dtype) =>
      `项目中${bytes(checkpoint)}，转换后${bytes(converted)} · ${dtype}`,
    none: (checkpoint, converted, dtype) =>
      `训练后${bytes(checkpoint)}，转换后${bytes(converted)} · ${dtype}`,
  },
  how: '如何获取',
  howFor: (name) => `如何获取：${name}`,
  howTo: (name) => `如何获取${name}`,
  mayRun: '浏览器提供的信息中没有不满足的项。',
  may: '浏览器能报告的各项本机均满足；标“?”的项只有运行时才知道。',
  released: '请在发布页阅读其条款：',
  inRepository: (folder, n) => `检查点就在本项目中：\`${folder}\`，${bytes(n)}。`,
  convert: (storage) => `把它的文件夹拖到本页即可转换，需要${bytes(storage)}可用存储；或在项目目录中运行：`,
  convertRead: (weights, storage) =>
    `在本页转换：经网络读取${bytes(weights)}，只读一遍，存储${bytes(storage)}。可中途停止，之后继续。`,
  base: '获取基座模型和SlowFast的Kinetics权重，并合并：',
  train: (machine) => `用LSVQ训练。${machine}训练会按官方布局保存检查点：`,
  convertTrained: '把检查点文件夹拖到本页即可转换；或在项目目录中运行：',
  convertHere: '在此查看',
  orTerminal: '或在项目目录中运行：',
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
