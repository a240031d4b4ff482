/** Location of the engines of a command: this machine, several machines, or a remote address; options and their checks. */
import { CodedError } from '../../core/errors.ts';
import type { EngineOptions } from './torchrun.ts';

export type EngineLocation = Pick<EngineOptions, 'torchrun' | 'tcp' | 'remote' | 'restarts'>;

/** Flags of `parseArgs`. */
export const locationFlags = {
  nodes: { type: 'string' },
  rendezvous: { type: 'string' },
  'engine-at': { type: 'string' },
} as const;

export const locationUsage = `  --nodes N         number of machines of a run's ranks, this one included; requires
  --rendezvous HOST:PORT   address of this machine for the ranks (docs/scaling.md)
  --engine-at HOST:PORT    starts no engine; waits at this address for a remote one that has the token in
                    VQA_ENGINE_TOKEN`;

/** Fewest characters of a given token: 24 random ones hold over 100 bits. */
export const SHORTEST_TOKEN = 24;

const refuse = (option: string, problem: string) => new CodedError('train/option', { option, problem });

export interface LocationValues {
  readonly nodes?: string | undefined;
  readonly rendezvous?: string | undefined;
  readonly 'engine-at'?: string | undefined;
}

/** @throws `train/option` {option, problem} */
export function engineLocation(values: LocationValues, environment: NodeJS.ProcessEnv): EngineLocation {
  const at = values['engine-at'];
  const torchrun = torchrunOf(values.nodes, values.rendezvous);
  // With numbered nodes, torchrun on one machine cannot restart the ranks of the others.
  if (at === undefined) return torchrun.length > 0 ? { torchrun, restarts: 0 } : {};
  if (torchrun.length > 0) throw refuse('--engine-at', 'goes without --nodes: torchrun is started elsewhere');
  const tcp = addressOf(at);
  if (tcp === null) throw refuse('--engine-at', 'must be HOST:PORT of this machine');
  const token = environment.VQA_ENGINE_TOKEN ?? '';
  if (token.length < SHORTEST_TOKEN)
    throw refuse('VQA_ENGINE_TOKEN', `must have ${SHORTEST_TOKEN} characters or more`);
  return { tcp, remote: { token } };
}

/** Arguments of torchrun for node 0, which is the driver's machine. */
function torchrunOf(nodes?: string, rendezvous?: string): string[] {
  if (nodes === undefined && rendezvous === undefined) return [];
  if (nodes === undefined || !/^\d{1,4}$/.test(nodes) || Number(nodes) < 2)
    throw refuse('--nodes', 'must be a number from 2 on, together with --rendezvous');
  const address = addressOf(rendezvous ?? '');
  if (address === null) throw refuse('--rendezvous', 'must be HOST:PORT of this machine');
  const { host, port } = address;
  return [`--nnodes=${nodes}`, '--node-rank=0', `--master-addr=${host}`, `--master-port=${port}`];
}

function addressOf(text: string): { host: string; port: number } | null {
  const [, host, port] = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined || Number(port) > 65_535 ? null : { host, port: Number(port) };
}
