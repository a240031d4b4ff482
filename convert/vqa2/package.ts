/** Conversion of a VQA² checkpoint to a model package. An error or a stop leaves no files. */
import { CodedError } from '../../core/errors.ts';
import type { Variant } from '../../core/files/manifest.ts';
import { manifestFormat } from '../../core/files/manifest.ts';
import type { Digest } from '../../core/files/sha256.ts';
import { derivedSizes, isVqa2Config } from '../../core/vqa2/config.ts';
import {
  readVqa2Manifest,
  roleProtocols,
  type Vqa2Manifest,
  type Vqa2Role,
} from '../../core/vqa2/manifest.ts';
import { levelTokens, type ScoreProtocolId, sequenceLimit } from '../../core/vqa2/protocols.ts';
import { storedBytes } from '../estimate.ts';
import { HashedFile, type Layout, layOut, writeGraph } from '../external.ts';
import { type CheckpointFiles, type PackageSink, readText, type WrittenFile } from '../files.ts';
import { checkTokenizer } from '../folder-check.ts';
import type { Graph, GraphOptions } from '../graph.ts';
import type { VariantChoice } from '../model.ts';
import type { ConvertProgress } from '../package.ts';
import { graphFile, targetFolders } from '../weight-formats.ts';
import { Vqa2Checkpoint } from './checkpoint.ts';
import { vqa2Graphs } from './model.ts';

export interface GraphWriting {
  readonly producer: { readonly name: string; readonly version: string };
  readonly digest: () => Digest;
  readonly graph?: GraphOptions;
  readonly signal?: AbortSignal;
  readonly onWeight?: (bytes: number) => void;
}

/** Files of one variant, in `onnx/` or `onnx-wasm/`. */
export async function writeVqa2Graphs(
  checkpoint: Vqa2Checkpoint,
  sink: PackageSink,
  choice: VariantChoice,
  { producer, digest, graph, signal, onWeight = () => {} }: GraphWriting,
): Promise<{ readonly files: WrittenFile[]; readonly graphs: Graph[] }> {
  const written: WrittenFile[] = [];
  const placed = new Map<string, Layout>();
  const graphs = vqa2Graphs(checkpoint, choice, graph);
  for (const g of graphs) {
    const file = graphFile(g.name, choice.dtype);
    const layout = layOut(g, file, placed);
    placed.set(g.name, layout);
    const options = { producer, digest, onWeight, ...(signal && { signal }) };
    const files = await writeGraph(sink, targetFolders[choice.target], file, g, layout, options);
    await sink.finished(files);
    written.push(...files);
  }
  return { files: written, graphs };
}

export interface Vqa2ConvertOptions extends GraphWriting {
  readonly variants: readonly VariantChoice[];
  readonly role: Vqa2Role;
  /** Default: that of the role. */
  readonly protocol?: ScoreProtocolId;
  readonly name: string;
  readonly licence?: string;
  readonly onProgress?: (progress: ConvertProgress) => void;
  /** Command line that repeats this conversion, for the manifest. */
  readonly command: string;
}

const copied = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'generation_config.json',
];

/** True where the folder's config.json is of this family. A folder without one is left to the first family's checks. */
export async function isVqa2Folder(files: CheckpointFiles): Promise<boolean> {
  const file = (await files.list()).find(({ name }) => name === 'config.json');
  if (file === undefined) return false;
  try {
    return isVqa2Config(JSON.parse(await readText(files, file)));
  } catch {
    return false;
  }
}

/**
 * @returns the manifest of the finished package
 * @throws CodedError of `Vqa2Checkpoint.open` and `checkTokenizer`; the sink is aborted first
 */
