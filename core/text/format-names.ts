/** Names of file formats that are told to a person, in both languages. Ours. */
import type { Lang } from './lang.ts';

/** Formats of video that the page does not read. */
const FORMATS = {
  Y4M: { en: 'Y4M (uncompressed video)', zh: 'Y4M（未压缩视频）' },
  IVF: { en: 'IVF', zh: 'IVF' },
  MXF: { en: 'MXF', zh: 'MXF' },
  AVI: { en: 'AVI', zh: 'AVI' },
  FLV: { en: 'FLV', zh: 'FLV' },
  WMV: { en: 'WMV (ASF)', zh: 'WMV（ASF）' },
  Ogg: { en: 'Ogg', zh: 'Ogg' },
  'MPEG-PS': { en: 'MPEG program streams', zh: 'MPEG节目流' },
  'MPEG-2': { en: 'raw MPEG-1 or MPEG-2 video', zh: 'MPEG-1/MPEG-2裸流' },
  'MPEG-4 Visual': { en: 'raw MPEG-4 Visual', zh: 'MPEG-4 Visual裸流' },
  'H.264': { en: 'raw H.264 (Annex B, no container)', zh: 'H.264裸流（Annex B，无容器）' },
  HEVC: { en: 'raw HEVC (Annex B, no container)', zh: 'HEVC裸流（Annex B，无容器）' },
  VVC: { en: 'raw VVC (Annex B, no container)', zh: 'VVC裸流（Annex B，无容器）' },
  AV1: { en: 'raw AV1 (OBU stream, no container)', zh: 'AV1裸流（OBU，无容器）' },
  RealMedia: { en: 'RealMedia', zh: 'RealMedia' },
  DV: { en: 'raw DV', zh: 'DV裸流' },
  NUT: { en: 'NUT', zh: 'NUT' },
  WTV: { en: 'WTV', zh: 'WTV' },
} as const satisfies Readonly<Record<string, Readonly<Record<Lang, string>>>>;

export type FormatName = keyof typeof FORMATS;

export const formatName = (lang: Lang, format: string): string =>
  Object.hasOwn(FORMATS, format) ? FORMATS[format as FormatName][lang] : format;

const LIKENESS_ZH: Readonly<Record<string, string>> = {
  text: '文本',
  'an empty file': '空文件',
  'a playlist': '播放列表',
  'a damaged file': '损坏的文件',
  'a damaged MP4': '损坏的MP4',
};

/** Likeness of a file in an error; formats have one name in all languages. */
export const likenessName = (lang: Lang, looksLike: string): string =>
  lang === 'zh' ? (LIKENESS_ZH[looksLike] ?? looksLike) : looksLike;
