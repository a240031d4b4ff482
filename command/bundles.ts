/** Builds of the package: the page's code with onnxruntime-web's WebAssembly, as modules for Node and for browsers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';

export const root = join(import.meta.dirname, '..');
const packages = join(root, 'node_modules');
const plain = join(packages, 'onnxruntime-web/dist/ort.wasm.min.mjs');

export interface ProjectFacts {
  readonly version: string;
  readonly license?: string;
}

export const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as ProjectFacts;

/** transformers.js reads files by itself where it sees Node; here it is given them, as in a browser. */
function asInBrowser(): Plugin {
  return {
    name: 'as-in-browser',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('transformers.web')) return null;
      const changed = code.replace(/(var|const) IS_NODE_ENV = [^;]+;/, '$1 IS_NODE_ENV = false;');
      if (changed === code) throw new Error(`${id} has no IS_NODE_ENV to set.`);
      return changed;
    },
  };
}

export interface Bundle {
  /** From the root. */
  readonly entry: string;
  readonly platform: 'node' | 'browser';
  /** Name of the one file; null = a file for each module, of which a bundler takes those that it needs. */
  readonly file: string | null;
  readonly minify?: boolean;
  readonly banner?: string;
}

/** Writes the bundle into a folder, which is not emptied. */
export async function writeBundle(bundle: Bundle, folder: string): Promise<void> {
  await build(configOf(bundle, folder));
}

function configOf({ entry, platform, file, minify = false, banner }: Bundle, folder: string): InlineConfig {
  const output = file
    ? { entryFileNames: file, codeSplitting: false }
    : { codeSplitting: true, preserveModules: true, preserveModulesRoot: root, entryFileNames: '[name].js' };
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    define: {
      'import.meta.env.APP_VERSION': JSON.stringify(project.version),
      // Where onnxruntime's files lie, relative to the module: `location` is its folder.
      'import.meta.env.BASE_URL': JSON.stringify('./'),
    },
    plugins: [asInBrowser()],
    resolve: {
      alias: [
        { find: /^ort-(jspi|asyncify|wasm)$/, replacement: plain },
        { find: /^onnxruntime-web\/webgpu$/, replacement: join(root, 'workers/model/no-runtime.ts') },
        // The protocol's transport for standard input is Node's; the conditions below would take a browser's.
        {
          find: '@modelcontextprotocol/server/_shims',
          replacement: join(packages, '@modelcontextprotocol/server/dist/shimsNode.mjs'),
        },
        {
          find: '@huggingface/transformers',
          replacement: join(packages, '@huggingface/transformers/dist/transformers.web.js'),
        },
      ],
    },
    ssr: {
      noExternal: true,
      // The converter's self-test uses onnxruntime-node where a person installed it.
      external: ['onnxruntime-node'],
      target: platform === 'node' ? 'node' : 'webworker',
      resolve: { conditions: ['browser', 'module', 'import'] },
    },
    build: {
      // Also for browsers: a build for them would put the files of `new URL('…', import.meta.url)` into the script.
      ssr: join(root, entry),
      outDir: folder,
      emptyOutDir: false,
      target: platform === 'node' ? 'node20' : 'es2022',
      copyPublicDir: false,
      minify,
      rolldownOptions: { output: { ...output, ...(banner && { banner }) } },
    },
  };
}