export async function convertVqa2(
  files: CheckpointFiles,
  sink: PackageSink,
  options: Vqa2ConvertOptions,
): Promise<Vqa2Manifest> {
  try {
    const checkpoint = await Vqa2Checkpoint.open(files);
    await checkTokenizer(files);
    const manifest = await writePackage(checkpoint, sink, options);
    await sink.commit();
    return manifest;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

async function writePackage(
  checkpoint: Vqa2Checkpoint,
  sink: PackageSink,
  options: Vqa2ConvertOptions,
): Promise<Vqa2Manifest> {
  const { files, config } = checkpoint;
  const present = new Map((await files.list()).map((file) => [file.name, file]));
  const json = async (name: string): Promise<unknown> => {
    const file = present.get(name);
    return file === undefined ? null : JSON.parse(await readText(files, file));
  };
  const levelIds = levelIdsOf(await json('tokenizer.json'), await json('profiles.json'));
  const { image_grid_pinpoints: pinpoints } = (await json('config.json')) as {
    image_grid_pinpoints?: unknown;
  };
  // Some configs write them as a text, `(1x1),...,(6x6)`; they matter for images alone.
  const canvases = Array.isArray(pinpoints) ? pinpoints : [];
  const { onProgress = () => {} } = options;
  const checkpointSha256 = await weightsDigest(checkpoint, options.digest, onProgress);
  // A key of its own: an interrupted conversion is begun anew, and what it left is removed.
  await sink.begin(`${checkpointSha256} ${crypto.randomUUID()}`);
  const written: WrittenFile[] = [];
  const variants: Variant[] = [];
  const total = options.variants
    .flatMap((choice) => vqa2Graphs(checkpoint, choice, options.graph))
    .reduce((sum, graph) => sum + storedBytes(graph), 0);
  let done = 0;
  for (const choice of options.variants) {
    const { files: parts, graphs } = await writeVqa2Graphs(checkpoint, sink, choice, {
      ...options,
      onWeight: (bytes) => {
        done += bytes;
        onProgress({ stage: 'write', done, total, file: targetFolders[choice.target] });
      },
    });
    written.push(...parts);
    variants.push(variantOf(choice, parts, graphs, checkpoint));
  }
  const put = async (path: string, bytes: Uint8Array) => {
    const file = await HashedFile.create(sink, path, options.digest());
    await file.write(bytes);
    written.push(await file.close());
  };
  for (const name of copied) {
    const file = present.get(name);
    if (file !== undefined) await put(name, await files.read(name, 0, file.bytes));
  }
  const licence = options.licence ?? 'not stated';
  await put('README.md', new TextEncoder().encode(`# ${options.name}\n\nLicence: ${licence}.\n`));
  const { grid, pooled, halo } = derivedSizes(config);
  const { positions } = config.motion;
  const network = {
    side: config.vision.image_size,
    grid,
    pooled,
    halo,
    positions,
    width: config.text.hidden_size,
  };
  const manifest = readVqa2Manifest({
    format: manifestFormat,
    name: options.name,
    family: 'vqa2',
    role: options.role,
    producedBy: {
      converter: `${options.producer.name} ${options.producer.version}`,
      checkpointSha256,
      command: options.command,
      ...(files.source && { source: files.source }),
    },
    network: { ...network, canvases },
    protocol: options.protocol ?? roleProtocols[options.role],
    levelIds,
    variants,
    files: written,
    metrics: [],
    licence,
    card: 'README.md',
  });
  const file = await sink.create('manifest.json', new Set());
  await file.write(new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`));
  await file.close();
  return manifest;
}

/** Ids of the level words, one token each with its blank; recorded results state theirs. */
function levelIdsOf(tokenizer: unknown, profiles: unknown): number[] {
  const recorded = (profiles as { level_ids?: Readonly<Record<string, number>> } | null)?.level_ids;
  const vocabulary = (tokenizer as { model?: { vocab?: Readonly<Record<string, number>> } } | null)?.model
    ?.vocab;
  return levelTokens.map((token) => {
    const id = recorded?.[token.trim()] ?? vocabulary?.[token.replace(' ', 'Ġ')];
    if (typeof id !== 'number')
      throw new CodedError('convert/config', {
        field: 'tokenizer.json',
        problem: `has no single token “${token}”, from which a score is read`,
      });
    return id;
  });
}

/** SHA-256 of the weight file; of several, that of the lines `<sha256>  <name>`. A stated hash is not computed again. */
async function weightsDigest(
  { files, tensors }: Vqa2Checkpoint,
  create: () => Digest,
  onProgress: (progress: ConvertProgress) => void,
): Promise<string> {
  const total = tensors.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const step = 2 ** 26;
  const lines: string[] = [];
  for (const { name, bytes } of tensors.shards) {
    const stated = files.sha256?.(name) ?? null;
    const digest = create();
    for (let at = 0; stated === null && at < bytes; at += step) {
      const length = Math.min(step, bytes - at);
      digest.update(await files.read(name, at, length));
      done += length;
      onProgress({ stage: 'hash', done, total, file: name });
    }
    lines.push(`${stated ?? digest.hex()}  ${name}\n`);
  }
  if (lines.length === 1) return lines[0]!.slice(0, 64);
  const whole = create();
  whole.update(new TextEncoder().encode(lines.join('')));
  return whole.hex();
}

/** Entry in the manifest: weights once loaded, and the KV cache of a whole sequence, which exists twice while a step writes. */
function variantOf(
  choice: VariantChoice,
  written: readonly WrittenFile[],
  graphs: readonly Graph[],
  { config: { text: t } }: Vqa2Checkpoint,
): Variant {
  const half = choice.dtype === 'q4f16';
  const loaded = graphs
    .flatMap(({ weights }) => weights)
    .reduce((sum, weight) => sum + weight.loadedBytes, 0);
  const stored = written.reduce((sum, { bytes }) => sum + bytes, 0);
  const cache = t.num_hidden_layers * 2 * t.num_key_value_heads * t.head_dim * sequenceLimit * (half ? 2 : 4);
  const memory =
    choice.target === 'webgpu'
      ? { gpuBytes: loaded + 2 * cache, heapBytes: stored }
      : { gpuBytes: 0, heapBytes: stored + loaded + 2 * cache };
  return {
    dtype: choice.dtype,
    target: choice.target,
    files: written.map(({ path }) => path),
    ...memory,
    needs: choice.dtype === 'fp16' || half ? ['shader-f16'] : [],
    decoderParts: graphs.filter(({ name }) => /^decoder_model_(merged|\d+)$/.test(name)).length,
  };
}
