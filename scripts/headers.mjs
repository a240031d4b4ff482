/** Response headers of every server of this project, in one place. */

/** Cross-origin isolation: SharedArrayBuffer, and with it more than one WASM thread. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const POLICY = {
  'default-src': "'self'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self' blob:",
  'img-src': "'self' blob: data:",
  'media-src': "'self' blob:",
  'connect-src': "'self' https: http://127.0.0.1:* http://localhost:*",
};

const join = (policy) =>
  Object.entries(policy)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');

export const CONTENT_SECURITY_POLICY = join({
  ...POLICY,
  'object-src': "'none'",
  'base-uri': "'self'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
});

/** Vite's development client injects inline styles and one inline script with a nonce. */
export const DEV_CONTENT_SECURITY_POLICY = (nonce) =>
  join({
    ...POLICY,
    'script-src': `'self' 'wasm-unsafe-eval' 'nonce-${nonce}'`,
    'style-src': "'self' 'unsafe-inline'",
    'connect-src': `${POLICY['connect-src']} ws://127.0.0.1:* ws://localhost:*`,
  });

export const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
