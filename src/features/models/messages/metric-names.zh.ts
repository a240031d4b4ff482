/** Chinese names of the metrics that the evaluation of a model prints. A name of another tool stays as it is. */

const PERTURBATIONS: Readonly<Record<string, string>> = {
  freeze: '冻结',
  drop: '丢帧',
  shuffle: '打乱',
  'local shuffle': '局部打乱',
  jitter: '帧位移',
  reverse: '倒放',
};

const DISTORTIONS: Readonly<Record<string, string>> = {
  crf: '压缩',
  scale: '放大',
  sigma: '模糊',
  noise: '噪声',
  gain: '增益',
  contrast: '对比度',
  freeze: '冻结',
  drop: '丢帧',
  compression: '压缩',
  lowres: '低分辨率放大',
  blur: '模糊',
  banding: '色带',
  over: '过曝',
  under: '欠曝',
  colour: '偏色',
  shake: '抖动',
  flicker: '闪烁',
  disorder: '帧序错乱',
};

/** Parts between commas. */
const PARTS: Readonly<Record<string, string>> = {
  SRCC: 'SRCC',
  PLCC: 'PLCC',
  MAE: 'MAE',
  Spearman: '斯皮尔曼相关',
  RMSE: 'RMSE',
  'held-out clips': '留出片段',
  'test clips': '测试片段',
  'trained on the other sets': '以其他评分集训练',
  'within clips': '同一片段之内',
  'KoNViD-1k': 'KoNViD-1k',
  'LIVE-VQC': 'LIVE-VQC',
  'YouTube-UGC': 'YouTube-UGC',
  'held-out family': '留出类别',
  'hold-out clips': '未参与选择的片段',
  'mean of heads': '各头平均',
  ladder: '失真阶梯',
  'top-1 attribution': '首个失真说对的比例',
  'macro balanced accuracy': '各失真平均的平衡准确率',
  readable: '可读比例',
  'two decimals': '两位小数的比例',
  'standard deviation of the score': '得分的标准差',
  'share of the most frequent score': '最常见得分的占比',
  'share of the most frequent opening': '最常见开头的占比',
  'different openings': '不同开头的比例',
  'different texts': '不同文字的比例',
  'equal scores': '得分相同',
  'clean preferred': '更偏好原片',
  'clips with motion': '有运动的片段',
  'irreversible scenes': '不可逆场景',
  'other scenes': '其他场景',
  'mean of all but reversal': '除倒放外的平均',
  'trace changes': '推理文字改变',
  'score rises': '得分升高',
  'mean rise of the score': '得分平均升高',
  'named distortion removed': '去除所提失真后',
  'another video': '换成另一段视频后',
  'lowest Spearman of a distortion': '各失真中最低的斯皮尔曼相关',
  'original first': '原片排第一',
  'original first where certainly best': '原片必定最好时排第一',
  'change of SRCC': 'SRCC的变化',
  'package against checkpoint': '模型包对检查点',
  'real clips': '实拍片段',
  'SRCC of the text': '文字所写得分的SRCC',
  'SRCC against VMAF': '与VMAF的SRCC',
  'better encode preferred': '更偏好较好的编码',
  'temporal fault named': '说有时间类失真的比例',
  'fault above slight': '说有轻微以上失真的比例',
  'grade and score contradict': '等级与得分矛盾的比例',
  'broken sentences': '残缺句子的比例',
  'size of the package in MB': '模型包大小（MB，含两种后端）',
};

function partZh(part: string): string | null {
  const preferred = /^clean preferred to (.+)$/.exec(part)?.[1];
  if (preferred) return PERTURBATIONS[preferred] ? `原片优于${PERTURBATIONS[preferred]}` : null;
  const pair = /^clean and (.+)$/.exec(part)?.[1];
  if (pair) return PERTURBATIONS[pair] ? `原片与${PERTURBATIONS[pair]}` : null;
  const spearman = /^Spearman of (.+)$/.exec(part)?.[1];
  if (spearman) return DISTORTIONS[spearman] ? `${DISTORTIONS[spearman]}的斯皮尔曼相关` : null;
  const rates = /^crf (\d+) and (\d+)$/.exec(part);
  if (rates) return `crf ${rates[1]}与${rates[2]}`;
  return PARTS[part] ?? null;
}

/** A name in Chinese; as it is when a part of it is of another tool. */
export function metricNameZh(name: string): string {
  const parts = name.split(', ').map(partZh);
  return parts.every((part) => part !== null) ? parts.join('，') : name;
}
