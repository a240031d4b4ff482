/** Folders that are often taken for a checkpoint, told by their names and first bytes before anything is read as one. */
import { CodedError } from '../core/errors.ts';
import { type CheckpointFile, type CheckpointFiles, readText } from './files.ts';

export const weightsName = 'model.safetensors';
export const indexName = 'model.safetensors.index.json';

/** Weights that can run code when they are loaded. */
const PICKLED = /\.(bin|pt|pth|ckpt)$/i;
const OTHER_WEIGHTS: readonly (readonly [RegExp, string])[] = [
  [/\.gguf$/i, 'GGUF'],
  [/\.ggml$/i, 'GGML'],
  [/\.onnx$/i, 'ONNX'],
  [/\.h5$/i, 'Keras'],
  [/\.msgpack$/i, 'Flax'],
  [/\.npz$/i, 'NumPy'],
];
const SHARD = /-\d{5}-of-\d{5}\.safetensors$/;
/** Bytes by which a file is told from a pointer or a web page. */
const HEAD = 512;

type ByName = ReadonlyMap<string, CheckpointFile>;

/**
 * Refuses what is no checkpoint folder of this architecture. Called before config and weights are read.
 *
 * @throws CodedError `convert/pointer`, `convert/web-page`, `convert/text` {file}; `convert/adapter`; `convert/no-config`;
 *   `convert/hf-layout`, `convert/other-model` {type}; `convert/quantised` {method}; and for the weights
 *   `convert/no-index`, `convert/pickle`, `convert/weights-format`, `convert/no-weights`
 */
export async function checkFolder(files: CheckpointFiles): Promise<void> {
  const present: ByName = new Map((await files.list()).map((file) => [file.name, file]));
  const names = [...present.keys()];
  for (const name of ['config.json', indexName, weightsName, ...names.filter((one) => SHARD.test(one))])
    await checkContent(files, present.get(name));
  const hasWeights = present.has(weightsName) || names.some((name) => SHARD.test(name));
  if (!hasWeights && names.some((name) => /^adapter_(config\.json|model\.)/.test(name)))
    throw await adapterError(files, present);
  const config = present.get('config.json');
  if (config === undefined) throw noConfig(names);
  checkConfig(await parsed(files, config));
  if (present.has(indexName) || present.has(weightsName)) return;
  const shards = names.filter((name) => SHARD.test(name)).length;
  if (shards > 0) throw new CodedError('convert/no-index', { shards });
  throw weightsError(names);
}

/**
 * Refuses a checkpoint whose package could not be loaded, or whose tokenizer is that of another model. A conformance
 * checkpoint (`profiles.json`) has recorded tokens and needs no tokenizer.
 *
 * @param rows of the embedding; default: any number
 * @throws CodedError `convert/no-tokenizer` {present}, `convert/pointer`, `convert/web-page` {file}, `convert/config`
 */
export async function checkTokenizer(files: CheckpointFiles, rows = Number.POSITIVE_INFINITY): Promise<void> {
  const present: ByName = new Map((await files.list()).map((file) => [file.name, file]));
  const tokenizer = present.get('tokenizer.json');
  await checkContent(files, tokenizer);
  if (tokenizer !== undefined) {
    const json = await parsed(files, tokenizer);
    const fault = (problem: string) => new CodedError('convert/config', { field: 'tokenizer.json', problem });
    if (json === undefined) throw fault('is not valid JSON');
    const largest = largestId(json);
    if (largest >= rows) throw fault(`has the id ${largest} where the model has ${rows} rows`);
    return;
  }
  if (present.has('profiles.json')) return;
  const others = ['vocab.json', 'merges.txt', 'tokenizer.model', 'tokenizer_config.json'];
  throw new CodedError('convert/no-tokenizer', {
    present: others.filter((name) => present.has(name)).join(', '),
  });
}

/** Largest id of a tokenizer; −1 for one without ids. */
function largestId(json: unknown): number {
  const { model, added_tokens: added } = isObject(json) ? json : {};
  const vocabulary = isObject(model) && isObject(model.vocab) ? Object.values(model.vocab) : [];
  const others = Array.isArray(added) ? added.map((one: unknown) => (isObject(one) ? one.id : -1)) : [];
  let largest = -1;
  for (const list of [vocabulary, others])
    for (const id of list) if (typeof id === 'number' && id > largest) largest = id;
  return largest;
}

