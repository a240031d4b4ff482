/** Actions of a person on the page, for every engine: by clicks, keys and chosen files, and read from what is shown. */
import type { Tab } from './tab.ts';

const PAUSE = 100;

/** Waits until a page function gives something other than null or false. */
export async function until<Result, Argument = null>(
  tab: Tab,
  run: (argument: Argument) => Result | null | false,
  argument?: Argument,
  seconds = 60,
): Promise<Result> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await tab.evaluate(run, argument);
    if (result !== null && result !== false) return result;
    if (Date.now() > end) {
      const shown = await tab.evaluate(() => document.body.innerText.slice(0, 2000));
      throw new Error(
        `nothing after ${seconds} s: ${run}\n${JSON.stringify(argument)}\nThe page shows:\n${shown}`,
      );
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

export const appears = (tab: Tab, selector: string, seconds?: number) =>
  until(tab, (wanted: string) => document.querySelector(wanted) !== null, selector, seconds);

/** Text of the first element that matches, spaces as one; null without one. */
export const textOf = (tab: Tab, selector: string) =>
  tab.evaluate(
    (wanted: string) => document.querySelector(wanted)?.textContent?.replace(/\s+/g, ' ').trim() ?? null,
    selector,
  );

export const textsOf = (tab: Tab, selector: string) =>
  tab.evaluate(
    (wanted: string) =>
      [...document.querySelectorAll(wanted)].map((one) => one.textContent?.replace(/\s+/g, ' ').trim() ?? ''),
    selector,
  );

/** Part of the page in which a control is searched: a selector, and a text that the part must have. */
export interface Part {
  readonly selector: string;
  readonly text?: string;
}

/** Clicks the first control whose label or text begins with this name, once it is there and enabled. */
export async function click(tab: Tab, name: string, { selector, text }: Part = { selector: 'body' }) {
  await until(
    tab,
    ({ name, selector, text }) => {
      const parts = [...document.querySelectorAll(selector)].filter((one) => one.textContent?.includes(text));
      const controls = parts.flatMap((one) => [
        ...one.querySelectorAll<HTMLElement>('button, a, [role=menuitem], [role=menuitemradio], label'),
      ]);
      const control = controls.find((one) => {
        const label = one.getAttribute('aria-label') ?? one.textContent ?? '';
        return label.replace(/\s+/g, ' ').trim().startsWith(name) && !one.matches(':disabled');
      });
      control?.click();
      return control !== undefined;
    },
    { name, selector, text: text ?? '' },
  );
}

export const press = (tab: Tab, key: string) =>
  tab.evaluate((pressed: string) => {
    for (const type of ['keydown', 'keyup'])
      (document.activeElement ?? document.body).dispatchEvent(
        new KeyboardEvent(type, { key: pressed, bubbles: true, cancelable: true }),
      );
  }, key);

/** Opens an address of the page and waits for its model. Errors that nothing catches are kept from then on. */
export async function openPage(tab: Tab, address: string): Promise<void> {
  await tab.goto(address);
  await modelReady(tab);
}

export async function modelReady(tab: Tab): Promise<void> {
  await appears(tab, '.app-chip__dot');
  await tab.evaluate(() => {
    const scope = globalThis as { uncaught?: string[] };
    if (scope.uncaught) return;
    const uncaught: string[] = [];
    scope.uncaught = uncaught;
    addEventListener('error', (event) => uncaught.push(event.message));
    addEventListener('unhandledrejection', (event) => uncaught.push(String(event.reason)));
  });
}

/** Errors that nothing caught since the page was opened. */
export const uncaughtErrors = (tab: Tab) =>
  tab.evaluate(() => (globalThis as { uncaught?: string[] }).uncaught ?? []);

const CHOOSER = 'body > input[type=file]';

/** Chooses files by key. Without a person's click no engine opens its dialog, and the input is there all the same. */
export async function choose(tab: Tab, paths: readonly string[]): Promise<void> {
  await tab.evaluate((selector: string) => document.querySelector(selector)?.remove(), CHOOSER);
  await until(
    tab,
    (selector: string) => {
      if (document.querySelector(selector)) return true;
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'o', bubbles: true }));
      return document.querySelector(selector) !== null;
    },
    CHOOSER,
  );
  await tab.setFiles(CHOOSER, paths);
}

/**
 * Chooses a folder for the chooser that the control opens. Drivers cannot choose folders, so its files are chosen and
 * get the paths that a folder's files have.
 */
export async function chooseFolder(
  tab: Tab,
  control: string,
  files: readonly { readonly path: string; readonly relative: string }[],
): Promise<void> {
  await tab.evaluate((selector: string) => document.querySelector(selector)?.remove(), CHOOSER);
  await click(tab, control);
  await appears(tab, CHOOSER);
  await tab.evaluate(
    ({ selector, paths }) => {
      const input = document.querySelector<HTMLInputElement>(selector)!;
      input.webkitdirectory = false;
      input.multiple = true;
      const name = () => {
        for (const [i, file] of [...(input.files ?? [])].entries())
          Object.defineProperty(file, 'webkitRelativePath', { value: paths[i] });
      };
      addEventListener('change', name, { capture: true, once: true });
    },
    { selector: CHOOSER, paths: files.map(({ relative }) => relative) },
  );
  await tab.setFiles(
    CHOOSER,
    files.map(({ path }) => path),
  );
}

export interface Outcome {
  /** Two decimals as shown, null after an error. */
  readonly score: number | null;
  readonly text: string;
  readonly notices: readonly string[];
  /** Code of the error card, null without one. */
  readonly error: string | null;
  readonly errorText: string;
}

/** Waits for the end of an assessment that has begun. */
export async function outcome(tab: Tab, seconds = 90): Promise<Outcome> {
  await appears(tab, '.assess-page--done, .assess-page--error', seconds);
  return tab.evaluate(() => {
    const read = (selector: string) => document.querySelector(selector)?.textContent?.trim() ?? '';
    const score = read('.ui-numeral');
    return {
      score: /^\d\.\d\d$/.test(score) ? Number(score) : null,
      text: read('.assess-trace__text').replace(/\s+/g, ' '),
      notices: [...document.querySelectorAll('.assess-frame__notices .ui-notice')].map(
        (one) => one.textContent ?? '',
      ),
      error: read('.ui-error__code').split(/\s/).at(-1) || null,
      errorText: read('.ui-error'),
    };
  });
}

/** Assesses one file from the page's first state. */
export async function assessFile(tab: Tab, path: string, seconds?: number): Promise<Outcome> {
  await choose(tab, [path]);
  const name = path.split('/').at(-1)!;
  await until(
    tab,
    (wanted: string) =>
      document.querySelector('.assess-page--running, .assess-page--done, .assess-page--error') !== null &&
      document.body.innerText.includes(wanted),
    name,
  );
  return outcome(tab, seconds);
}
