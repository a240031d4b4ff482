/** Firefox and WebKitGTK for the tests of `e2e/engines`: Debian's packages, where this process may install them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

/** WebKitGTK's browser lies in /usr/lib/ARCHITECTURE/webkit2gtk-VERSION. */
function hasMiniBrowser() {
  const below = (folder) => readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory());
  return below('/usr/lib')
    .flatMap(({ name }) => below(`/usr/lib/${name}`).map((entry) => `/usr/lib/${name}/${entry.name}`))
    .some((path) => path.includes('/webkit2gtk-4.') && existsSync(`${path}/MiniBrowser`));
}

const ENGINES = {
  Firefox: {
    installed: () => existsSync('/usr/bin/firefox-esr') || existsSync('/usr/bin/firefox'),
    packages: ['firefox-esr'],
  },
  WebKitGTK: {
    installed: () =>
      existsSync('/usr/bin/WebKitWebDriver') && existsSync('/usr/bin/Xvfb') && hasMiniBrowser(),
    // Its decoders are plug-ins of GStreamer.
    packages: [
      'webkit2gtk-driver',
      'xvfb',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-libav',
      'gstreamer1.0-gl',
    ],
  },
};

/** Milliseconds for apt's list and for the packages of one engine. */
const LIMITS = { update: 90_000, install: 240_000 };

function apt(args, timeout) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', [...args, '-qq'], { stdio: 'ignore', env, timeout }).status === 0;
}

/** Installs what is missing, within limits of time. Never fails: the tests skip an engine that is not there. */
export function setUpEngines() {
  const missing = Object.entries(ENGINES).filter(([, { installed }]) => !installed());
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(', ');
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return console.log(`Not installed, and skipped by the engine tests: ${names}.`);
  console.log(`Installing ${names} …`);
  apt(['update'], LIMITS.update);
  for (const [name, { installed, packages }] of missing) {
    apt(['install', '-y', '--no-install-recommends', ...packages], LIMITS.install);
    if (!installed()) console.log(`${name} could not be installed; the engine tests skip it.`);
  }
}
