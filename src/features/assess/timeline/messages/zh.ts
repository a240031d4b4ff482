/** Texts of the quality timeline in Chinese. */
import { count } from '../../../../../core/text/format.ts';
import type { TimelineMessages } from './en.ts';

function about(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))}秒`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 90
    ? `${minutes}分${Math.round((seconds % 60) / 10) * 10}秒`
    : `${(minutes / 60).toFixed(1)}小时`;
}

export const timelineZh: TimelineMessages = {
  title: '质量时间线',
  axes: '全片1至5分，每段一级',
  span: (from, to) => `${from}–${to}`,
  length: '分段长度',
  seconds: (n) => `${n}秒`,
  segmentTitle: (nth, span) => `第${count(nth)}段，${span}`,
  start: '开始',
  pause: '暂停',
  resume: '继续',
  again: (n) => `重试${count(n)}个失败的分段`,
  waiting: '正在等待模型',
  dropToGoOn: (name) => `尚有片段未评估。拖入${name}即可继续。`,
  progress: (done, all) => `已完成${count(done)}/${count(all)}段`,
  bar: '质量时间线',
  at: (span) => `正在评估${span}`,
  left: (seconds) => `约剩${about(seconds)}`,
  paused: '已暂停，已有结果保留。',
  each: (n) => `每段${n}秒，各当作一个独立视频评估`,
  facts: {
    none: (all) => `${count(all)}段均尚无得分。`,
    unread: (all) => `${count(all)}段均无得分。`,
    one: (scored, all, score) => `${count(all)}段中${count(scored)}段有得分，均为${score}。`,
    range: (scored, all, low, lowAt, high, highAt) =>
      `${scored === all ? `全部${count(all)}段均有得分` : `${count(all)}段中${count(scored)}段有得分`}：最低${low}（${lowAt}），最高${high}（${highAt}）。`,
    failed: (n) => `${count(n)}段无得分。`,
  },
  cursor: '分段',
  readout: (nth, span, score, grade) => `第${nth}段，${span}：${score}，${grade}`,
  readoutNone: (nth, span) => `第${nth}段，${span}：无得分`,
  readoutOpen: (nth, span) => `第${nth}段，${span}：尚未评估`,
  readoutNow: (nth, span) => `第${nth}段，${span}：正在评估`,
  named: (label) => label,
  nothingNamed: '未提到失真',
  worst: '最差时刻',
  worstNone: '有得分后，此处列出最低的三段。',
  goTo: '跳到',
  noScore: '无得分',
  why: {
    'no-answer': '模型没有给出回答。',
    'several-answers': '模型给出了多个回答。',
    'not-a-number': '回答不是数字。',
    'out-of-range': '回答超出量表范围。',
    length: '模型写满上限仍未给分。',
    other: '回答无法读取。',
  },
  table: '以表格显示',
  columns: {
    nth: '序号',
    span: '时间',
    score: '得分',
    grade: '等级',
    named: '首个失真',
    note: '说明',
  },
  open: '尚未评估',
  export: '导出时间线',
  json: '分段数据（JSON）',
  csv: '分段数据（CSV）',
  svg: '图（SVG）',
  close: '关闭质量时间线',
  done: '质量时间线已完成。',
  fileName: (stem) => `${stem}-timeline`,
};
