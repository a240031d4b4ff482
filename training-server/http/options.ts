/** Options of `npm run train-server`, checked before anything is opened. */
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError } from '../../core/errors.ts';
import {
  type EngineLocation,
  engineLocation,
  locationFlags,
  locationUsage,
  SHORTEST_TOKEN,
} from '../engine/location.ts';
import { isLoopback } from './access.ts';

export const usage = `npm run train-server -- [options]

  --port N          port (default 7077; 0 takes a free one)
  --root DIR        folder that data and checkpoints may lie in; repeatable (default: the current folder)
  --runs DIR        folder of the runs (default .cache/runs)
  --cache DIR       folder for decoded frames, procedural clips and packages (default .cache/training)
  --origin URL      origin of another page that may use the server; repeatable
  --host ADDRESS    address to listen on (default 127.0.0.1)
  --name NAME       host name of the server, e.g. behind a proxy; repeatable
  --public          allows an address that other machines can reach; requires a token in VQA_TRAIN_TOKEN
  --wait            interrupted runs wait for Resume instead of resuming automatically
  --no-page         serves the API without the page
${locationUsage}
`;

const project = join(import.meta.dirname, '..', '..');

export interface CliOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** True for a token from the environment, which is not printed. */
  readonly tokenFromEnvironment: boolean;
  readonly roots: readonly string[];
  readonly runs: string;
  readonly cache: string;
  readonly origins: readonly string[];
  readonly names: readonly string[];
  readonly autoResume: boolean;
  readonly page: boolean;
  /** Location of the engines. */
  readonly engine: EngineLocation;
}

const texts = { type: 'string', multiple: true } as const;
const flags = {
  port: { type: 'string' },
  root: texts,
  runs: { type: 'string' },
  cache: { type: 'string' },
  origin: texts,
  host: { type: 'string' },
  name: texts,
  public: { type: 'boolean' },
  wait: { type: 'boolean' },
  'no-page': { type: 'boolean' },
  ...locationFlags,
  help: { type: 'boolean' },
} as const;

const refuse = (option: string, problem: string) => new CodedError('train/option', { option, problem });

/**
 * @returns null for `--help`
 * @throws `train/option` {option, problem}, `train/public` {host}
 */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): CliOptions | null {
  const { values } = parsed(args);
  if (values.help) return null;
  const host = values.host ?? '127.0.0.1';
  const token = environment.VQA_TRAIN_TOKEN;
  if (token !== undefined && !/^[\x21-\x7e]*$/.test(token))
    throw refuse('VQA_TRAIN_TOKEN', 'has characters that no header holds');
  if (token !== undefined && token.length < SHORTEST_TOKEN)
    throw refuse('VQA_TRAIN_TOKEN', `has fewer than ${SHORTEST_TOKEN} characters`);
  if (!isLoopback(host) && (!values.public || token === undefined))
    throw new CodedError('train/public', { host });
  return {
    host,
    port: portOf(values.port ?? '7077'),
    token: token ?? randomBytes(32).toString('base64url'),
    tokenFromEnvironment: token !== undefined,
    roots: values.root ?? [process.cwd()],
    runs: values.runs ?? join(project, '.cache', 'runs'),
    cache: values.cache ?? join(project, '.cache', 'training'),
    origins: (values.origin ?? []).map(originOf),
    names: (values.name ?? []).map(nameOf),
    autoResume: !values.wait,
    page: !values['no-page'],
    engine: engineLocation(values, environment),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: false });
  } catch (error) {
    const option = /'(-[^']*)'/.exec((error as Error).message)?.[1] ?? 'The command';
    throw refuse(option.split(' ')[0]!, 'is not understood');
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw refuse('--port', 'must be a number from 0 to 65535');
  return port;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, ''))
    throw refuse('--origin', 'must be an origin such as https://example.org');
  return url.origin;
}

function nameOf(text: string): string {
  if (!/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/.test(text))
    throw refuse('--name', 'must be a host name, with a port if need be');
  return text.toLowerCase();
}

/** A path with `~` for the home folder. */
export const shortPath = (path: string): string => {
  const home = homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
};
