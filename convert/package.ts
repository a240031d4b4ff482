/**
 * Conversion of a checkpoint to a model package, in Node and in a browser worker. A fault of the checkpoint leaves no files.
 * After a stop, a full disk, a lost network or a kill the next conversion of the same checkpoint goes on where it was.
 */

import { CodedError, isAbort } from '../core/errors.ts';
import { type CheckpointConfig, profileNamed } from '../core/files/checkpoint.ts';
import {
  type Manifest,
  manifestFormat,
  readManifest,
  type Scale,
  type Variant,
} from '../core/files/manifest.ts';
import { createSha256, type Digest } from '../core/files/sha256.ts';
import type { Profile } from '../core/sampling/profiles.ts';
import type { About } from './about.ts';
import { Checkpoint } from './checkpoint.ts';
import { storedBytes, variantEntry } from './estimate.ts';
import { HashedFile, type Layout, layOut, writeGraph } from './external.ts';
import { type CheckpointFiles, type PackageSink, readSmall, readText, type WrittenFile } from './files.ts';
import { checkTokenizer } from './folder-check.ts';
import type { Graph, GraphOptions } from './graph.ts';
import { type VariantChoice, variantGraphs } from './model.ts';
import { graphFile, targetFolders } from './weight-formats.ts';

export const converter = { name: 'vqathinker convert', version: '1' } as const;

export interface ConvertProgress {
  readonly stage: 'hash' | 'write';
  readonly done: number;
  readonly total: number;
  /** File that is read or written. */
  readonly file: string;
}

export interface ConvertOptions {
  readonly variants: readonly VariantChoice[];
  /** Profile of the package; defaults to the checkpoint's default profile. */
  readonly profile?: string;
  readonly about?: About;
  /** Command line that repeats this conversion, for the manifest. */
  readonly command?: string;
  readonly digest?: () => Digest;
  readonly onProgress?: (progress: ConvertProgress) => void;
  readonly signal?: AbortSignal;
  readonly graph?: GraphOptions;
  /** Bytes of a file after which an interruption loses nothing more. */
  readonly recordBytes?: number;
}

/** Files that are copied unchanged where the checkpoint has them. */
const copied = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'LICENSE',
  'NOTICE',
] as const;

/**
 * @returns the manifest of the finished package
 * @throws CodedError of `Checkpoint.open`, `checkTokenizer`, the files and the sink; the sink is suspended or aborted first
 */
export async function convertCheckpoint(
  files: CheckpointFiles,
  sink: PackageSink,
  options: ConvertOptions,
): Promise<Manifest> {
  try {
    const checkpoint = await Checkpoint.open(files);
    await checkTokenizer(files, checkpoint.config.text.vocab_size);
    const manifest = await new PackageWriter(checkpoint, sink, options).write();
    await sink.commit();
    return manifest;
  } catch (error) {
    await (canGoOn(error) ? sink.suspend() : sink.abort());
    throw error;
  }
}

/** True for an error after which the same conversion may succeed: what it has written is kept. */
export function canGoOn(error: unknown): boolean {
  const codes = ['convert/disk-full', 'convert/storage', 'hub/network', 'hub/busy', 'hub/access'];
  return isAbort(error) || (error instanceof CodedError && codes.includes(error.code));
}

class PackageWriter {
  readonly #checkpoint: Checkpoint;
  readonly #sink: PackageSink;
  readonly #options: ConvertOptions;
  readonly #profile: Profile;
  readonly #written: WrittenFile[] = [];

  constructor(checkpoint: Checkpoint, sink: PackageSink, options: ConvertOptions) {
    this.#checkpoint = checkpoint;
    this.#sink = sink;
    this.#options = options;
    this.#profile = profileNamed(checkpoint.config, options.profile);
  }

