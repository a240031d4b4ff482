/** Opens a VQA² package on this machine: back end, sessions, tokenizer. */
import { CodedError } from '../../../core/errors.ts';
import type { Variant } from '../../../core/files/manifest.ts';
import { readVqa2Manifest, type Vqa2Manifest } from '../../../core/vqa2/manifest.ts';
import type { LoadedVqa2, LoadOptions, LoadProgress, PackageSource } from '../api.ts';
import { type AdapterFacts, type Choice, chooseBackend, probeAdapter } from '../backend.ts';
import { nameFault } from '../faults.ts';
import { encode } from '../generation.ts';
import { PackageFiles } from '../package-files.ts';
import { buildFor, canSuspend, mount, packageId, startRuntime, threadsFor, unmount } from '../runtime.ts';
import { runSelfTest } from '../self-test.ts';
import { checkHeld } from '../sessions.ts';
import { Vqa2Network } from './network.ts';
import { Vqa2Model } from './vqa2-model.ts';

type OnProgress = (progress: LoadProgress) => void;

export interface Vqa2Session {
  readonly facts: LoadedVqa2;
  readonly model: Vqa2Model;
  close(): Promise<void>;
}

interface Opened extends Vqa2Session {
  readonly network: Vqa2Network;
}

/**
 * @throws CodedError `model/manifest`, `model/network`, `model/checksum`, `model/variant`, `model/held`,
 *   `model/self-test`, `model/runtime`, `run/memory`
 */
export async function openVqa2(
  source: PackageSource,
  options: LoadOptions,
  onProgress: OnProgress,
): Promise<Vqa2Session> {
  try {
    const [files, adapter] = await Promise.all([
      PackageFiles.openAs(source, readVqa2Manifest),
      probeAdapter(),
    ]);
    const wrong = new Set<Variant>();
    let fault: CodedError | null = null;
    for (;;) {
      let choice: Choice;
      try {
        choice = chooseBackend(files.manifest, adapter, options, wrong);
      } catch (error) {
        throw fault ?? error;
      }
      const opened = await openVariant(files, { options, adapter, choice }, onProgress);
      const { selfTest } = choice.variant;
      if (choice.backend !== 'webgpu' || !selfTest) return opened;
      onProgress({ stage: 'test', loadedBytes: 1, totalBytes: 1, file: '' });
      if ((await runSelfTest(opened.network.decoder, selfTest)).passed) return opened;
      fault = new CodedError('model/self-test', {
        dtype: choice.variant.dtype,
        adapter: opened.facts.adapter,
      });
      wrong.add(choice.variant);
      await opened.close();
    }
  } catch (error) {
    throw nameFault(error, 'load');
  }
}

async function openVariant(
  files: PackageFiles<Vqa2Manifest>,
  {
    options,
    adapter,
    choice,
  }: { readonly options: LoadOptions; readonly adapter: AdapterFacts | null; readonly choice: Choice },
  onProgress: OnProgress,
): Promise<Opened> {
  const begun = performance.now();
  const { manifest, manifestSha256 } = files;
  const { backend, variant, reason } = choice;
  const bytes = files.needed(variant).reduce((sum, file) => sum + file.bytes, 0);
  checkHeld(buildFor(backend, canSuspend()), bytes);
  const [contents, runtime] = await Promise.all([
    files.load(variant, onProgress),
    startRuntime(backend, options.threads ?? threadsFor(bytes)),
  ]);
  await mount(contents);
  try {
    let read = 0;
    const network = await Vqa2Network.open(runtime, choice, contents, manifest, (n, file) => {
      read = Math.min(read + n, bytes);
      onProgress({ stage: 'open', loadedBytes: read, totalBytes: bytes, file });
    });
    const tokenizer = await runtime.transformers.AutoTokenizer.from_pretrained(packageId);
    const model = new Vqa2Model(
      {
        vision: (pixels) => network.vision(pixels),
        motion: (pixels, positions) => network.motion(pixels, positions),
        decoder: network.decoder,
        endEncoding: () => network.endEncoding(),
        encode: (text) => encode(tokenizer, text),
      },
      manifest,
    );
    const facts: LoadedVqa2 = {
      manifest,
      manifestSha256,
      dtype: variant.dtype,
      backend,
      reason,
      adapter: backend === 'webgpu' ? (adapter?.name ?? '') : '',
      threads: backend === 'wasm' ? runtime.threads : 1,
      seconds: (performance.now() - begun) / 1000,
      bytes,
    };
    const close = async () => {
      model.dispose();
      await network.dispose();
    };
    return { facts, model, network, close };
  } finally {
    unmount();
  }
}
