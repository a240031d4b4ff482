/** The model and the device that a call names. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { type Manifest, readManifest } from '../../core/files/manifest.ts';
import { bundledModel } from '../node/platform.ts';
import type { ModelFacts } from '../node/rows.ts';
import type { Arguments } from './arguments.ts';
import { DEVICES, type Device } from './command-table.ts';

/** Folder or address of `--model`. */
export function modelOf(given: Arguments): string {
  const name = given.text('model') ?? 'small';
  return name === 'small' ? bundledModel : name;
}

/** @throws CodedError `command/device` for one that this build cannot use: exit status 4 */
export function deviceOf(given: Arguments): Device {
  const device = DEVICES.find((each) => each === given.text('device')) ?? 'auto';
  if (device === 'auto' || device === 'cpu') return device;
  throw new CodedError(
    'command/device',
    { device },
    `vqathinker runs on the processor; ${device} is not built in. Leave --device out, or open the page (vqathinker serve), which uses WebGPU.`,
  );
}

/** A package's manifest with its name and checksum. @throws CodedError `model/manifest`, `model/version` */
export async function manifestOf(at: string): Promise<{ manifest: Manifest; facts: ModelFacts }> {
  const bytes = /^https?:/.test(at) ? await fetched(at) : manifestBytes(at);
  const manifest = readManifest(JSON.parse(new TextDecoder().decode(bytes)));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { manifest, facts: { name: manifest.name, sha256 } };
}

async function fetched(address: string): Promise<Uint8Array> {
  const base = address.endsWith('/') ? address : `${address}/`;
  return new Uint8Array(await (await fetch(new URL('manifest.json', base))).arrayBuffer());
}

function manifestBytes(folder: string): Uint8Array {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path))
    throw new CodedError('model/manifest', { field: path, problem: 'is not in the folder' });
  return readFileSync(path);
}
