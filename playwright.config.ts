import { defineConfig } from '@playwright/test';
import { findChromium } from './scripts/chromium.mjs';

const slow = process.env.VQA_SLOW === '1';
const executablePath = findChromium();

/** Flags that give headless Chromium a WebGPU adapter (SwiftShader) and keep it off the network. */
const args = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const webgpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
];

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 120_000,
  workers: 1,
  reporter: [['list']],
  // A chooser that the browser never opens costs one try; what fails twice is a fault, and a second try is reported.
  retries: 1,
  use: {
    // A click on what is not there must not wait for the whole test.
    actionTimeout: 60_000,
    trace: 'retain-on-failure',
    viewport: { width: 1440, height: 900 },
  },
  projects: [
    {
      name: 'wasm',
      testIgnore: ['**/e2e/engines/**', '**/*.webgpu.spec.ts', ...(slow ? [] : ['**/*.slow.spec.ts'])],
      use: {
        // A click on what is not there must not wait for the whole test.
        actionTimeout: 60_000,
        launchOptions: { ...(executablePath ? { executablePath } : {}), args, chromiumSandbox: false },
      },
    },
    {
      name: 'engines',
      testMatch: ['**/e2e/engines/*.spec.ts'],
      testIgnore: slow ? [] : ['**/*.slow.spec.ts'],
      // Engines are started by their tests; a whole assessment on a machine that does other work too.
      timeout: 240_000,
      retries: 2,
    },
    ...(slow
      ? [
          {
            name: 'webgpu',
            testMatch: ['**/*.webgpu.spec.ts'],
            timeout: 600_000,
            use: {
              // A click on what is not there must not wait for the whole test.
              actionTimeout: 60_000,
              launchOptions: {
                ...(executablePath ? { executablePath } : {}),
                args: [...args, ...webgpu],
                chromiumSandbox: false,
              },
            },
          },
        ]
      : []),
  ],
});