  #digest(): Digest {
    return this.#options.digest?.() ?? createSha256();
  }

  async write(): Promise<Manifest> {
    const { config, files } = this.#checkpoint;
    const { about, command = '' } = this.#options;
    // Building the graphs checks that every tensor is there, before the long work begins.
    const plans = this.#options.variants.map((choice) => ({
      choice,
      graphs: variantGraphs(this.#checkpoint, this.#profile, choice, this.#options.graph),
    }));
    const checkpointSha256 = await this.#checkpointDigest();
    const finished = await this.#sink.begin(this.#key(checkpointSha256));
    const variants = await this.#variants(plans, new Map(finished.map((graph) => [graph[0]!.path, graph])));
    const present = new Map((await files.list()).map((file) => [file.name, file]));
    for (const name of copied) {
      const file = present.get(name);
      if (file !== undefined) await this.#put(name, await readSmall(files, file));
    }
    const generation = present.get('generation_config.json');
    const given: unknown = generation === undefined ? {} : JSON.parse(await readText(files, generation));
    await this.#json('generation_config.json', generationConfig(config, given));
    await this.#json('preprocessor_config.json', preprocessorConfig(this.#profile));
    await this.#json('config.json', packageConfig(config, this.#profile, this.#written));

    const readmeFile = present.get('README.md');
    const readme = readmeFile === undefined ? undefined : await readText(files, readmeFile);
    const name = about?.name ?? this.#profile.name;
    const licence = about?.licence ?? /^licen[cs]e:\s*(\S.*)$/m.exec(readme ?? '')?.[1] ?? 'not stated';
    await this.#put(
      'README.md',
      new TextEncoder().encode(about?.card ?? readme ?? `# ${name}\n\nLicence: ${licence}.\n`),
    );
    const manifest = readManifest({
      format: manifestFormat,
      name,
      family: 'vqathinker',
      producedBy: {
        converter: `${converter.name} ${converter.version}`,
        checkpointSha256,
        command,
        ...(files.source && { source: files.source }),
      },
      profile: this.#profile,
      ...(config.motion.quality_features.length > 0 && {
        qualityFeatures: { set: 'videval47', version: 1 },
      }),
      scale: about?.scale ?? unmeasured,
      variants,
      files: this.#written,
      metrics: about?.metrics ?? [],
      licence,
      card: 'README.md',
    });
    const file = await this.#sink.create('manifest.json', new Set());
    await file.write(new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`));
    await file.close();
    return manifest;
  }

  /** Hash of everything that the bytes of the graphs depend on. */
  #key(checkpointSha256: string): string {
    const { variants, graph = {} } = this.#options;
    const digest = this.#digest();
    const facts = { converter, checkpointSha256, profile: this.#profile, variants, graph };
    digest.update(new TextEncoder().encode(JSON.stringify([facts, this.#checkpoint.config])));
    return digest.hex();
  }

  /** @param finished files of graphs of an interrupted conversion, by the path of their `.onnx` */
  async #variants(
    plans: readonly { readonly choice: VariantChoice; readonly graphs: readonly Graph[] }[],
    finished: ReadonlyMap<string, readonly WrittenFile[]>,
  ): Promise<Variant[]> {
    const variants: Variant[] = [];
    const total = plans.flatMap(({ graphs }) => graphs).reduce((sum, g) => sum + storedBytes(g), 0);
    const taken = plans.flatMap(({ choice, graphs }) =>
      graphs
        .map((g) => ({
          file: `${targetFolders[choice.target]}/${graphFile(g.name, choice.dtype)}`,
          bytes: storedBytes(g),
        }))
        .filter(({ file }) => finished.has(file)),
    );
    let done = taken.reduce((sum, { bytes }) => sum + bytes, 0);
    const report = (file: string) => this.#options.onProgress?.({ stage: 'write', done, total, file });
    // Reused graphs are reported at once, so that progress begins where the work does.
    const last = taken.at(-1);
    if (last) report(last.file);
    await this.#sink.reserve(total - done);
    for (const { choice, graphs } of plans) {
      const written: WrittenFile[] = [];
      const placed = new Map<string, Layout>();
      for (const g of graphs) {
        const file = graphFile(g.name, choice.dtype);
        const folder = targetFolders[choice.target];
        const layout = layOut(g, file, placed);
        placed.set(g.name, layout);
        const onWeight = (bytes: number) => {
          done += bytes;
          report(`${folder}/${file}`);
        };
        const existing = finished.get(`${folder}/${file}`);
        if (existing !== undefined) {
          written.push(...existing);
          continue;
        }
        const { signal, recordBytes } = this.#options;
        const options = {
          producer: converter,
          digest: () => this.#digest(),
          onWeight,
          ...(signal && { signal }),
          ...(recordBytes !== undefined && { recordBytes }),
        };
        const files = await writeGraph(this.#sink, folder, file, g, layout, options);
        await this.#sink.finished(files);
        written.push(...files);
      }
      this.#written.push(...written);
      variants.push(variantEntry(choice, graphs, written, this.#checkpoint.config, this.#profile));
    }
    return variants;
  }

  async #put(path: string, bytes: Uint8Array): Promise<void> {
    const file = await HashedFile.create(this.#sink, path, this.#digest());
    await file.write(bytes);
    this.#written.push(await file.close());
  }

  #json(path: string, value: unknown): Promise<void> {
    return this.#put(path, new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`));
  }

  /**
   * SHA-256 of the weight file; of several, that of the lines `<sha256>  <name>` in the order of their names. A shard whose
   * source states its hash is not read for it.
   */
  async #checkpointDigest(): Promise<string> {
    const { files, tensors } = this.#checkpoint;
    const total = tensors.shards.reduce((sum, { bytes }) => sum + bytes, 0);
    const step = 2 ** 26;
    let done = 0;
    const lines: string[] = [];
    for (const { name, bytes } of tensors.shards) {
      const stated = files.sha256?.(name) ?? null;
      if (stated !== null) {
        lines.push(`${stated}  ${name}\n`);
        continue;
      }
      const digest = this.#digest();
      for (let at = 0; at < bytes; at += step) {
        this.#options.signal?.throwIfAborted();
        const length = Math.min(step, bytes - at);
        digest.update(await files.read(name, at, length));
        done += length;
        this.#options.onProgress?.({ stage: 'hash', done, total, file: name });
      }
      lines.push(`${digest.hex()}  ${name}\n`);
    }
    if (lines.length === 1) return lines[0]!.slice(0, 64);
    const digest = this.#digest();
    digest.update(new TextEncoder().encode(lines.join('')));
    return digest.hex();
  }
}

