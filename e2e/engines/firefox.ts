/** Firefox without a window, by WebDriver BiDi over its own WebSocket: no driver program is needed. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, start, within } from './processes.ts';
import { callSource, type Engine, type Tab } from './tab.ts';

const BINARIES = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** Seconds for a command; an assessment is waited for by many short ones. */
const COMMAND = 60;

/** No first-run pages, no updates, no reports, nothing fetched by the browser itself. */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage': 'about:blank',
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
  'ui.prefersReducedMotion': 1,
};

interface Reply {
  readonly id?: number;
  readonly type: 'success' | 'error' | 'event';
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

type Send = <T>(method: string, params: object) => Promise<T>;

/** One BiDi connection: commands are answered by id, events are not listened to. */
async function connect(address: string): Promise<{ send: Send; close(): void }> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  await within(
    20,
    'Firefox',
    new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`no connection to ${address}`)));
    }),
  );
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    const call = waiting.get(reply.id ?? -1);
    if (!call) return;
    waiting.delete(reply.id ?? -1);
    if (reply.type === 'success') call.resolve(reply.result);
    else call.reject(new Error(`${reply.error}: ${reply.message}`));
  });
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox has closed the connection.'));
    waiting.clear();
  });
  return {
    send: <T>(method: string, params: object) => {
      const id = ++last;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      socket.send(JSON.stringify({ id, method, params }));
      return within(COMMAND, method, answer as Promise<T>);
    },
    close: () => socket.close(),
  };
}

interface Evaluated {
  readonly type: 'success' | 'exception';
  readonly result?: { readonly value?: string; readonly sharedId?: string };
  readonly exceptionDetails?: { readonly text: string };
}

async function evaluated(send: Send, context: string, expression: string): Promise<Evaluated> {
  const result = await send<Evaluated>('script.evaluate', {
    expression,
    target: { context },
    awaitPromise: true,
  });
  if (result.type === 'exception') throw new Error(result.exceptionDetails?.text ?? 'exception');
  return result;
}

async function open(binary: string): Promise<Tab> {
  const profile = scratchFolder('firefox');
  writeFileSync(
    join(profile.path, 'user.js'),
    Object.entries(PREFERENCES)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
      .join('\n'),
  );
  const args = ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', profile.path];
  const browser = start(binary, args, { MOZ_HEADLESS_WIDTH: '1440', MOZ_HEADLESS_HEIGHT: '900' });
  try {
    const [, address] = await browser.match(/WebDriver BiDi listening on (ws:\/\/\S+)/, 60);
    const { send, close } = await connect(`${address}/session`);
    const { capabilities } = await send<{ capabilities: { browserName: string; browserVersion: string } }>(
      'session.new',
      { capabilities: {} },
    );
    const { contexts } = await send<{ contexts: { context: string }[] }>('browsingContext.getTree', {});
    const context = contexts[0]!.context;
    await send('browsingContext.setViewport', { context, viewport: { width: 1440, height: 900 } });
    return {
      version: `Firefox ${capabilities.browserVersion}`,
      goto: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
      reload: () => send('browsingContext.reload', { context, wait: 'complete' }),
      async evaluate(run, argument) {
        const { result } = await evaluated(send, context, callSource(run, argument));
        return JSON.parse(result?.value ?? 'null');
      },
      async setFiles(selector, paths) {
        const { result } = await evaluated(
          send,
          context,
          `document.querySelector(${JSON.stringify(selector)})`,
        );
        await send('input.setFiles', { context, element: { sharedId: result?.sharedId }, files: [...paths] });
      },
      async screenshot() {
        const { data } = await send<{ data: string }>('browsingContext.captureScreenshot', { context });
        return Buffer.from(data, 'base64');
      },
      async close() {
        close();
        await browser.end();
        profile.remove();
      },
    };
  } catch (error) {
    await browser.end();
    profile.remove();
    throw error;
  }
}

/** Firefox of this machine, or null. */
export function findFirefox(): Engine | null {
  const binary = BINARIES.find((path) => path && existsSync(path));
  return binary ? { name: 'Firefox', open: () => open(binary) } : null;
}
