/** Comparison of a converted VQA² checkpoint with its recorded tensors: stages, protocols, and the clip in chunks. */
import type { CheckpointFiles } from '../../../convert/files.ts';
import type { Dtype } from '../../../convert/weight-formats.ts';
import { derivedSizes, type Vqa2Config } from '../../../core/vqa2/config.ts';
import { denseFrames, keyFrames } from '../../../core/vqa2/frames.ts';
import { bestCanvas, fittedSize, type Size, writePlanes } from '../../../core/vqa2/pixels.ts';
import { protocolScore } from '../../../core/vqa2/protocols.ts';
import { resizeRgb } from '../../../workers/media/resize.ts';
import {
  type BlockEncoders,
  imageBlock,
  joined,
  mergedSequence,
  motionBlock,
  visualBlock,
} from '../../../workers/model/vqa2/blocks.ts';
import {
  argmax,
  distance,
  type FloatArray,
  item,
  lead,
  middleRows,
  planeMeans,
  rows,
  spread,
  tokenMeans,
} from './arrays.ts';
import { GoldenTensors } from './golden.ts';
import type { Runner } from './runner.ts';
import { Report, type StageResult } from './stages.ts';

interface Vqa2Limits {
  readonly pixels: number;
  readonly vision: number;
  readonly motion: number;
  /** Of the language decoder's tensors; null where they are not compared. */
  readonly decoder: number | null;
  readonly logits: number;
  readonly logitsAs: 'absolute' | 'share';
  readonly score: number;
}

const exact: Vqa2Limits = {
  pixels: 1e-6,
  vision: 2e-5,
  motion: 2e-4,
  decoder: 2e-4,
  logits: 1e-3,
  logitsAs: 'absolute',
  score: 1e-4,
};
const half: Vqa2Limits = {
  pixels: 1e-6,
  vision: 1e-2,
  motion: 6e-2,
  decoder: 6e-2,
  logits: 1.2e-2,
  logitsAs: 'share',
  score: 6e-3,
};
const eight: Vqa2Limits = { ...half, vision: 0.16, motion: 0.16, decoder: 0.4, logits: 0.3, score: 0.15 };

/**
 * For float32 the tolerances recorded with the tensors. The other dtypes: about twice the largest error measured on the
 * recorded checkpoint, whose random weights have no redundancy that softens an error and whose attention is peaked. With
 * 4 bits its decoder is half noise, and only its 8-bit encoders are compared. The two targets must agree at 8 bits
 * (`compareVqa2Targets`), which a wrong layout would not.
 */
const limitsFor: Readonly<Record<Dtype, Vqa2Limits>> = {
  fp32: exact,
  fp16: half,
  q8: eight,
  q4: { ...eight, decoder: null },
  q4f16: { ...eight, decoder: null },
};

/** Two targets at the same dtype: logits of every protocol as a share of their range. */
export function compareVqa2Targets(dtype: Dtype, a: Vqa2Conformance, b: Vqa2Conformance): StageResult {
  const limit = 2e-3;
  const shares = [...a.logits].map(([protocol, logits]) => {
    const other = b.logits.get(protocol);
    return other === undefined ? Number.POSITIVE_INFINITY : distance(logits, other) / spread(logits);
  });
  const error = Math.max(...shares);
  const cases = shares.length;
  return { stage: `webgpu≈wasm:${dtype}`, name: 'protocols/logits', cases, error, limit, ok: error <= limit };
}

interface Profiles {
  readonly clips: Readonly<
    Record<
      string,
      { readonly frames: number; readonly fps: number; readonly height_width: readonly [number, number] }
    >
  >;
  readonly level_ids: Readonly<Record<string, number>>;
  readonly protocols: Readonly<
    Record<
      string,
      {
        readonly level_logits?: Readonly<Record<string, number>>;
        readonly read_at?: number;
        readonly score?: number;
        readonly score_if_the_keys_agreed?: number;
        readonly weights?: readonly number[];
        readonly repetition_penalty?: number;
      }
    >
  >;
}

