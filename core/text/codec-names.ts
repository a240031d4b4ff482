/** Names of codecs for people, from their codec strings. Ours. */

const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^avc[1-4]/, 'H.264'],
  [/^(hev1|hvc1)/, 'HEVC'],
  [/^vp0?8/, 'VP8'],
  [/^vp0?9/, 'VP9'],
  [/^av01/, 'AV1'],
  [/^(vvc1|vvi1)/, 'VVC'],
  [/^(dvh1|dvhe|dva1|dvav|dav1)/, 'Dolby Vision'],
  [/^(ap4[hx]|apc[hnso])|prores/, 'ProRes'],
  // Object types of MPEG-4 systems (ISO/IEC 14496-1 table 5) that are no MPEG-4 Visual.
  [/^mp4v\.6c/i, 'JPEG'],
  [/^(mp4v\.6d|png )/i, 'PNG'],
  [/^mp4v\.6e|^(mjp2|jp2 )/i, 'JPEG 2000'],
  [/^mp4v\.6a|^(m1v|mp1v|V_MPEG1)/i, 'MPEG-1'],
  [/^gif /, 'GIF'],
  [/^tiff/, 'TIFF'],
  [/^mp4v\.6[0-5]|^(mp2v|mpeg2|V_MPEG2)|^(hdv|xd|m2v1)/, 'MPEG-2'],
  [/^(mp4v|V_MPEG4\/ISO\/(SP|ASP|AP))/, 'MPEG-4 Visual'],
  [/^(jpeg|mjp[ab]|MJPG|V_MJPEG)/, 'Motion JPEG'],
  [/^(s263|h263)/, 'H.263'],
  [/^V_THEORA/, 'Theora'],
  [/^V_MS\/VFW/, 'Video for Windows'],
  [/^V_REAL/, 'RealVideo'],
  [/^V_FFV1/, 'FFV1'],
  [/^AV[CdDn]|^AVd/, 'DNxHD'],
];

const H264_PROFILES: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4',
};
const HEVC_PROFILES: Readonly<Record<string, string>> = {
  1: 'Main',
  2: 'Main 10',
  3: 'Main Still',
  4: 'Range Extensions',
};

/** `HEVC` for `hvc1.2.4.L153`; the codec string itself where it is unknown. */
export function codecFamily(codec: string): string {
  return FAMILIES.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}

/** `H.264 High` for `avc1.64001f`; the family alone where the profile says nothing. */
export function codecName(codec: string): string {
  const family = codecFamily(codec);
  const profile =
    family === 'H.264'
      ? H264_PROFILES[Number.parseInt(codec.slice(5, 7), 16)]
      : family === 'HEVC'
        ? HEVC_PROFILES[codec.split('.')[1] ?? '']
        : undefined;
  return profile ? `${family} ${profile}` : family;
}
