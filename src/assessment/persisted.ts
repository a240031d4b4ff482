/** Small values that survive a reload. Where the browser stores nothing they live as long as the page. */
const memory = new Map<string, string>();
const PREFIX = 'vqathinker.';

export function readPersisted<T>(key: string, parse: (value: unknown) => T, fallback: T): T {
  try {
    const text = globalThis.localStorage?.getItem(PREFIX + key) ?? memory.get(key);
    return text == null ? fallback : parse(JSON.parse(text));
  } catch {
    return fallback;
  }
}

/** @returns false when the browser refused, so that the page can show that nothing is stored */
export function persist(key: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  memory.set(key, text);
  try {
    globalThis.localStorage.setItem(PREFIX + key, text);
    return true;
  } catch {
    return false;
  }
}
