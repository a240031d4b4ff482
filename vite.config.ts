import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import {
  CONTENT_SECURITY_POLICY,
  DEV_CONTENT_SECURITY_POLICY,
  ISOLATION_HEADERS,
} from './scripts/headers.mjs';

/**
 * Vite refuses to import JavaScript that lies in `public/`, but onnxruntime loads its glue from there by design
 * (a bundled copy makes its threads reload the app's own worker). Serve that folder raw, before Vite sees it.
 */
function rawRuntime(): Plugin {
  const types: Record<string, string> = { mjs: 'text/javascript', wasm: 'application/wasm' };
  return {
    name: 'raw-runtime',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const match = /\/ort\/([\w.-]+)\.(mjs|wasm)(?:\?|$)/.exec(request.url ?? '');
        if (!match) return next();
        const extension = match[2] as string;
        for (const [name, value] of Object.entries(ISOLATION_HEADERS)) response.setHeader(name, value);
        response.setHeader('Content-Type', types[extension] as string);
        response.end(readFileSync(join(server.config.publicDir, 'ort', `${match[1]}.${extension}`)));
      });
    },
  };
}

/** The policy inside the built page too, for hosts that send no headers. `frame-ancestors` has no meaning in a meta tag. */
function policyTag(): Plugin {
  const content = CONTENT_SECURITY_POLICY.replace(/; frame-ancestors [^;]*/, '');
  return {
    name: 'policy-tag',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content }, injectTo: 'head-prepend' },
    ],
  };
}

/**
 * Names every file of the build in `offline.json`: the service worker keeps those that were not visited yet, once the
 * page has what it needs itself. Models and the runtime are kept when they are loaded; they are too large to guess.
 */
function offlineList(): Plugin {
  return {
    name: 'offline-list',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
        this.emitFile({ type: 'asset', fileName: 'offline.json', source: JSON.stringify(files.sort()) });
      },
    },
  };
}

const ort = (file: string) => join(import.meta.dirname, 'node_modules/onnxruntime-web/dist', file);

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as {
  version: string;
};

const NONCE = 'dev-only-nonce';

export default defineConfig(({ command }) => ({
  base: process.env.BASE_URL ?? '/',
  define: { 'import.meta.env.APP_VERSION': JSON.stringify(version) },
  plugins: [react(), rawRuntime(), policyTag(), offlineList()],
  ...(command === 'serve' ? { html: { cspNonce: NONCE } } : {}),
  resolve: {
    alias: [
      // The model worker chooses a build at run time and hands it to transformers.js (workers/model/runtime.ts), whose
      // own import would put a second runtime into the bundle.
      { find: 'ort-jspi', replacement: ort('ort.jspi.min.mjs') },
      { find: 'ort-asyncify', replacement: ort('ort.webgpu.min.mjs') },
      { find: 'ort-wasm', replacement: ort('ort.wasm.min.mjs') },
      {
        find: /^onnxruntime-web\/webgpu$/,
        replacement: join(import.meta.dirname, 'workers/model/no-runtime.ts'),
      },
    ],
  },
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    sourcemap: false,
    chunkSizeWarningLimit: 700,
    // The content policy lets no font come from a data: address.
    assetsInlineLimit: (path) => (path.endsWith('.woff2') ? false : undefined),
  },
  // Dependencies of the workers, which Vite would otherwise discover late, and the page would be loaded a second time.
  optimizeDeps: {
    entries: ['index.html'],
    include: [
      '@huggingface/transformers',
      '@noble/hashes/sha2.js',
      '@noble/hashes/utils.js',
      'comlink',
      'mediabunny',
      'mp4box',
      'ort-asyncify',
      'ort-jspi',
      'ort-wasm',
      'zod',
    ],
  },
  server: {
    // The Python environment and made data are tens of thousands of files that no page depends on.
    watch: {
      ignored: ['**/.venv/**', '**/.scratch/**', '**/.cache/**', '**/training-server/**'],
    },
    headers: { ...ISOLATION_HEADERS, 'Content-Security-Policy': DEV_CONTENT_SECURITY_POLICY(NONCE) },
  },
  preview: { headers: ISOLATION_HEADERS },
  test: {
    include: ['{core,convert,command,library,src,workers,scripts,training-server}/**/*.test.{ts,tsx}'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A poll waits for a condition: its limit is for one that never holds, also on a busy machine.
    expect: { poll: { timeout: 50_000, interval: 20 } },
    // Two cores: one heavy file at a time beside the light ones.
    maxWorkers: 2,
  },
}));