/** Scale of a model without measurements. */
const unmeasured: Scale = { kind: 'unmeasured', range: [1, 5] };

/** Generation settings of the checkpoint, with its begin and end tokens; greedy where it has none. */
function generationConfig(config: CheckpointConfig, given: unknown): object {
  const settings = typeof given === 'object' && given !== null ? given : {};
  const { bos_token_id, eos_token_id } = config.text;
  return { bos_token_id, eos_token_id, ...settings };
}

function preprocessorConfig(profile: Profile): object {
  return {
    image_processor_type: 'ImageFeatureExtractor',
    do_resize: true,
    do_rescale: true,
    do_normalize: true,
    rescale_factor: 1 / 255,
    resample: 3,
    size: { width: profile.size, height: profile.size },
    image_mean: profile.mean,
    image_std: profile.std,
  };
}

/** Number of data files by `.onnx` name; the webgpu target's where both targets have the file. */
function dataFiles(written: readonly WrittenFile[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const folder of [targetFolders.wasm, targetFolders.webgpu]) {
    const inFolder: Record<string, number> = {};
    for (const { path } of written) {
      const match = path.startsWith(`${folder}/`) && /^(.*\.onnx)_data/.exec(path.slice(folder.length + 1));
      if (match) inFolder[match[1]!] = (inFolder[match[1]!] ?? 0) + 1;
    }
    Object.assign(counts, inFolder);
  }
  return counts;
}

/** Config for stock runtimes: they support llava_onevision with qwen2, and ignore other keys. */
function packageConfig(config: CheckpointConfig, profile: Profile, written: readonly WrittenFile[]): object {
  const { text: t, vision: v } = config;
  return {
    architectures: ['LlavaOnevisionForConditionalGeneration'],
    model_type: 'llava_onevision',
    image_token_index: profile.tokenIds.context,
    image_seq_length: profile.tokensPerFrame,
    tie_word_embeddings: t.tie_word_embeddings,
    text_config: {
      model_type: 'qwen2',
      hidden_size: t.hidden_size,
      num_hidden_layers: t.num_hidden_layers,
      num_attention_heads: t.num_attention_heads,
      num_key_value_heads: t.num_key_value_heads,
      head_dim: t.head_dim,
      intermediate_size: t.intermediate_size,
      vocab_size: t.vocab_size,
      max_position_embeddings: t.max_position_embeddings,
      rms_norm_eps: t.rms_norm_eps,
      rope_theta: t.rope_theta,
      bos_token_id: t.bos_token_id,
      eos_token_id: t.eos_token_id,
    },
    vision_config: {
      model_type: 'intern_vit',
      hidden_size: v.hidden_size,
      num_hidden_layers: v.num_hidden_layers,
      num_attention_heads: v.num_attention_heads,
      intermediate_size: v.intermediate_size,
      patch_size: v.patch_size,
      image_size: profile.size,
    },
    vqathinker: { format: 1, family: 'vqathinker' },
    'transformers.js_config': { use_external_data_format: dataFiles(written) },
  };
}

/** Default variants of a package: each dtype for every target that has it. */
export function variantsOf(dtypes: readonly VariantChoice['dtype'][]): VariantChoice[] {
  return dtypes.flatMap((dtype): VariantChoice[] => {
    const gpu = { dtype, target: 'webgpu' } as const;
    return dtype === 'fp32' || dtype === 'q8' ? [gpu, { dtype, target: 'wasm' }] : [gpu];
  });
}

/**
 * `webgpu:q8,wasm:q8` as variants.
 *
 * @throws CodedError `convert/option` {option, value}
 */
export function readVariants(text: string): VariantChoice[] {
  return text.split(',').map((part) => {
    const existing = variantsOf(['fp32', 'fp16', 'q8', 'q4', 'q4f16']).find(
      ({ target, dtype }) => part.trim() === `${target}:${dtype}`,
    );
    if (existing === undefined)
      throw new CodedError('convert/option', { option: '--variants', value: part.trim() });
    return existing;
  });
}
