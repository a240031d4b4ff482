/** A Chromium for the browser tests: CHROMIUM, the system's, Debian's package, else Playwright's own. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of an installed Chromium, or undefined: then Playwright's own is used. */
export function findChromium() {
  return CANDIDATES.find((path) => path && existsSync(path));
}

/** Installs one where none is found. */
export function setUpChromium() {
  if (findChromium()) return;
  const apt = () =>
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' }).status === 0 &&
    spawnSync(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation', 'fonts-noto-cjk'],
      {
        stdio: 'inherit',
      },
    ).status === 0;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && apt()) return;
  spawnSync('npx', ['playwright', 'install', 'chromium'], { stdio: 'inherit' });
}