/** Parts of the block behind each placeholder, by protocol: v = visual, m = motion, of the named frames. */
const layouts: readonly (readonly [RegExp, readonly (readonly string[])[]])[] = [
  [/^ugc_nov$/, [['v:A'], ['m:A8']]],
  [/^stream_nov$/, [['v:A']]],
  [/^ugc_head$/, [['v:A'], ['m:Aall']]],
  [/^single_what_nov/, [['v:A']]],
  [/^single_(yn|open)_nov$/, [['v:B']]],
  [/^pair_nov$/, [['v:A'], ['m:Aall'], ['v:B'], ['m:B']]],
  [/^single_what_head$/, [['v:A', 'm:Aall'], ['m:Aall']]],
  [/^pair_head$/, [['v:A', 'm:Aall'], ['m:Aall'], ['v:B', 'm:B'], ['m:B']]],
];

const CHUNK = 16;
const CHUNK_LIMIT = 1e-5;

export class Vqa2Conformance {
  readonly #files: CheckpointFiles;
  readonly #profiles: Profiles;
  readonly #config: Vqa2Config;
  readonly #canvases: readonly Size[];
  readonly #blocks = new Map<string, Promise<Float32Array>>();
  readonly #pixels = new Map<string, Promise<Float32Array[]>>();
  readonly #runner: Runner;
  readonly #limits: Vqa2Limits;
  readonly #encoders: BlockEncoders;
  /** Logits of each protocol's whole sequence, once `results` has run. */
  readonly logits = new Map<string, Float32Array>();

