/** Texts of the benchmark, in Chinese. */
import { bytes, count } from '../../../../core/text/format.ts';
import { type BenchmarkMessages, benchmarkEn } from './benchmark.en.ts';

export const benchmarkZh: BenchmarkMessages = {
  title: '测试本机速度',
  lead: (name) =>
    `先用小程序测量显卡，再用噪声画面测量**${name}**：约一分钟，大模型更久。模型会重新加载，之后即为使用中的模型。任何内容都不会离开本机。`,
  start: '开始',
  again: '重新测量',
  stop: '停止',
  stopped: '已停止，已测得的结果保留。',
  copy: '复制为表格',
  copied: '已复制',
  steps: {
    adapter: '正在测量显卡',
    load: '正在加载模型',
    prefill: '正在读取提示词',
    decode: '正在生成词元',
    firstWord: '从画面到第一个词',
  },
  caption: (model, adapter) => (adapter === '' ? model : model === '' ? adapter : `${model}，${adapter}`),
  captionBeside: (model, adapter) => `${model}，在处理器上运行；显卡：${adapter}`,
  model: (name, dtype, promptTokens, answerTokens) =>
    `${name}，${dtype}，读取${count(promptTokens)}个词元，生成${count(answerTokens)}个`,
  head: { name: '指标', measured: '实测', ceiling: '上限', share: '占比' },
  rows: {
    copy: '显存复制（读与写）',
    upload: '上传到显卡',
    float32: '32位矩阵乘',
    float16: '16位矩阵乘',
    load: '加载',
    prefill: '预填充',
    decode: '解码',
    outside: '每个词元在计算内核之外的时间占比',
    firstWord: '从画面到第一个词',
  },
  bytesPerSecond: (n) => `${bytes(n)}/s`,
  operations: benchmarkEn.operations,
  tokens: (n) => `${n < 10 ? n.toFixed(2) : count(n)}词元/秒`,
  seconds: (n) =>
    n < 0.1 ? `${(1000 * n).toFixed(n < 0.01 ? 2 : 1)}毫秒` : `${n.toFixed(n < 10 ? 2 : 1)}秒`,
  percent: (n) => `${(100 * n).toFixed(n < 0.1 ? 1 : 0)}%`,
  atMost: (value) => `≤ ${value}`,
  atLeast: (value) => `≥ ${value}`,
  why: {
    'no-adapter': '未测得：此浏览器没有支持WebGPU的显卡',
    'no-f16': '未测得：此显卡不支持16位运算',
    'no-timestamps': '未测得：此显卡不提供时间戳',
    'no-memory': '未测得：显卡可用内存不足',
    wrong: '未测得：显卡给出了错误的结果',
    'too-long': '未测得：需要两分钟以上',
    processor: '未测得：模型在处理器上运行',
    failed: '未测得：测量失败',
  },
  because: (why, detail) => `${why}（${detail}）`,
  note: '上限由上方测得的显卡速度推出：加载看上传；预填充和第一个词看矩阵乘（不计运动编码器）；解码看复制，因为每个词元都要读取语言解码器的全部权重。实际的计算内核可能快于此处测量的普通矩阵乘。',
  noteProcessor: '模型在处理器上运行，显卡的速度不构成上限。',
};
