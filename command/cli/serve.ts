/** `vqathinker serve`: the built page from inside the package, on the loopback address. */
import { existsSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join, sep } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { listen, locate, staticHandler } from '../../scripts/serve.mjs';
import { home } from '../node/platform.ts';
import { Arguments } from './arguments.ts';

/** Files that page and command share lie once in the package, beside the page's own. */
const SHARED = ['models', 'ort', 'sample.mp4'];

/**
 * Answers with the page's files, and with the shared ones of the command.
 *
 * @param folder of the command: `page/` and the shared files lie in it
 */
export function pageHandler(folder: string): RequestListener {
  const page = join(folder, 'page');
  const [ofPage, shared] = [staticHandler({ root: page }), staticHandler({ root: folder })];
  const isShared = (url: string) => {
    const file = locate(folder, '/', url);
    return file !== null && SHARED.some((name) => `${file}${sep}`.startsWith(join(folder, name) + sep));
  };
  return (request, response) => {
    const url = request.url ?? '/';
    const handler = locate(page, '/', url) === null && isShared(url) ? shared : ofPage;
    handler(request, response);
  };
}

/**
 * Serves until the signal; prints the address.
 *
 * @throws UsageError; CodedError `command/incomplete` where the package holds no page
 */
export async function serve(args: readonly string[], signal: AbortSignal): Promise<number> {
  const given = new Arguments('serve', args);
  given.none();
  if (!existsSync(join(home, 'page', 'index.html')))
    throw new CodedError('command/incomplete', {}, `${home} lacks the page. Install vqathinker again.`);
  const server = createServer(pageHandler(home));
  const port = given.number('port', { least: 0, most: 65_535, whole: true }) ?? 4173;
  process.stdout.write(`${await listen(server, port)}/\n`);
  await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  server.close();
  server.closeAllConnections();
  return 0;
}
