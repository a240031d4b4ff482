/** Builds the command: one module for Node, with the page's worker code and onnxruntime-web's WebAssembly in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = join(import.meta.dirname, '..');
const packages = join(root, 'node_modules');
const plain = join(packages, 'onnxruntime-web/dist/ort.wasm.min.mjs');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

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

export default defineConfig({
  root,
  logLevel: 'warn',
  define: {
    'import.meta.env.APP_VERSION': JSON.stringify(version),
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
  // The converter's self-test uses onnxruntime-node where a person installed it.
  ssr: {
    noExternal: true,
    external: ['onnxruntime-node'],
    target: 'node',
    resolve: { conditions: ['browser', 'module', 'import'] },
  },
  build: {
    ssr: join(root, 'command/cli/main.ts'),
    outDir: join(root, '.scratch/command'),
    emptyOutDir: true,
    target: 'node20',
    copyPublicDir: false,
    minify: false,
    rolldownOptions: {
      output: { entryFileNames: 'vqathinker.mjs', banner: '#!/usr/bin/env node', codeSplitting: false },
    },
  },
});
