/** The converter on a command line: from a folder or from a model hub to a package folder. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CodedError, isAbort } from '../core/errors.ts';
import { defaultHub, hubAddress } from '../core/files/hub-address.ts';
import type { Manifest } from '../core/files/manifest.ts';
import type { Digest } from '../core/files/sha256.ts';
import { errorMessage } from '../core/text/error-messages.ts';
import { bytes } from '../core/text/format.ts';
import { type PackageManifest, type Vqa2Role, vqa2Roles } from '../core/vqa2/manifest.ts';
import { type ScoreProtocolId, scoreProtocolIds } from '../core/vqa2/protocols.ts';
import { type About, readAbout } from './about.ts';
import type { CheckpointFiles } from './files.ts';
import { CheckpointFolder, PackageFolder } from './folder.node.ts';
import { HubCheckpoint } from './hub.ts';
import { readToken, wait } from './hub-request.ts';
import type { VariantChoice } from './model.ts';
import { type ConvertProgress, convertCheckpoint, converter, readVariants, variantsOf } from './package.ts';
import { recordedCommand } from './recorded-command.node.ts';
import { addSelfTests } from './self-test.node.ts';
import { convertVqa2, isVqa2Folder, type Vqa2ConvertOptions } from './vqa2/package.ts';

/** @param program how the converter was called */
const usage = (program: string) => `Usage: ${program} CHECKPOINT OUT [options]

CHECKPOINT  folder with config.json, model.safetensors (or shards with an index) and tokenizer files,
            or hf:OWNER/NAME[@REVISION], or the address of such a page: read over the network, once, and
            never stored. HF_TOKEN is sent for repositories that ask for a sign-in; HF_ENDPOINT is another hub
OUT         folder of the model package; made anew, an earlier package there is replaced at the end.
            What stopped or was killed goes on with the same command

  --dtype LIST      fp32, fp16, q8, q4, q4f16, with commas (default q8). Each is written for WebGPU,
                    fp32 and q8 for WASM too
  --variants LIST   exactly these, e.g. webgpu:q4,wasm:q8; instead of --dtype
  --profile NAME    which of the checkpoint's profiles (default: its default_profile)
  --name TEXT       name of the package (default: the profile's)
  --licence TEXT    (default: the one that the checkpoint's README.md names)
  --part-mib N      largest session of the decoder, MiB of weights (default 1024); it is cut between layers
  --role NAME       of a VQA² checkpoint: scorer, streaming or assistant (default scorer)
  --protocol NAME   that it is scored with: ${scoreProtocolIds.join(', ')} (default: its role's)
  --about FILE      JSON: {name, licence, scale, metrics, card}, as in manifest.json; card is the README's text
`;

function nodeDigest(): Digest {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
}

/** One line on a terminal, overwritten by the next; nothing without a terminal. */
function createProgressLine() {
  let begun: { readonly stage: string; readonly at: number; readonly done: number } | null = null;
  return ({ stage, done, total, file }: ConvertProgress): void => {
    if (!process.stderr.isTTY) return;
    if (begun?.stage !== stage) begun = { stage, at: performance.now(), done };
    const seconds = (performance.now() - begun.at) / 1000;
    const speed = (done - begun.done) / seconds;
    const pace =
      seconds > 3 && speed > 0 ? `, ${bytes(speed)}/s, ${remaining((total - done) / speed)} left` : '';
    const share = Math.floor((100 * done) / Math.max(1, total));
    const what = stage === 'hash' ? 'Hashing' : 'Writing';
    process.stderr.write(`\r\x1b[K${what} ${share} %${pace}  ${file}`);
  };
}

const remaining = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** A folder, or a repository of a hub whose commit is pinned. */
async function openCheckpoint(text: string, signal: AbortSignal): Promise<CheckpointFiles> {
  if (!/^(hf:|https?:\/\/)/i.test(text)) return new CheckpointFolder(text);
  const address = hubAddress(text, process.env.HF_ENDPOINT || defaultHub);
  if (address === null) throw new CodedError('hub/address', { address: text });
  const token = readToken(process.env.HF_TOKEN ?? '');
  return HubCheckpoint.open(address, { fetch, wait, signal, ...(token !== null && { token }) });
}

const dtypes = ['fp32', 'fp16', 'q8', 'q4', 'q4f16'] as const;

function variantsFrom(values: {
  dtype?: string | undefined;
  variants?: string | undefined;
}): VariantChoice[] {
  if (values.variants !== undefined) return readVariants(values.variants);
  const wanted = (values.dtype ?? 'q8').split(',').map((text) => {
    const dtype = dtypes.find((name) => name === text.trim());
    if (dtype === undefined) throw new CodedError('convert/option', { option: '--dtype', value: text });
    return dtype;
  });
  return variantsOf(wanted);
}

function partBytes(text: string): number {
  const mib = Number(text);
  if (!(mib > 0)) throw new CodedError('convert/option', { option: '--part-mib', value: text });
  return Math.floor(mib * 2 ** 20);
}

async function readAboutFile(path: string): Promise<About> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CodedError('convert/option', { option: '--about', value: path });
  });
  try {
    return readAbout(JSON.parse(text));
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('convert/config', { field: path, problem: 'is not valid JSON' });
  }
}

