/**
 * Static server for the built page: COOP/COEP, CSP, Range, brotli. Node built-ins only, loopback only.
 *
 *   node scripts/serve.mjs [--root dist] [--port 4173] [--base /] [--plain]
 *
 * `--plain` leaves out every header, like a host where none can be set; `--base` serves below a path.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, createBrotliCompress } from 'node:zlib';
import { ISOLATION_HEADERS, SECURITY_HEADERS } from './headers.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.mp4': 'video/mp4',
  '.webmanifest': 'application/manifest+json',
};
const COMPRESSIBLE = new Set([
  '.html',
  '.js',
  '.mjs',
  '.css',
  '.json',
  '.md',
  '.svg',
  '.wasm',
  '.webmanifest',
]);

/** `bytes=a-b`, `bytes=a-`, `bytes=-n` (RFC 9110 §14). Null: no usable range; false: not satisfiable. */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[1] === '' && Number(match[2]) === 0) return false;
  return start < size && start <= end ? { start, end } : false;
}

/** The file a request means, or null when it is outside `root` or not there. */
export function locate(root, base, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return null;
  }
  if (path.includes('\0') || !path.startsWith(base)) return null;
  const file = resolve(root, `.${sep}${normalize(path.slice(base.length) || 'index.html')}`);
  if (file !== root && !file.startsWith(root + sep)) return null;
  const target = existsSync(file) && statSync(file).isDirectory() ? join(file, 'index.html') : file;
  return existsSync(target) && statSync(target).isFile() ? target : null;
}

export function createStaticServer(options) {
  return createServer(staticHandler(options));
}

/** Answers requests for the files below `root`; also part of servers that answer more than files. */
export function staticHandler({ root, base = '/', plain = false }) {
  const top = resolve(root);
  return (request, response) => {
    const headers = plain ? {} : { ...ISOLATION_HEADERS, ...SECURITY_HEADERS };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end();
      return;
    }
    const file = locate(top, base, request.url ?? '/');
    if (!file) {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('Not found\n');
      return;
    }
    const { size, mtimeMs } = statSync(file);
    const type = extname(file);
    const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
    Object.assign(headers, {
      'Content-Type': TYPES[type] ?? 'application/octet-stream',
      'Accept-Ranges': 'bytes',
      ETag: etag,
      // Hashed names never change; everything else is asked for again.
      'Cache-Control': file.includes(`${sep}assets${sep}`)
        ? 'public, max-age=31536000, immutable'
        : 'no-cache',
      Vary: 'Accept-Encoding',
    });
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const range = parseRange(request.headers.range, size);
    if (range === false) {
      response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}` }).end();
      return;
    }
    const send = (status, extra, stream) => {
      response.writeHead(status, { ...headers, ...extra });
      if (request.method === 'HEAD') response.end();
      else
        stream()
          .on('error', () => response.destroy())
          .pipe(response);
    };
    if (range) {
      send(
        206,
        {
          'Content-Range': `bytes ${range.start}-${range.end}/${size}`,
          'Content-Length': range.end - range.start + 1,
        },
        () => createReadStream(file, range),
      );
    } else if (!plain && COMPRESSIBLE.has(type) && /\bbr\b/.test(request.headers['accept-encoding'] ?? '')) {
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: size > 1e6 ? 4 : 6 } };
      send(200, { 'Content-Encoding': 'br' }, () =>
        createReadStream(file).pipe(createBrotliCompress(quality)),
      );
    } else {
      send(200, { 'Content-Length': size }, () => createReadStream(file));
    }
  };
}

/** Listens on 127.0.0.1, on the next free port when the wanted one is taken. Resolves with the address. */
export function listen(server, port, tries = 20) {
  return new Promise((done, fail) => {
    server.once('error', (error) => {
      if (error.code === 'EADDRINUSE' && tries > 0) listen(server, port + 1, tries - 1).then(done, fail);
      else fail(error);
    });
    server.listen(port, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`));
  });
}

// Bundled into the command `vqathinker`, the module has that program's address.
if (import.meta.url.endsWith('/serve.mjs') && import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const option = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`);
    return at > 0 ? process.argv[at + 1] : fallback;
  };
  const base = option('base', '/');
  const server = createStaticServer({
    root: option('root', 'dist'),
    base,
    plain: process.argv.includes('--plain'),
  });
  const address = await listen(server, Number(option('port', '4173')));
  console.log(`${address}${base}`);
}
