/** Codecs that this browser decodes, measured, not guessed from its name. */
import type { CodecSupport } from './api.ts';

/** An ordinary 1080p stream of each. */
const PROBES: Readonly<Record<CodecSupport['name'], string>> = {
  'H.264': 'avc1.640028',
  HEVC: 'hvc1.1.6.L120.B0',
  VP8: 'vp8',
  VP9: 'vp09.00.40.08',
  AV1: 'av01.0.08M.08',
};

export async function isSupported(config: VideoDecoderConfig): Promise<boolean> {
  if (typeof VideoDecoder === 'undefined') return false;
  try {
    return (await VideoDecoder.isConfigSupported(config)).supported === true;
  } catch {
    return false; // a codec string that the browser has never heard of
  }
}

export async function codecSupport(): Promise<CodecSupport[]> {
  return Promise.all(
    (Object.keys(PROBES) as CodecSupport['name'][]).map(async (name) => ({
      name,
      supported: await isSupported({ codec: PROBES[name], codedWidth: 1920, codedHeight: 1080 }),
    })),
  );
}
