/** Blocks of VQA²'s prompt from its encoders: visual, motion, image, and all of them merged into the text. */
import { CodedError } from '../../../core/errors.ts';
import { featureArea, type Size } from '../../../core/vqa2/pixels.ts';
import { placeholderId } from '../../../core/vqa2/records.ts';

/** Graphs of a package as functions; D is the width of the language decoder. */
export interface BlockEncoders {
  /** Planes [3, S, S] of one frame → pooled tokens [m², D], patch tokens [P, D], newline [D]. */
  vision(pixels: Float32Array): Promise<{
    readonly pooled: Float32Array;
    readonly patches: Float32Array;
    readonly newline: Float32Array;
  }>;
  /** Planes [n, 3, S, S] of neighbouring dense frames, and their numbers among the dense frames → [n, D]. */
  motion(pixels: Float32Array, positions: readonly number[]): Promise<Float32Array>;
  embed(ids: readonly number[]): Promise<Float32Array>;
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Key frames one by one, then one newline vector: [K · m² + 1, D]. */
export async function visualBlock(
  encoders: Pick<BlockEncoders, 'vision'>,
  frames: readonly Float32Array[],
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  let newline: Float32Array = new Float32Array(0);
  for (const pixels of frames) {
    const features = await encoders.vision(pixels);
    parts.push(features.pooled);
    newline = features.newline;
  }
  return joined([...parts, newline]);
}

export interface DenseClip {
  /** T, dense frames in all. */
  readonly frames: number;
  /** Planes [end − first, 3, S, S] of dense frames first (inclusive) to end (exclusive). */
  read(first: number, end: number): Promise<Float32Array>;
}

/**
 * One token a dense frame: [T, D]. The clip is computed `chunk` frames at a time with `halo` neighbours on each side, so
 * that memory does not grow with its length; the tokens equal those of the whole clip but for rounding.
 *
 * @throws CodedError `run/dense` {frames, limit} beyond the rows of the position embedding
 */
export async function motionBlock(
  encoders: Pick<BlockEncoders, 'motion'>,
  clip: DenseClip,
  { chunk, halo, limit }: { readonly chunk: number; readonly halo: number; readonly limit: number },
): Promise<Float32Array> {
  const { frames } = clip;
  if (frames > limit) throw new CodedError('run/dense', { frames, limit });
  const parts: Float32Array[] = [];
  for (let start = 0; start < frames; start += chunk) {
    const end = Math.min(frames, start + chunk);
    const [first, last] = [Math.max(0, start - halo), Math.min(frames, end + halo)];
    const positions = Array.from({ length: last - first }, (_, i) => first + i);
    const tokens = await encoders.motion(await clip.read(first, last), positions);
    const width = tokens.length / (last - first);
    parts.push(tokens.slice((start - first) * width, (end - first) * width));
  }
  return joined(parts);
}

/**
 * An image's tiles row by row without the canvas's margins, a newline vector after each row: [rows · (columns + 1), D].
 *
 * @param tiles planes of the tiles of the canvas, row-major, without the whole image
 * @param grid patches a side of a tile
 * @throws CodedError `run/prompt` for a grid of features that the official code would shrink (over nine tiles)
 */
export async function imageBlock(
  encoders: Pick<BlockEncoders, 'vision'>,
  tiles: readonly Float32Array[],
  {
    image,
    canvas,
    side,
    grid,
  }: { readonly image: Size; readonly canvas: Size; readonly side: number; readonly grid: number },
): Promise<Float32Array> {
  const across = canvas.width / side;
  const features: Float32Array[] = [];
  let newline: Float32Array = new Float32Array(0);
  for (const pixels of tiles) {
    const encoded = await encoders.vision(pixels);
    features.push(encoded.patches);
    newline = encoded.newline;
  }
  const width = newline.length;
  const area = featureArea(image, (canvas.height / side) * grid, across * grid);
  if (Math.sqrt((area.rows * area.columns) / (9 * grid ** 2)) > 1.1)
    throw new CodedError('run/prompt', { positions: area.rows * area.columns, features: 9 * grid ** 2 });
  const rows: Float32Array[] = [];
  for (let y = area.top; y < area.top + area.rows; y++) {
    for (let x = area.left; x < area.left + area.columns; x++) {
      const tile = features[Math.floor(y / grid) * across + Math.floor(x / grid)]!;
      const patch = (y % grid) * grid + (x % grid);
      rows.push(tile.subarray(patch * width, (patch + 1) * width));
    }
    rows.push(newline);
  }
  return joined(rows);
}

/**
 * Embeddings [N, D] of ids with a placeholder for each block, the blocks in the order given.
 *
 * @throws CodedError `run/prompt` {positions, features} for another number of placeholders
 */
export async function mergedSequence(
  encoders: Pick<BlockEncoders, 'embed'>,
  ids: readonly number[],
  blocks: readonly Float32Array[],
): Promise<Float32Array> {
  const slots = ids.flatMap((id, at) => (id === placeholderId ? [at] : []));
  if (slots.length !== blocks.length)
    throw new CodedError('run/prompt', { positions: slots.length, features: blocks.length });
  const text = await encoders.embed(ids.filter((id) => id !== placeholderId));
  const width = text.length / (ids.length - slots.length);
  const parts: Float32Array[] = [];
  let from = 0;
  for (const [k, slot] of slots.entries()) {
    // k placeholders before this one have no row in the text's embeddings.
    parts.push(text.slice(from * width, (slot - k) * width), blocks[k]!);
    from = slot - k;
  }
  return joined([...parts, text.slice(from * width)]);
}
