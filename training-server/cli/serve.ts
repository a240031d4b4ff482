/** `npm run train-server`: runs, events, checkpoints and packages over HTTP, and the page that shows them. */
import { existsSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import about from '../../package.json' with { type: 'json' };
import { openRoots } from '../data/api.ts';
import { spawnEngine } from '../engine/spawn.ts';
import { addressOf, hostsOf, isLoopback } from '../http/access.ts';
import { EventStreams } from '../http/events.ts';
import { type CliOptions, readOptions, shortPath, usage } from '../http/options.ts';
import { Packages } from '../http/packages.ts';
import { createTrainingServer } from '../http/server.ts';
import { VideoProbe } from '../http/video-probe.ts';
import { machineOnce } from '../preflight/machine.ts';
import { PROBE_MS } from '../preflight/validate.ts';
import { RunManager } from '../runs/manager.ts';
import { say, sayText, warn, warnError, warnUnreadable } from './output.ts';

const project = join(import.meta.dirname, '..', '..');
/** Where `npm start` and `npm run dev` serve the page on this machine. */
const LOCAL_PAGES = [4173, 5173].flatMap((port) => [`http://127.0.0.1:${port}`, `http://localhost:${port}`]);

/** @throws `train/port` {port} */
function listen(server: Server, { host, port }: CliOptions): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES')
        fail(new CodedError('train/port', { port }));
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
        fail(new CodedError('train/option', { option: '--host', problem: 'is no address of this machine' }));
      else fail(error);
    });
    server.listen(port, host, () => done((server.address() as AddressInfo).port));
  });
}

/** @throws `train/port` {port} */
async function checkPort(options: CliOptions): Promise<void> {
  const attempt = createServer();
  await listen(attempt, options);
  await new Promise((done) => attempt.close(done));
}

/** Prints the number of runs, and of those that continue. */
function describeRuns(runs: RunManager): void {
  const all = runs.list();
  const active = all.filter(({ state }) => state === 'queued' || state === 'starting' || state === 'running');
  if (all.length > 0) say(`  Runs      ${all.length}, ${active.length} of them active`);
}

async function main(options: CliOptions): Promise<void> {
  mkdirSync(options.cache, { recursive: true });
  const page = options.page ? join(project, 'dist') : null;
  if (page !== null && !existsSync(join(page, 'index.html')))
    throw new CodedError('train/page', { problem: `${shortPath(page)} is empty` });
  // The cache is a root too: procedural clips and packages lie there.
  const folders = [...options.roots, options.cache];
  const roots = await openRoots(folders);

  const hosts = new Set<string>();
  const origins = new Set<string>([...options.origins, ...LOCAL_PAGES]);
  const access = { token: options.token, hosts, origins };
  const videoProbe = new VideoProbe();
  const packages = new Packages(join(options.cache, 'packages'));
  const events = new EventStreams();
  const machine = machineOnce();
  const remote = options.engine.remote !== undefined;
  const load = { probe: videoProbe.probe, probeMs: PROBE_MS, cache: options.cache, draw: false };

  // Checked before the runs are opened: an interrupted one would resume and start an engine in vain.
  await checkPort(options);
  const runs = await RunManager.open({
    runs: options.runs,
    roots: folders,
    cache: options.cache,
    autoResume: options.autoResume,
    startEngine: (how) => spawnEngine({ ...how, ...options.engine }),
    onUnreadable: warnUnreadable,
  });
  const server = createTrainingServer(
    {
      runs,
      roots,
      packages,
      events,
      videoProbe,
      validation: { roots, machine: remote ? async () => null : machine, load },
    },
    {
      access,
      page,
      version: about.version,
      onFault: warnError,
    },
  );
  await packages.tidy();
  const leave = leaver({ runs, server, events, packages, videoProbe });
  let port: number;
  try {
    port = await listen(server, options);
  } catch (error) {
    await runs.close();
    throw error;
  }
  for (const host of hostsOf(options.host, options.names, port)) {
    hosts.add(host);
    for (const scheme of ['http', 'https']) origins.add(`${scheme}://${host}`);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave(signal));

  const address = addressOf(options.host, port);
  // In the fragment, which browsers do not send: the token appears in no log.
  say('');
  say(
    `  Training server   ${address}${page === null ? '' : `/#/training${options.tokenFromEnvironment ? '' : `?token=${options.token}`}`}`,
  );
  say(`  Token     ${options.tokenFromEnvironment ? 'as in VQA_TRAIN_TOKEN' : options.token}`);
  for (const root of roots.folders) say(`  May read  ${shortPath(root)}`);
  describeRuns(runs);
  sayText('\n  Ctrl-C saves and exits.\n');
  if (!isLoopback(options.host))
    warn('  Reachable from other machines without encryption: use a proxy with TLS.');
  machine().then(
    ({ device, torch, gpus }) => say(`  PyTorch ${torch} on ${gpus > 0 ? `${gpus} × ` : ''}${device}`),
    (error: unknown) => warn(error instanceof CodedError ? `  ${errorMessage(error)}` : String(error)),
  );
}

interface Leaving {
  readonly runs: RunManager;
  readonly server: Server;
  readonly events: EventStreams;
  readonly packages: Packages;
  readonly videoProbe: VideoProbe;
}

/** The first signal saves and exits, the second exits at once; checkpoints remain in both cases. */
function leaver({ runs, server, events, packages, videoProbe }: Leaving): (signal: string) => Promise<void> {
  let asked = 0;
  return async (signal) => {
    asked += 1;
    if (asked > 2) process.exit(1);
    if (asked === 2) {
      warn('Exiting at once.');
      await runs.abort();
      process.exit(1);
    }
    say(`${signal}: finishing and saving the step; repeat to exit at once.`);
    server.close();
    await runs.close();
    events.close();
    await packages.close();
    videoProbe.close();
    server.closeAllConnections();
    process.exit(0);
  };
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === null) sayText(usage);
  else await main(options);
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  warn(`${errorMessage(error)}  (${error.code})`);
  process.exit(1);
}
