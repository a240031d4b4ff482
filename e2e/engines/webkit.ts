/** WebKitGTK's MiniBrowser on a virtual screen, by W3C WebDriver. */
import { existsSync, globSync } from 'node:fs';
import { freePort, scratchFolder, start, within } from './processes.ts';
import { callSource, type Engine, type Tab } from './tab.ts';

const DRIVER = '/usr/bin/WebKitWebDriver';
const SCREEN = '/usr/bin/Xvfb';
/** Debian keeps it beside the library's other programs. */
const BROWSERS = '/usr/lib/*/webkit2gtk-4.*/MiniBrowser';

/** Name of an element reference in WebDriver's JSON. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

type Call = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>;

function caller(port: number): Call {
  return async <T>(method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
      signal: AbortSignal.timeout(90_000),
    });
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
    if (!response.ok) throw new Error(`${path.split('/').at(-1)}: ${value?.error} ${value?.message ?? ''}`);
    return value as T;
  };
}

/** The driver answers some time after its start. */
async function answering(call: Call): Promise<void> {
  for (;;) {
    try {
      await call('GET', '/status');
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function tabOf(call: Call, browser: string): Promise<Omit<Tab, 'close'> & { end(): Promise<void> }> {
  const { sessionId, capabilities } = await call<{
    sessionId: string;
    capabilities: { browserName: string; browserVersion: string };
  }>('POST', '/session', {
    capabilities: {
      alwaysMatch: { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } },
    },
  });
  const at = `/session/${sessionId}`;
  await call('POST', `${at}/timeouts`, { script: 60_000, pageLoad: 60_000 });
  // The window's bars take some of its height.
  await call('POST', `${at}/window/rect`, { x: 0, y: 0, width: 1440, height: 900 });
  const inner = await call<number>('POST', `${at}/execute/sync`, { script: 'return innerHeight', args: [] });
  await call('POST', `${at}/window/rect`, { x: 0, y: 0, width: 1440, height: 1800 - inner });
  return {
    version: `WebKitGTK ${capabilities.browserVersion}`,
    goto: (url) => call('POST', `${at}/url`, { url }),
    reload: () => call('POST', `${at}/refresh`),
    async evaluate(run, argument) {
      const script = `const done = arguments[0];
${callSource(run, argument)}.then((json) => done({ json }), (error) => done({ error: String(error) }));`;
      const { json, error } = await call<{ json?: string; error?: string }>('POST', `${at}/execute/async`, {
        script,
        args: [],
      });
      if (error !== undefined) throw new Error(error);
      return JSON.parse(json ?? 'null');
    },
    async setFiles(selector, paths) {
      const element = await call<Record<string, string>>('POST', `${at}/element`, {
        using: 'css selector',
        value: selector,
      });
      await call('POST', `${at}/element/${element[ELEMENT]}/value`, { text: paths.join('\n') });
    },
    screenshot: async () => Buffer.from(await call<string>('GET', `${at}/screenshot`), 'base64'),
    end: () => call('DELETE', at),
  };
}

async function open(browser: string): Promise<Tab> {
  const home = scratchFolder('webkit');
  const screen = start(SCREEN, ['-displayfd', '1', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp']);
  const port = await freePort();
  try {
    const [display] = await screen.match(/\d+/, 20);
    const driver = start(DRIVER, [`--port=${port}`], {
      DISPLAY: `:${display}`,
      GDK_BACKEND: 'x11',
      LIBGL_ALWAYS_SOFTWARE: '1',
      // A session bus and a desktop's portals are not there, and nothing is to be kept.
      HOME: home.path,
      XDG_CACHE_HOME: home.path,
      XDG_DATA_HOME: home.path,
      GIO_USE_VFS: 'local',
      NO_AT_BRIDGE: '1',
      // Its sandbox needs a user namespace, which root in a container has none of.
      ...(process.getuid?.() === 0 ? { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } : {}),
    });
    const endAll = async () => {
      await driver.end();
      await screen.end();
      home.remove();
    };
    try {
      const call = caller(port);
      await within(20, DRIVER, answering(call));
      const { end, ...tab } = await within(60, 'WebKitGTK', tabOf(call, browser));
      return {
        ...tab,
        async close() {
          await within(10, 'WebKitGTK', end()).catch(() => {});
          await endAll();
        },
      };
    } catch (error) {
      await driver.end();
      throw error;
    }
  } catch (error) {
    await screen.end();
    home.remove();
    throw error;
  }
}

/** WebKitGTK of this machine, or null. */
export function findWebKit(): Engine | null {
  const browser = globSync(BROWSERS)[0];
  if (!browser || !existsSync(DRIVER) || !existsSync(SCREEN)) return null;
  return { name: 'WebKitGTK', open: () => open(browser) };
}