/** Refuses a file that is a pointer of Git LFS or a web page under its name. */
async function checkContent(files: CheckpointFiles, file: CheckpointFile | undefined): Promise<void> {
  if (file === undefined || file.bytes === 0) return;
  const head = await files.read(file.name, 0, Math.min(HEAD, file.bytes));
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (text.startsWith('version https://git-lfs'))
    throw new CodedError('convert/pointer', { file: file.name });
  if (/^(<!doctype html|<html|<head|<\?xml)/.test(text))
    throw new CodedError('convert/web-page', { file: file.name });
  // Weights begin with the length of their header, whose upper bytes are zero: text is the answer of a server.
  const isText = head.subarray(0, 8).every((byte) => byte >= 32 && byte < 127);
  if (file.name.endsWith('.safetensors') && isText && head.length >= 8)
    throw new CodedError('convert/text', { file: file.name, begins: firstLine(head) });
}

const firstLine = (head: Uint8Array) =>
  new TextDecoder()
    .decode(head.subarray(0, 60))
    .replace(/[^\x20-\x7e].*$/s, '')
    .trim();

/** Parsed JSON; undefined where it is none. */
async function parsed(files: CheckpointFiles, file: CheckpointFile): Promise<unknown> {
  try {
    return JSON.parse(await readText(files, file));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function adapterError(files: CheckpointFiles, present: ByName): Promise<CodedError> {
  const file = present.get('adapter_config.json');
  const config = file && (await parsed(files, file));
  const base = isObject(config) ? config.base_model_name_or_path : undefined;
  return new CodedError('convert/adapter', typeof base === 'string' && base !== '' ? { base } : {});
}

function noConfig(names: readonly string[]): CodedError {
  const other = OTHER_WEIGHTS.flatMap(([ending, format]) =>
    names.filter((name) => ending.test(name)).map((file) => ({ file, format })),
  )[0];
  return other ? new CodedError('convert/weights-format', other) : new CodedError('convert/no-config');
}

function weightsError(names: readonly string[]): CodedError {
  const pickled = names.find(
    (name) => PICKLED.test(name) && !/^(training_args|optimizer|scheduler)/.test(name),
  );
  if (pickled !== undefined) return new CodedError('convert/pickle', { file: pickled });
  for (const [ending, format] of OTHER_WEIGHTS) {
    const file = names.find((name) => ending.test(name));
    if (file !== undefined) return new CodedError('convert/weights-format', { file, format });
  }
  return new CodedError('convert/no-weights');
}

/** Refuses a config.json of another layout, model or kind of weights. */
function checkConfig(config: unknown): void {
  if (!isObject(config)) return;
  const { model_type: type, quantization_config: quantised } = config;
  const llm = isObject(config.llm_config) ? config.llm_config.quantization_config : undefined;
  const quantisation = isObject(quantised) ? quantised : isObject(llm) ? llm : null;
  if (type === 'internvl') throw new CodedError('convert/hf-layout', { type });
  if (typeof type === 'string' && type !== 'internvl_chat')
    throw new CodedError('convert/other-model', { type });
  if (quantisation !== null) {
    const { quant_method: method, bits, load_in_4bit: four, load_in_8bit: eight } = quantisation;
    const width = bits ?? (four === true ? 4 : eight === true ? 8 : undefined);
    const name = typeof method === 'string' ? method.toUpperCase() : 'unknown method';
    throw new CodedError('convert/quantised', {
      method: typeof width === 'number' ? `${name}, ${width} bit` : name,
    });
  }
}

/** Tensors that only quantised weights have, by method. */
const QUANTISED_TENSORS: readonly (readonly [RegExp, string])[] = [
  [/\.(qweight|qzeros)$/, 'AWQ or GPTQ'],
  [/\.(SCB|absmax|quant_map|quant_state\..*)$/, 'bitsandbytes'],
  [/\.(weight_scale|weight_scale_inv|input_scale)$/, 'FP8'],
  [/\.(weight_packed|weight_zero_point)$/, 'compressed-tensors'],
];

/** The reason why tensors are missing, where their neighbours show it; null otherwise. */
export function layoutError(names: readonly string[]): CodedError | null {
  for (const [pattern, method] of QUANTISED_TENSORS)
    if (names.some((name) => pattern.test(name))) return new CodedError('convert/quantised', { method });
  if (names.some((name) => /\.lora_[AB]\b/.test(name))) return new CodedError('convert/adapter');
  if (names.some((name) => /^(model\.)?(vision_tower|multi_modal_projector)\./.test(name)))
    return new CodedError('convert/hf-layout', { type: 'vision_tower, multi_modal_projector' });
  return null;
}