  constructor(
    runner: Runner,
    files: CheckpointFiles,
    config: Vqa2Config,
    {
      profiles,
      canvases,
    }: { readonly profiles: unknown; readonly canvases: readonly (readonly [number, number])[] },
  ) {
    this.#runner = runner;
    this.#files = files;
    this.#config = config;
    this.#profiles = profiles as Profiles;
    this.#canvases = canvases.map(([width, height]) => ({ width, height }));
    this.#limits = limitsFor[runner.dtype];
    const side = config.vision.image_size;
    this.#encoders = {
      vision: async (pixels) => {
        const outputs = await runner.vision({ shape: [1, 3, side, side], data: pixels });
        const data = (name: string) => outputs.get(name)!.data;
        return {
          pooled: data('image_features'),
          patches: data('patch_features'),
          newline: data('image_newline'),
        };
      },
      motion: async (pixels, positions) => {
        const shape = [positions.length, 3, side, side];
        return (await runner.motionAt({ shape, data: pixels }, positions)).get('motion_features')!.data;
      },
      embed: async (ids) => (await runner.embed(ids)).data,
    };
  }

  async results(): Promise<StageResult[]> {
    const stage = `${this.#runner.target}:${this.#runner.dtype}`;
    const stages = new Report(stage, 'stages');
    await this.#checkStages(stages, await GoldenTensors.open(this.#files, 'stages'));
    const protocols = new Report(stage, 'protocols');
    const recorded = await GoldenTensors.open(this.#files, 'protocols');
    for (const protocol of new Set(recorded.names.map((name) => name.split('.')[0]!)))
      await this.#checkProtocol(protocols, protocol, recorded);
    return [...stages.close(), ...protocols.close()];
  }

  /** Planes of the frames that a prefix and kind name, squashed to the model's side. */
  #frames(kind: 'v' | 'm', prefix: string): Promise<Float32Array[]> {
    const key = `${kind}:${prefix}`;
    const made = this.#pixels.get(key) ?? this.#squash(kind, prefix);
    this.#pixels.set(key, made);
    return made;
  }

  async #squash(kind: 'v' | 'm', prefix: string): Promise<Float32Array[]> {
    const clip = `clip${prefix[0]}`;
    const {
      frames,
      fps,
      height_width: [height, width],
    } = this.#profiles.clips[clip]!;
    const rule = prefix.slice(1) === '8' ? 'every-8th' : 'all';
    const numbers = kind === 'v' ? keyFrames(frames, fps) : denseFrames(frames, rule);
    const clips = await GoldenTensors.open(this.#files, 'clips');
    const { data } = await clips.octets(`${clip}.frames`);
    const size = height * width * 3;
    return numbers.map((n) => this.#planes(data.subarray(n * size, (n + 1) * size), { width, height }));
  }

  #planes(rgb: Uint8Array, { width, height }: Size): Float32Array {
    const side = this.#config.vision.image_size;
    const squashed = width === side && height === side ? rgb : resizeRgb(rgb, width, height, side, side);
    const out = new Float32Array(3 * side * side);
    writePlanes(squashed, side, out);
    return out;
  }

  #part(part: string): Promise<Float32Array> {
    const made = this.#blocks.get(part) ?? this.#encode(part);
    this.#blocks.set(part, made);
    return made;
  }

  async #encode(part: string): Promise<Float32Array> {
    const [kind, prefix] = part.split(':') as ['v' | 'm', string];
    const frames = await this.#frames(kind, prefix);
    if (kind === 'v') return visualBlock(this.#encoders, frames);
    return this.#motion(frames, Number.MAX_SAFE_INTEGER);
  }

  #motion(frames: readonly Float32Array[], chunk: number): Promise<Float32Array> {
    const clip = {
      frames: frames.length,
      read: async (first: number, end: number) => joined(frames.slice(first, end)),
    };
    const { positions } = this.#config.motion;
    return motionBlock(this.#encoders, clip, {
      chunk,
      halo: derivedSizes(this.#config).halo,
      limit: positions,
    });
  }

  async #checkStages(report: Report, golden: GoldenTensors): Promise<void> {
    const side = this.#config.vision.image_size;
    const limits = this.#limits;
    const compare = async (name: string, actual: FloatArray, limit: number) => {
      if (golden.has(name))
        report.relative(
          name.replace(/^[^.]*\./, '').replace(/\.\d+(?=\.)/, ''),
          actual,
          await golden.floats(name),
          limit,
        );
    };
    for (const prefix of new Set(golden.names.map((name) => name.split('.')[0]!))) {
      const has = (part: string) => golden.names.some((name) => name.startsWith(`${prefix}.${part}`));
      if (has('key')) {
        const frames = await this.#frames('v', prefix);
        const pixels = { shape: [frames.length, 3, side, side], data: joined(frames) };
        await compare(`${prefix}.key.mean`, transposed(planeMeans(pixels)), limits.pixels);
        await compare(`${prefix}.key.row_mid`, framesFirst(middleRows(pixels)), limits.pixels);
        const outputs = await this.#runner.vision(pixels);
        for (const [name, value] of outputs) {
          if (!name.startsWith('vit.')) continue;
          await compare(`${prefix}.${name}.frame0`, item(value, 0), limits.vision);
        }
        const last = outputs.get(`vit.layers.${this.#config.vision.num_hidden_layers - 1}`);
        if (last) await compare(`${prefix}.vit.out.mean_over_tokens`, tokenMeans(last, 0), limits.vision);
        await compare(
          `${prefix}.mm_projector.frame0`,
          item(outputs.get('patch_features')!, 0),
          limits.vision,
        );
        await compare(`${prefix}.pool`, outputs.get('image_features')!, limits.vision);
      }
      if (!has('dense')) continue;
      const frames = await this.#frames('m', prefix);
      await this.#checkMotion(report, prefix, frames, compare);
    }
  }

  async #checkMotion(
    report: Report,
    prefix: string,
    frames: readonly Float32Array[],
    compare: (name: string, actual: FloatArray, limit: number) => Promise<void>,
  ): Promise<void> {
    const side = this.#config.vision.image_size;
    const limits = this.#limits;
    const pixels = { shape: [frames.length, 3, side, side], data: joined(frames) };
    await compare(`${prefix}.dense.mean`, transposed(planeMeans(pixels)), limits.pixels);
    const shown = frames.length <= 12 ? frames : frames.filter((_, i) => i % 9 === 0).slice(0, 8);
    const middle = middleRows({ shape: [shown.length, 3, side, side], data: joined(shown) });
    await compare(`${prefix}.dense.row_mid`, framesFirst(middle), limits.pixels);
    const outputs = await this.#runner.motionAt(
      pixels,
      frames.map((_, i) => i),
    );
    for (const [name, value] of outputs) {
      if (!/^slowfast\.\d/.test(name)) {
        if (name.startsWith('slowfast.')) await compare(`${prefix}.${name}`, value, limits.motion);
        continue;
      }
      await compare(`${prefix}.${name}.mean`, planeMeans(value), limits.motion);
      const first = rows(value, 0, Math.min(8, frames.length));
      await compare(`${prefix}.${name}.row_mid`, middleRows(first), limits.motion);
    }
    const tokens = outputs.get('motion_features')!;
    await compare(`${prefix}.motion`, tokens, limits.motion);
    const chunked = { shape: tokens.shape, data: await this.#motion(frames, CHUNK) };
    report.relative('motion in chunks', chunked, tokens, CHUNK_LIMIT);
  }

  async #checkProtocol(report: Report, protocol: string, golden: GoldenTensors): Promise<void> {
    const { data: ids } = await golden.integers(`${protocol}.input_ids`);
    const blocks = golden.has(`${protocol}.rgb`)
      ? [await this.#image(report, protocol, golden)]
      : await this.#layout(protocol);
    const data = await mergedSequence(this.#encoders, ids, blocks);
    const width = this.#config.text.hidden_size;
    const embeds = { shape: [1, data.length / width, width], data };
    const limits = this.#limits;
    if (golden.has(`${protocol}.inputs_embeds`))
      report.relative(
        'inputs_embeds',
        item(embeds, 0),
        await golden.floats(`${protocol}.inputs_embeds`),
        limits.motion,
      );
    const norms = Float32Array.from({ length: embeds.shape[1]! }, (_, n) => {
      const row = data.subarray(n * width, (n + 1) * width);
      return Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    });
    const l2 = await golden.floats(`${protocol}.inputs_embeds.row_l2`);
    report.relative('inputs_embeds.row_l2', { shape: l2.shape, data: norms }, l2, limits.motion);
    const outputs = await this.#runner.forward({ embeds });
    this.logits.set(protocol, outputs.get('logits')!.data);
    if (limits.decoder === null) return;
    for (const [name, value] of outputs) {
      const tensor = `${protocol}.${name}.last8`;
      if (!golden.has(tensor)) continue;
      const first = item(value, 0);
      const last = rows(first, first.shape[0]! - 8, first.shape[0]!);
      const expected = await golden.floats(tensor);
      if (name === 'logits') report.logits('logits', last.data, expected, limits);
      else report.relative(name.replace(/\.\d+$/, ''), last, expected, limits.decoder);
    }
    this.#checkScore(report, protocol, item(outputs.get('logits')!, 0));
    if (golden.has(`${protocol}.greedy.tokens`)) await this.#checkGreedy(report, protocol, golden, embeds);
  }

  async #layout(protocol: string): Promise<Float32Array[]> {
    const parts = layouts.find(([pattern]) => pattern.test(protocol))?.[1];
    if (parts === undefined) throw new RangeError(`${protocol} is no protocol of this family`);
    const blocks: Float32Array[] = [];
    for (const names of parts) {
      const pieces: Float32Array[] = [];
      for (const name of names) pieces.push(await this.#part(name));
      blocks.push(joined(pieces));
    }
    return blocks;
  }

  async #image(report: Report, protocol: string, golden: GoldenTensors): Promise<Float32Array> {
    const { shape, data: rgb } = await golden.octets(`${protocol}.rgb`);
    const image = { width: shape[1]!, height: shape[0]! };
    const side = this.#config.vision.image_size;
    const canvas = bestCanvas(image, this.#canvases);
    const fitted = fittedSize(image, canvas);
    const resized = resizeRgb(rgb, image.width, image.height, fitted.width, fitted.height);
    const tiles: Float32Array[] = [];
    for (let top = 0; top < canvas.height; top += side)
      for (let left = 0; left < canvas.width; left += side)
        tiles.push(this.#planes(tileOf(resized, fitted, { left, top }, side), { width: side, height: side }));
    const all = {
      shape: [tiles.length + 1, 3, side, side],
      data: joined([this.#planes(rgb, image), ...tiles]),
    };
    const recorded = await golden.floats(`${protocol}.tiles`);
    const shown = recorded.shape.length === 4 ? all : transposed(planeMeans(all));
    report.relative('tiles', shown, recorded, this.#limits.pixels);
    const { grid } = derivedSizes(this.#config);
    return imageBlock(this.#encoders, tiles, { image, canvas, side, grid });
  }

  #checkScore(report: Report, protocol: string, logits: FloatArray): void {
    const facts = this.#profiles.protocols[protocol];
    const score = facts?.score ?? facts?.score_if_the_keys_agreed;
    if (facts?.level_logits === undefined || score === undefined) return;
    const row = item(logits, logits.shape[0]! + (facts.read_at ?? -3)).data;
    const five = Object.keys(facts.level_logits).map((word) => row[this.#profiles.level_ids[word]!]!);
    const weights = facts.weights?.at(-1) === 0 ? 'paper' : 'scripts';
    const got = protocolScore({ weights }, five)?.value ?? Number.NaN;
    report.note('score', Math.abs(got - score), this.#limits.score);
  }

  /** Tokens of the recorded continuation in one pass: logits, and the arg max with the penalty where the lead is clear. */
  async #checkGreedy(
    report: Report,
    protocol: string,
    golden: GoldenTensors,
    embeds: FloatArray,
  ): Promise<void> {
    const { data: tokens } = await golden.integers(`${protocol}.greedy.tokens`);
    const expected = await golden.floats(`${protocol}.greedy.logits`);
    const tail = await this.#runner.embed(tokens);
    const [, length, width] = embeds.shape as [number, number, number];
    const data = joined([embeds.data, tail.data]);
    const shape = [1, length + tokens.length, width];
    const forced = (await this.#runner.forward({ embeds: { shape, data } }, tokens.length + 1)).get(
      'logits',
    )!;
    const ours = rows(item(forced, 0), 0, tokens.length);
    const limits = this.#limits;
    report.logits('greedy.logits', ours.data, expected, limits, tokens.length);
    const [decoded] = await this.#runner.decode({ embeds }, tokens.length, [tokens]);
    report.logits('cached.logits', decoded!.logits, expected, limits, tokens.length);
    if (this.#runner.dtype !== 'fp32') return;
    const penalty = this.#profiles.protocols[protocol]?.repetition_penalty ?? 1;
    let wrong = 0;
    for (let i = 0; i < tokens.length; i++) {
      const [row, recorded] = [
        penalised(item(ours, i).data, tokens.slice(0, i), penalty),
        penalised(item(expected, i).data, tokens.slice(0, i), penalty),
      ];
      if (argmax(row) !== tokens[i] && lead(recorded) > 2 * limits.logits) wrong++;
      if (argmax(recorded) !== tokens[i]) wrong++;
    }
    report.note('greedy.tokens', wrong, 0, tokens.length);
  }
}

/** Logits with the repetition penalty for tokens that were generated. */
function penalised(logits: Float32Array, tokens: readonly number[], penalty: number): Float32Array {
  const out = logits.slice();
  for (const token of new Set(tokens))
    out[token] = out[token]! < 0 ? out[token]! * penalty : out[token]! / penalty;
  return out;
}

/** A tile of the canvas on which an image lies; margins are black. */
function tileOf(
  rgb: Uint8Array,
  fitted: Size & { readonly left: number; readonly top: number },
  corner: { readonly left: number; readonly top: number },
  side: number,
): Uint8Array {
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const row = corner.top + y - fitted.top;
    if (row < 0 || row >= fitted.height) continue;
    for (let x = 0; x < side; x++) {
      const column = corner.left + x - fitted.left;
      if (column < 0 || column >= fitted.width) continue;
      const from = 3 * (row * fitted.width + column);
      out.set(rgb.subarray(from, from + 3), 3 * (y * side + x));
    }
  }
  return out;
}

/** [C, T] → [T, C]. */
function transposed({ shape, data }: FloatArray): FloatArray {
  const [channels, frames] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < frames; t++) out[t * channels + c] = data[c * frames + t]!;
  return { shape: [frames, channels], data: out };
}

/** [C, T, W] → [T, C, W]. */
function framesFirst({ shape, data }: FloatArray): FloatArray {
  const [channels, frames, width] = shape as [number, number, number];
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < frames; t++)
      out.set(
        data.subarray((c * frames + t) * width, (c * frames + t + 1) * width),
        (t * channels + c) * width,
      );
  return { shape: [frames, channels, width], data: out };
}
