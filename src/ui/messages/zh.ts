/** Texts that several rooms of the page use, in Chinese. The spaces between Han and Latin come from `text-autospace`, never from here. */
import { count } from '../../../core/text/format.ts';
import type { Messages } from './en.ts';
import { KEY_NAMES } from './key-names.ts';

const s = (seconds: number, decimals = 2): string => `${seconds.toFixed(decimals)}秒`;

export const zh: Messages = {
  app: {
    name: 'VQAThinker',
  },
  units: {
    seconds: s,
    percent: (p) => `${p}%`,
    frames: (n) => `${count(n)}帧`,
    and: (items) =>
      items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join('、')}和${items.at(-1)}`,
    list: (items) => items.join('、'),
    facts: (items) => items.join('，'),
    ago: (seconds) => {
      if (seconds < 60) return '刚刚';
      if (seconds < 3600) return `${Math.floor(seconds / 60)}分钟前`;
      if (seconds < 86400) return `${Math.floor(seconds / 3600)}小时前`;
      return seconds < 172800 ? '昨天' : `${Math.floor(seconds / 86400)}天前`;
    },
  },
  grades: {
    title: '分数的含义',
    names: ['劣', '差', '中', '良', '优'],
    sentences: ['难以观看', '缺陷扰人', '可见缺陷，尚可观看', '细看有小瑕疵', '无可挑剔'],
    note: '观看实验中绝对等级评分（ACR）的五个等级。文字为与分数最接近的等级。',
  },
  answers: {
    notYet: '尚无得分',
    noScore: '无得分',
    value: (value, nth) => `第${nth}个回答：${value}`,
    previous: '上一个回答',
    next: '下一个回答',
  },
  progress: {
    label: '进度',
    loading: '正在加载模型',
    loadStages: { check: '校验文件', open: '打开', test: '自检' },
  },
  actions: {
    stop: '停止',
    goOn: '继续',
    tryAgain: '重试',
    copyText: '复制为文本',
    copy: '复制',
    copied: '已复制',
    copyDetails: '复制详情',
    export: '导出',
    exportJson: '结果（JSON）',
    exportCsv: '一行（CSV）',
    exportPng: '卡片（PNG）',
    next: '下一段视频',
    compare: '与扰动副本对比',
    compareShort: '对比',
    assessTimes: (k) => `评估${k}次`,
    chooseAnother: '选择其他文件',
    software: '改用软件解码',
    processor: '改用处理器继续',
    restart: '重新启动',
    reload: '刷新页面',
    useAnyway: '仍用此文件',
    close: '关闭',
  },
  player: {
    label: '播放器',
    play: '播放',
    pause: '暂停',
    previousFrame: '后退一帧',
    nextFrame: '前进一帧',
    speed: '速度',
    speedValue: (x) => `${x}×`,
    fit: '适应',
    actualSize: '1:1',
    loop: '循环',
    saveFrame: '将此帧存为PNG',
    fullscreen: '全屏',
    leaveFullscreen: '退出全屏',
    frameOf: (frame, frames) => `第${count(frame)}/${count(frames)}帧`,
    sampled: (nth) => `F${nth}采样帧`,
    asModelSaw: '模型所见',
    asModelSawNow: (nth, size) => `F${nth}模型所见，${size} × ${size}`,
    mute: '静音',
    unmute: '打开声音',
  },
  keyNames: { Space: '空格', ...KEY_NAMES },
  errors: {
    code: '错误代码',
    ffmpegLead: '下面的命令生成每个浏览器都能读取的副本：',
    hevcOnPhone:
      '请用**Safari**打开，或改用H.264拍摄：iPhone在**设置 → 相机 → 格式 → 兼容性最佳**；Android在相机设置中关闭高效视频。',
    ffmpegNote: '转换会使画面略有变化，CRF 12使变化很小。',
    unknownTitle: '发生未知错误。',
    unknownBody: '请复制详情，其中有错误代码和说明。',
  },
};
