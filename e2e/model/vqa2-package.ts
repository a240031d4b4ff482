/** A package of the recorded VQA² checkpoint that the page can run, and its recorded clips as lossless videos. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, shared } from './golden-package.ts';

const tiny = join(shared, 'golden-vqa2', 'tiny');
export const hasVqa2 = existsSync(tiny);

interface ClipFacts {
  readonly frames: number;
  readonly fps: number;
  readonly height_width: readonly [number, number];
}

interface Recorded {
  readonly clips: Readonly<Record<string, ClipFacts>>;
  readonly protocols: Readonly<
    Record<
      string,
      {
        readonly score: number;
        readonly sequence: number;
        readonly probabilities: Readonly<Record<string, number>>;
      }
    >
  >;
}

export const recorded = (): Recorded =>
  JSON.parse(readFileSync(join(tiny, 'profiles.json'), 'utf8')) as Recorded;

/** Converts the checkpoint once. @returns the folder of the package */
export function makeVqa2Package(role: 'scorer' | 'streaming' | 'assistant'): string {
  const folder = join(root, '.scratch', 'e2e', `vqa2-${role}`);
  const checkpoint = `${folder}-checkpoint`;
  rmSync(checkpoint, { recursive: true, force: true });
  mkdirSync(checkpoint, { recursive: true });
  for (const file of ['config.json', 'generation_config.json', 'model.safetensors', 'profiles.json'])
    cpSync(join(tiny, file), join(checkpoint, file));
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(join(tiny, 'tokenizer', file), join(checkpoint, file));
  rmSync(folder, { recursive: true, force: true });
  const cli = join(root, 'convert', 'cli.ts');
  const request = [checkpoint, folder, '--variants', 'wasm:fp32', '--role', role, '--name', 'Tiny levels'];
  execFileSync('node', [cli, ...request], { stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}

/** A recorded clip as VP9 in RGB without loss, so that the page decodes the recorded bytes; null without ffmpeg. */
export function recordedClip(name: 'clipA' | 'clipB'): string | null {
  const {
    fps,
    height_width: [height, width],
  } = recorded().clips[name]!;
  const file = readFileSync(join(tiny, 'clips.safetensors'));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<
    string,
    { readonly data_offsets: readonly [number, number] }
  >;
  const [from, to] = header[`${name}.frames`]!.data_offsets;
  const folder = join(root, '.scratch', 'e2e');
  mkdirSync(folder, { recursive: true });
  const out = join(folder, `${name}.webm`);
  const raw = join(folder, `${name}.rgb`);
  writeFileSync(raw, file.subarray(8 + length + from, 8 + length + to));
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(fps)];
  const lossless = ['-c:v', 'libvpx-vp9', '-lossless', '1', '-pix_fmt', 'gbrp'];
  try {
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, '-i', raw, ...lossless, out]);
    return out;
  } catch {
    return null;
  }
}
