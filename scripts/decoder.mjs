/**
 * A decoder for the tests of the command `vqathinker`, in `.scratch/decoder`: it is the user's choice and no dependency,
 * because its binary is GPL. Where it cannot be installed, those tests are skipped by name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = 'node-av@6.1.1';

/** Folder whose `node_modules` holds it; it need not be there. */
export const decoderHome = join(import.meta.dirname, '..', '.scratch', 'decoder');

export function setUpDecoder() {
  if (existsSync(join(decoderHome, 'node_modules', 'node-av'))) return;
  mkdirSync(decoderHome, { recursive: true });
  // Its install script builds from source where there is no binary; the binary comes as a package of its own.
  const npm = [
    'install',
    '--ignore-scripts',
    '--prefix',
    decoderHome,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    PACKAGE,
  ];
  const { status } = spawnSync('npm', npm, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) console.log(`${PACKAGE} could not be installed: tests of the built command are skipped.`);
}
