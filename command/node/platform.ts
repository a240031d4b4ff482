/** Globals that the worker code expects of a browser's worker and Node lacks. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CodedError } from '../../core/errors.ts';
import { setRuntimeFiles } from '../../workers/model/runtime.ts';
import { type NodeAv, webCodecsOf } from './webcodecs.ts';

/** FFmpeg's libavcodec for Node. Its binary is GPL, so the user installs it. */
const DECODER = 'node-av';

/** Folder of the built command: `ort/`, `models/` and the sample clip lie in it. */
export const home = import.meta.dirname;

/** The bundled small model. */
export const bundledModel = join(home, 'models', 'small');

/** Decoder in use; null before `preparePlatform`. */
export let decoderName: string | null = null;

/** Looks in the folder that `VQATHINKER_DECODER` names; else beside this package, then where the command was started. */
function loadDecoder(): NodeAv {
  const folder = process.env.VQATHINKER_DECODER;
  const beside = (path: string) => pathToFileURL(join(path, 'package.json')).href;
  const bases = folder ? [beside(folder)] : [import.meta.url, beside(process.cwd())];
  const reasons: string[] = [];
  for (const base of bases)
    try {
      const require = createRequire(base);
      const library = require(`${DECODER}/lib`) as NodeAv;
      decoderName = `${DECODER}, FFmpeg ${(library as { getFFmpegInfo?: () => { version: string } }).getFFmpegInfo?.().version ?? ''}`;
      return { ...library, constants: require(`${DECODER}/constants`) as NodeAv['constants'] };
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  throw new CodedError(
    'command/decoder',
    {},
    `No video decoder is installed (${reasons[0] ?? ''}). Install one: npm install ${DECODER} (its binary is GPL).`,
  );
}

/**
 * Gives the worker code its globals. Once in a process, before the first video or model is opened.
 *
 * @throws CodedError `command/decoder` where no package with a decoder is installed
 */
export function preparePlatform(): void {
  if (decoderName !== null) return;
  const { href } = pathToFileURL(join(home, '/'));
  Object.assign(globalThis, { self: globalThis }, webCodecsOf(loadDecoder()));
  if (!('location' in globalThis)) Object.assign(globalThis, { location: { href } });
  // As addresses: a path may hold spaces, and on Windows it is none that can be imported.
  const runtime = new URL('ort/ort-wasm-simd-threaded', href).href;
  setRuntimeFiles({ mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` });
  // Only the plain build of onnxruntime-web is shipped; where stacks can be switched, another one would be looked for.
  Reflect.deleteProperty(WebAssembly, 'Suspending');
  if (!existsSync(join(home, 'ort')))
    throw new CodedError('command/incomplete', {}, `${home} lacks the runtime. Install vqathinker again.`);
}
