/**
 * Terms for distortions in English and Chinese. A term names a defect: "low contrast" is one, "contrast" alone is
 * not. Ours.
 */

interface DistortionTerm {
  /** Ids of `distortions.json`; the others are distortions that only larger models name. */
  readonly id: string;
  readonly label: { readonly en: string; readonly zh: string };
  /** Patterns without flags; matched at word boundaries, case ignored, `~` = blank or hyphen. */
  readonly en: readonly string[];
  readonly zh: readonly string[];
}

/** Earlier entries win at the same position, so that "motion blur" is not "blur". */
export const distortionTerms: readonly DistortionTerm[] = [
  {
    id: 'corruption',
    label: { en: 'Corruption', zh: '画面损坏' },
    en: [
      '(?:(?:data|stream|bit-?stream|picture|image|frame|video|block)~)?corrupt(?:ed|ion)(?:~(?:macro-?)?(?:blocks?|frames?|data|streams?|areas?|regions?))?',
      '(?:packet|slice)~loss(?:es)?',
      '(?:lost|missing)~(?:packets?|slices?)',
      '(?:transmission|decoding|decoder|(?:bit-?)?stream|slice)~(?:errors?|damage|faults?)',
      '(?:broken|stuck|damaged|misplaced|garbled|smeared)~(?:macro-?)?blocks?',
    ],
    zh: ['画面损坏', '数据损坏', '损坏', '花屏', '丢包', '传输错误', '解码错误', '码流错误', '坏块'],
  },
  {
    id: 'disorder',
    label: { en: 'Frame order', zh: '帧序错乱' },
    en: [
      '(?:(?:frame|temporal|time)~)?disorder(?:ed)?(?:~(?:of the~)?frames?)?',
      'frame~(?:shuffl(?:e|es|ing)|scrambl(?:e|es|ing)|re-?ordering|order~(?:errors?|problems?|faults?))',
      '(?:shuffled|scrambled|jumbled|mis-?ordered|re-?ordered|swapped|mixed-?up)~(?:frames?|frame order|order)',
      '(?:wrong|broken|incorrect|jumbled)~(?:frame~|temporal~)order',
      'frames? (?:(?:is|are|come|comes|run|runs|play|plays|appear|appears) )?(?:shuffled|scrambled|jumbled|out of (?:order|sequence))',
      'out of (?:order|sequence)',
    ],
    zh: ['帧序错乱', '帧序错误', '帧顺序错误', '顺序错乱', '时序错乱', '帧序混乱', '乱序'],
  },
  {
    id: 'motion-blur',
    label: { en: 'Motion blur', zh: '运动模糊' },
    en: ['motion~(?:blur(?:ring|red|ry|riness)?|smear(?:ing)?)', 'smear(?:ing|ed|s)?'],
    zh: ['运动模糊', '动态模糊', '拖影'],
  },
  {
    id: 'focus',
    label: { en: 'Out of focus', zh: '失焦' },
    en: [
      'out~of~focus',
      'de-?focus(?:ed|ing)?(?! blur)',
      'mis-?focus(?:ed)?',
      'focus (?:hunting|errors?|problems?|issues?)',
      'unfocus(?:ed)?',
    ],
    zh: ['失焦', '对焦不准', '跑焦', '虚焦', '脱焦'],
  },
  {
    id: 'compression',
    label: { en: 'Compression', zh: '压缩' },
    en: [
      '(?:over-?)?compress(?:ion|ed)(?:~arti?e?facts?|~noise|~damage|~losses|~loss)?',
      'block(?:iness|y|ing)(?:~arti?e?facts?)?',
      'macro-?block(?:s|ing)?',
      '(?:encoding|coding|quanti[sz]ation)~(?:arti?e?facts?|noise|errors?)',
      '(?:low|insufficient)~bit-?rate',
    ],
    zh: [
      '压缩伪影',
      '压缩失真',
      '压缩痕迹',
      '压缩噪声',
      '过度压缩',
      '压缩',
      '块效应',
      '方块效应',
      '马赛克',
      '码率不足',
      '低码率',
    ],
  },
  {
    id: 'ringing',
    label: { en: 'Ringing', zh: '振铃' },
    en: ['ringing(?:~arti?e?facts?)?', 'mosquito~noise', 'halo(?:s|es|ing)?', 'over-?sharpen(?:ed|ing)'],
    zh: ['振铃', '蚊式噪声', '光晕', '过度锐化'],
  },
  {
    id: 'ghosting',
    label: { en: 'Ghosting', zh: '重影' },
    en: ['ghost(?:ing|s|ed)?(?:~arti?e?facts?)?', 'double~images?'],
    zh: ['重影', '鬼影', '残影'],
  },
  {
    id: 'aliasing',
    label: { en: 'Aliasing', zh: '锯齿' },
    en: [
      'alias(?:ing|ed)(?:~arti?e?facts?)?',
      'jagg(?:ed|ies)(?:~edges)?',
      'moir[eé](?:~patterns?)?',
      'stair-?cas(?:e|ing)',
    ],
    zh: ['锯齿', '混叠', '摩尔纹'],
  },
  {
    id: 'interlacing',
    label: { en: 'Interlacing', zh: '隔行' },
    en: [
      'interlac(?:ing|ed)(?:~arti?e?facts?)?',
      'combing(?:~arti?e?facts?)?',
      'comb~(?:arti?e?facts?|lines|patterns?|teeth)',
      '(?:screen~)?tearing',
    ],
    zh: ['隔行扫描', '隔行', '拉丝', '画面撕裂'],
  },
  {
    id: 'noise',
    label: { en: 'Noise', zh: '噪声' },
    en: [
      '(?:(?:image|sensor|film|luma|colou?r|chroma)~)?nois(?:e|y|iness)',
      'grain(?:s|y|iness)?',
      'speckl(?:e|es|ed|ing)',
      'snow(?:y)~(?:picture|image)',
    ],
    zh: ['噪声', '噪点', '噪音', '颗粒感', '颗粒'],
  },
  {
    id: 'lowres',
    label: { en: 'Low resolution', zh: '分辨率低' },
    en: [
      '(?:low|lower|poor|limited|reduced|insufficient)~res(?:olution)?(?:~up-?scal(?:ed|ing))?',
      'resolution (?:is|seems|looks|appears) (?:very |too |rather |quite )?(?:low|poor|limited)',
      'pixel+at(?:ed|ion)',
      'up-?scal(?:ed|ing)',
      'coarse~(?:pixels?|detail)',
    ],
    zh: ['低分辨率', '分辨率较低', '分辨率过低', '分辨率低', '分辨率不足', '像素化', '像素感'],
  },
  {
    id: 'blur',
    label: { en: 'Blur', zh: '模糊' },
    en: [
      '(?:(?:defocus|gaussian|lens)~)?blur(?:s|ry|red|ring|riness)?',
      'unsharp(?:ness)?',
      'soft(?:ness)?(?= (?:picture|image|edges?|details?|texture)|[.,;:!?]|$)',
      '(?:lack(?:s|ing)?|loss|losing|lost)(?:~of)?~(?:(?:fine|some|much|texture|sharp) )*(?:sharpness|clarity|details?|definition)',
      'not (?:very |quite |really |entirely )?(?:sharp|clear)',
      'haz(?:y|e|iness)',
      'fuzz(?:y|iness)',
    ],
    zh: [
      '模糊',
      '不清晰',
      '不够清晰',
      '不清楚',
      '清晰度不足',
      '清晰度较低',
      '清晰度低',
      '细节丢失',
      '细节不足',
      '发虚',
    ],
  },
  {
    id: 'over',
    label: { en: 'Too bright', zh: '过曝' },
    en: [
      'over-?expos(?:ed|ure)(?: highlights)?',
      'highlight~clipping',
      '(?:too|overly|excessively)~bright',
      'blown(?:-| )?out(?: highlights| sky| areas)?',
      '(?:clipped|burnt|burned|blown) (?:highlights|whites)',
      'over-?bright',
    ],
    zh: ['过度曝光', '过曝', '曝光过度', '过亮', '太亮', '高光溢出'],
  },
  {
    id: 'under',
    label: { en: 'Too dark', zh: '过暗' },
    en: [
      'under-?expos(?:ed|ure)(?: shadows)?',
      'shadow~crush(?:ing)?',
      '(?:too|overly|excessively|very)~dark',
      '(?:poor|low|insufficient|dim)~light(?:ing)?',
      'crushed (?:blacks|shadows)',
      'dim(?:ly lit)?',
    ],
    zh: ['曝光不足', '欠曝', '过暗', '太暗', '偏暗', '光线不足', '昏暗'],
  },
  {
    id: 'contrast',
    label: { en: 'Contrast', zh: '对比度' },
    en: [
      '(?:low|poor|weak|reduced|insufficient|flat|lack of|lacks|lacking|loss of|lost|excessive|harsh|too much|too little)~contrast',
      'contrast (?:is|seems|looks|appears) (?:very |too |rather |quite )?(?:low|poor|weak|flat|high|harsh|reduced)',
      'contrast~(?:loss|fading)',
      'washed~out',
    ],
    zh: ['对比度低', '对比度较低', '对比度不足', '对比度过低', '对比度过高', '低对比度', '发灰'],
  },
  {
    id: 'colour',
    label: { en: 'Colour', zh: '色彩' },
    en: [
      'colou?r~(?:casts?|distortions?|shifts?|errors?|bleed(?:ing)?|deviation|inaccurac(?:y|ies)|fringing|problems?)',
      '(?:over|de|under)-?saturat(?:ed|ion)',
      '(?:unnatural|dull|faded|wrong|inaccurate|distorted|muted|pale)~(?:colou?rs?|saturation|hues?)',
      'colou?rs (?:are|look|seem|appear) (?:very |too |rather |quite |slightly )?(?:dull|faded|unnatural|wrong|off|pale|muted|distorted)',
      'discolou?r(?:ed|ation)',
      'chromatic aberration',
    ],
    zh: [
      '偏色',
      '色偏',
      '色彩失真',
      '颜色失真',
      '色彩偏差',
      '色彩不自然',
      '颜色不自然',
      '过饱和',
      '饱和度过高',
      '饱和度低',
      '饱和度不足',
      '褪色',
      '色差',
    ],
  },
  {
    id: 'banding',
    label: { en: 'Banding', zh: '色带' },
    en: [
      '(?:colou?r~)?banding(?:~arti?e?facts?)?',
      'posteri[sz](?:ation|ed)',
      'false~contours?',
      'contouring',
    ],
    zh: ['色带', '色阶断层', '条带', '伪轮廓'],
  },
  {
    id: 'freeze',
    label: { en: 'Freezing', zh: '画面冻结' },
    en: [
      'fr(?:eez(?:e|es|ing)|oze|ozen)(?:~(?:frames?|motion))?',
      'stall(?:s|ed|ing)?',
      'stuck',
      '(?:re-?)?buffering',
      '(?:picture|image|video) (?:stands|stood) still',
      'repeated~frames?',
    ],
    zh: ['画面冻结', '冻结', '定格', '画面静止', '停顿', '缓冲', '卡住'],
  },
  {
    id: 'drop',
    label: { en: 'Dropped frames', zh: '掉帧' },
    en: [
      '(?:dropped|missing|skipped|lost)~frames?',
      'frame~(?:drops?|dropping|skips?|skipping|losses|loss|jumps?)',
      'stutter(?:s|ed|ing|y)?',
      'jerk(?:y|iness|ing)',
      'judder(?:s|ing|y)?',
      'chopp(?:y|iness)',
      'low~frame~rate',
      '(?:discontinuous|uneven|broken)~motion',
    ],
    zh: ['掉帧', '丢帧', '跳帧', '卡顿', '不流畅', '不连贯', '帧率低'],
  },
  {
    id: 'shake',
    label: { en: 'Shaking', zh: '抖动' },
    en: [
      '(?:camera~|hand-?held~)?(?:shak(?:e|es|y|ing|iness)|jitter(?:s|y|ing)?|wobbl(?:e|es|y|ing)|trembl(?:e|es|ing))',
      '(?:unstable|unsteady)(?: (?:camera|footage|shot|picture|image))?',
      '(?:camera~)?instability',
      'rolling~shutter',
    ],
    zh: ['镜头抖动', '画面抖动', '相机抖动', '抖动', '晃动', '不稳定', '摇晃', '果冻效应'],
  },
  {
    id: 'flicker',
    label: { en: 'Flicker', zh: '闪烁' },
    en: [
      '(?:brightness~|light~)?flicker(?:s|ed|ing)?',
      'brightness~(?:fluctuat(?:es|ion|ions|ing)|pump(?:s|ing)|jumps?)',
      'strob(?:e|ing)',
    ],
    zh: ['闪烁', '频闪', '亮度波动', '忽明忽暗'],
  },
  {
    id: 'artefact',
    label: { en: 'Artefacts', zh: '伪影' },
    en: ['(?:visual~|digital~)?arti?e?facts?', 'glitch(?:es|y)?'],
    zh: ['伪影'],
  },
];