/** The way from a package folder to a score, and what this package asks of the machine. */
function nextSteps(out: string, { variants }: Manifest, program: string): string {
  const serve = program.startsWith('npm') ? 'npm start' : 'vqathinker serve';
  const gpuOnly = variants.every(({ target }) => target === 'webgpu');
  const half = variants.every(({ needs }) => needs.includes('shader-f16'));
  return `
Next: ${serve}, open Models there, press "Open a folder" and choose ${out}; then press "Use".
${gpuOnly ? `It needs a browser with WebGPU${half ? ' and 16-bit arithmetic (shader-f16)' : ''}; Models says whether yours has it.\n` : ''}To load it by address instead, put the folder on a web server that allows other origins (CORS).`;
}

/** One line a variant. */
function sizes({ variants, files }: Pick<Manifest, 'variants' | 'files'>): string[] {
  const bytes = new Map(files.map((file) => [file.path, file.bytes]));
  return variants.map(({ dtype, target, files: paths }) => {
    const sum = paths.reduce((total, path) => total + (bytes.get(path) ?? 0), 0);
    return `${target} ${dtype}: ${(sum / 1e6).toFixed(2)} MB in ${paths.length} files`;
  });
}

/** Role and protocol of a VQA² package. */
function roleFrom(values: { role?: string | undefined; protocol?: string | undefined }): {
  role: Vqa2Role;
  protocol?: ScoreProtocolId;
} {
  const role = vqa2Roles.find((name) => name === (values.role ?? 'scorer'));
  if (role === undefined)
    throw new CodedError('convert/option', { option: '--role', value: values.role ?? '' });
  if (values.protocol === undefined) return { role };
  const protocol = scoreProtocolIds.find((id) => id === values.protocol);
  if (protocol === undefined)
    throw new CodedError('convert/option', { option: '--protocol', value: values.protocol });
  return { role, protocol };
}

/** The package with self-tests; without them where they cannot be computed here. */
async function tested<M extends PackageManifest>(out: string, made: M, signal?: AbortSignal): Promise<M> {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[KComputing the self-test');
  const manifest = await addSelfTests(out, made, signal).catch((error: unknown) => {
    if (isAbort(error)) throw error;
    console.error(`The package has no self-test: ${error instanceof Error ? error.message : String(error)}`);
    return made;
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return manifest;
}

/** A VQA² package; an interrupted conversion leaves nothing. */
async function convertSecondFamily(
  files: CheckpointFiles,
  target: PackageFolder,
  { about, out, ...options }: Omit<Vqa2ConvertOptions, 'name' | 'licence'> & { about: About; out: string },
): Promise<number> {
  const { name = 'VQA²', licence } = about;
  try {
    const converted = await convertVqa2(files, target, {
      ...options,
      name,
      ...(licence && { licence }),
      onProgress: createProgressLine(),
    });
    const made = await tested(out, converted, options.signal);
    console.log(sizes(made).join('\n'));
    console.log(`${out}: ${made.name}, ${made.role}, scored with ${made.protocol}`);
    console.log('Drop the folder on the page to use it there.');
    return 0;
  } catch (error) {
    if (!isAbort(error)) throw error;
    console.error('Stopped. Nothing was written.');
    return 1;
  }
}

async function main(argv: readonly string[], program: string): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      dtype: text,
      variants: text,
      profile: text,
      name: text,
      licence: text,
      about: text,
      'part-mib': text,
      role: text,
      protocol: text,
      help: { type: 'boolean' },
    },
  });
  const [checkpoint, out] = positionals;
  if (values.help || checkpoint === undefined || out === undefined || positionals.length > 2) {
    console.log(usage(program));
    return values.help ? 0 : 2;
  }
  const given: About = values.about === undefined ? { metrics: [] } : await readAboutFile(values.about);
  const about = {
    ...given,
    ...(values.name && { name: values.name }),
    ...(values.licence && { licence: values.licence }),
  };
  const target = new PackageFolder(out);
  await target.check();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const files = await openCheckpoint(checkpoint, stop.signal);
  const shared = {
    variants: variantsFrom(values),
    command: recordedCommand(program, argv),
    digest: nodeDigest,
    signal: stop.signal,
    ...(values['part-mib'] !== undefined && { graph: { partLimit: partBytes(values['part-mib']) } }),
  };
  if (await isVqa2Folder(files)) {
    const options = { ...shared, ...roleFrom(values), producer: converter };
    return await convertSecondFamily(files, target, { ...options, about, out });
  }
  const converted = await convertCheckpoint(files, target, {
    ...shared,
    about,
    onProgress: createProgressLine(),
    ...(values.profile !== undefined && { profile: values.profile }),
  });
  const manifest = await tested(out, converted, stop.signal);
  console.log(sizes(manifest).join('\n'));
  const all = manifest.files.reduce((total, file) => total + file.bytes, 0);
  console.log(`${out}: ${manifest.name}, profile ${manifest.profile.name}, ${(all / 1e6).toFixed(2)} MB`);
  console.log(nextSteps(out, manifest, program));
  return 0;
}

/**
 * Converts, and prints the result or the fault.
 *
 * @param program how it was called, for the usage and the package's record, such as `npm run convert --`
 * @returns the exit status: 1 = failed, 2 = wrong call
 */
export async function runConvert(argv: readonly string[], program: string): Promise<number> {
  try {
    return await main(argv, program);
  } catch (error) {
    if (isAbort(error)) console.error('Stopped. The same command goes on from here.');
    else if (error instanceof CodedError) console.error(errorMessage(error));
    else if (
      error instanceof TypeError &&
      String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
    ) {
      console.error(error.message);
      return 2;
    } else console.error(error);
    return 1;
  }
}
