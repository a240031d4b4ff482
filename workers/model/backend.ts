/** Choice of back end, target and weights for this machine, with the reason. */
import { CodedError } from '../../core/errors.ts';
import { bestVariant, type Requirements } from '../../core/files/machine.ts';
import type { Variant } from '../../core/files/manifest.ts';
import type { Backend, BackendReason, LoadOptions } from './api.ts';

export interface AdapterFacts {
  readonly name: string;
  /** A software adapter (SwiftShader, WARP) computes right but 10 to 100 times slower than WASM. */
  readonly software: boolean;
  readonly shaderF16: boolean;
  readonly maxBuffer: number;
}

export interface Choice {
  readonly backend: Backend;
  readonly reason: BackendReason;
  readonly variant: Variant;
  /** Prompt tokens given to the decoder at once: at first, and at most. */
  readonly firstPiece: number;
  readonly prefillTokens: number;
}

/**
 * onnxruntime-web 1.30 and 1.31 compute GroupQueryAttention wrongly for 32 and more fresh tokens on SwiftShader, whose
 * subgroups hold 4 lanes; pieces below that are right, and a software adapter is slow either way.
 */
const SOFTWARE_PREFILL = 31;

/** Tokens of the first piece of a prompt on a graphics adapter; later ones follow the time that it took. */
const FIRST_PIECE = 64;

/** Most tokens of one run on a graphics adapter: kernels gain nothing from more, and their activations grow. */
const LARGEST_PIECE = 512;

/** The adapter as the browser names it. */
export function adapterName({ info }: GPUAdapter): string {
  const { vendor, architecture, description, device } = info;
  return [description || device, vendor, architecture].filter(Boolean).join(' · ');
}

/** The browser's graphics adapter; null where WebGPU is absent or blocked. */
export async function probeAdapter(): Promise<AdapterFacts | null> {
  const gpu = (navigator as Navigator & { gpu?: GPU }).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return null;
  const name = adapterName(adapter);
  const fallback = (adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean }).isFallbackAdapter;
  return {
    name,
    software: fallback === true || /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(name),
    shaderF16: adapter.features.has('shader-f16'),
    maxBuffer: adapter.limits.maxStorageBufferBindingSize,
  };
}

/**
 * WebGPU on a real adapter, WASM on a software adapter or none. A choice of the user comes first, if the package holds it.
 *
 * @param wrong variants that the adapter computed wrongly
 * @throws CodedError `model/variant` {backend, dtype} when no variant of the package can run here
 */
export function chooseBackend(
  manifest: Pick<Requirements, 'variants'>,
  adapter: AdapterFacts | null,
  options: LoadOptions,
  wrong: ReadonlySet<Variant> = new Set(),
): Choice {
  const asked = options.backend !== undefined && options.backend !== 'auto' ? options.backend : null;
  const real = adapter !== null && !adapter.software;
  const first: Backend = asked ?? (real ? 'webgpu' : 'wasm');
  const order: Backend[] = asked ? [asked] : [first, first === 'webgpu' ? 'wasm' : 'webgpu'];
  for (const backend of order) {
    if (backend === 'webgpu' && adapter === null) continue;
    const variant = bestVariant(manifest, backend, adapter, options.dtype, wrong);
    if (!variant) continue;
    const reason: BackendReason =
      wrong.size > 0
        ? 'self-test'
        : asked !== null
          ? 'asked'
          : backend !== first
            ? 'no-variant'
            : backend === 'webgpu'
              ? 'gpu'
              : adapter !== null
                ? 'software-adapter'
                : 'gpu' in navigator
                  ? 'no-adapter'
                  : 'no-webgpu';
    return { backend, reason, variant, ...pieceSizes(backend, adapter) };
  }
  throw new CodedError('model/variant', { backend: first, dtype: options.dtype ?? 'any' });
}

/** Prompt tokens of the first run and of the largest. */
export function pieceSizes(backend: Backend, adapter: AdapterFacts | null) {
  // A run on the processor returns at its end like any call, and no driver counts its seconds.
  if (backend === 'wasm')
    return { firstPiece: Number.POSITIVE_INFINITY, prefillTokens: Number.POSITIVE_INFINITY };
  const prefillTokens = adapter?.software === true ? SOFTWARE_PREFILL : LARGEST_PIECE;
  return { firstPiece: Math.min(FIRST_PIECE, prefillTokens), prefillTokens };
}
