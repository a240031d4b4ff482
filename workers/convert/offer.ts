/** Packages that the page can make of a checkpoint, best first, and how a conversion is named in the store. */
import { Checkpoint } from '../../convert/checkpoint.ts';
import { type CheckpointFiles, readText } from '../../convert/files.ts';
import { checkTokenizer } from '../../convert/folder-check.ts';
import type { VariantChoice } from '../../convert/model.ts';
import { planPackage } from '../../convert/plan.ts';
import type { HubAddress } from '../../core/files/hub-address.ts';
import { createSha256 } from '../../core/files/sha256.ts';
import type { CheckpointOffer, ConvertRequest, OfferedDtype } from './api.ts';

/** Weights from this size on make a package for graphics adapters alone: no WebAssembly memory holds them. */
const LARGE = 1.5e9;

/** @param weightBytes of the checkpoint's safetensors files */
export function offeredVariants(weightBytes: number): readonly [OfferedDtype, readonly VariantChoice[]][] {
  const gpu = (dtype: OfferedDtype) => ({ target: 'webgpu', dtype }) as const;
  if (weightBytes >= LARGE)
    return [
      ['q4f16', [gpu('q4f16')]],
      ['q4', [gpu('q4')]],
      ['q8', [gpu('q8')]],
    ];
  return [
    ['q8', [gpu('q8'), { target: 'wasm', dtype: 'q8' }]],
    ['q4f16', [gpu('q4f16')]],
    ['q4', [gpu('q4')]],
  ];
}

/** @throws CodedError of `Checkpoint.open` and `checkTokenizer` */
export async function offerOf(
  name: string,
  files: CheckpointFiles,
  address: HubAddress | null,
): Promise<CheckpointOffer> {
  // Config, headers and tokenizer: what is no checkpoint is refused before anybody waits for its weights.
  const checkpoint = await Checkpoint.open(files);
  await checkTokenizer(files, checkpoint.config.text.vocab_size);
  const list = await files.list();
  const config = list.find((file) => file.name === 'config.json')!;
  const json = JSON.parse(await readText(files, config)) as object;
  const weightBytes = list.reduce(
    (sum, file) => sum + (file.name.endsWith('.safetensors') ? file.bytes : 0),
    0,
  );
  const packages = await Promise.all(
    offeredVariants(weightBytes).map(async ([dtype, variants]) => {
      const { largestTensor, variants: entries, files: planned } = await planPackage(json, variants);
      const requirements = { largestTensor, variants: entries, files: planned };
      return { dtype, variants, bytes: planned.reduce((sum, { bytes }) => sum + bytes, 0), requirements };
    }),
  );
  return { name, address, weightBytes, packages };
}

/** Id in the store: the same request goes on where it stopped. */
export function idOf({ source, dtype, variants, profile = '' }: ConvertRequest): string {
  const identity =
    source.kind === 'hub'
      ? [source.address.endpoint, source.address.repository, source.address.revision]
      : [
          source.name,
          ...source.files.map(({ name, size, lastModified }) => `${name} ${size} ${lastModified}`).sort(),
        ];
  const digest = createSha256();
  digest.update(new TextEncoder().encode(JSON.stringify([identity, dtype, variants, profile])));
  return digest.hex().slice(0, 16);
}
