/**
 * Oracle of the worker's generation loop: the same package in unchanged transformers.js, with its `generate`, its cache and
 * its merged decoder. Only frame and motion embeddings are inserted here.
 */
import type * as Transformers from '@huggingface/transformers';
import { promptText } from '../../core/answer/prompts.ts';
import { chooseBackend } from '../../workers/model/backend.ts';
import { injectFeatures, loadNetwork } from '../../workers/model/network.ts';
import { PackageFiles } from '../../workers/model/package-files.ts';
import { normalisationTable, normalise } from '../../workers/model/pixels.ts';
import { mount, packageId, startRuntime } from '../../workers/model/runtime.ts';

type Tensor = Transformers.Tensor;
type Inputs = Record<string, unknown> & { readonly input_ids: Tensor };

/**
 * @param features of a package that reads them
 * @returns the greedy answer without special tokens, and its number of tokens, the end token included
 */
export async function stockAnswer(
  base: string,
  vision: readonly Uint8Array[],
  motion: readonly Uint8Array[],
  maxTokens: number,
  features: readonly number[],
): Promise<{ text: string; tokens: number }> {
  const files = await PackageFiles.open({ kind: 'url', base });
  const { profile, qualityFeatures } = files.manifest;
  const choice = chooseBackend(files.manifest, null, { backend: 'wasm' });
  const runtime = await startRuntime('wasm', 1);
  const contents = await files.load(choice.variant, () => {});
  await mount(contents, () => true);
  const network = await loadNetwork(runtime, choice, contents);
  const table = normalisationTable(profile);
  const { size } = profile;
  const frames = await network.encodeVision(normalise(vision, size, table), vision.length, size);
  const pixels = normalise(motion, size, table);
  const token = await network.encodeMotion(pixels, motion.length, size, qualityFeatures && features);

  const { AutoTokenizer, LlavaOnevisionForConditionalGeneration, Tensor } = runtime.transformers;
  class Stock extends LlavaOnevisionForConditionalGeneration {
    override async forward(inputs: Inputs): Promise<unknown> {
      const { input_ids } = inputs;
      // Only the first step has the whole prompt; later ones bring a single new token.
      if (input_ids.dims[1] === 1) return super.forward(inputs);
      const embeds = (await this.encode_text({ input_ids })) as Tensor;
      const ids = Array.from(input_ids.data as BigInt64Array, Number);
      injectFeatures(embeds.data as Float32Array, ids, profile.tokenIds.context, frames, token);
      return super.forward({ ...inputs, inputs_embeds: embeds });
    }
  }
  const options = { device: 'auto', dtype: choice.variant.dtype, subfolder: 'onnx-wasm' } as object;
  const model = await LlavaOnevisionForConditionalGeneration.from_pretrained(packageId, options);
  // The subclass is not in the registry of transformers.js; it runs as its base class.
  const { can_generate, _forward, _prepare_inputs_for_generation } = model;
  const stock = Object.assign(new Stock(model.config, model.sessions, model.configs), {
    can_generate,
    _forward,
    _prepare_inputs_for_generation,
  });
  const tokenizer = await AutoTokenizer.from_pretrained(packageId);
  const ids = tokenizer.encode(promptText(profile), { add_special_tokens: false });
  const output = (await stock.generate({
    inputs: new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
    max_new_tokens: maxTokens,
    do_sample: false,
  } as Record<string, unknown>)) as Tensor;
  const written = Array.from(output.data as BigInt64Array, Number).slice(ids.length);
  const text = tokenizer.decode(written, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  return { text, tokens: written.length };
}
