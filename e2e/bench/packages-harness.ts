/** Functions that the benchmark calls in its page: a package downloaded and stored, read again, and the same bytes fetched alone. */
import { createPackagesClient } from '../../workers/packages/client.ts';

const client = createPackagesClient();
const never = new AbortController().signal;
const seconds = async (work: () => Promise<unknown>) => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

const harness = {
  /** Fetches, keeps and checks files of a package; then checks what is kept; seconds of both. */
  async keep(base: string, paths: readonly string[]): Promise<{ download: number; verify: number }> {
    const address = { manifestUrl: `${base}manifest.json`, filesBase: base };
    const { manifestSha256 } = await client.fetchManifest(address);
    let id = '';
    const download = await seconds(async () => {
      ({ id } = await client.download(address, manifestSha256, paths, never, () => {}));
    });
    const verify = await seconds(async () => {
      const { complete } = await client.verify(id, never, () => {});
      if (!complete) throw new Error('The package is damaged.');
    });
    await client.remove(id);
    return { download, verify };
  },
  /** Reads the same files to their end and forgets them. */
  fetch: (base: string, paths: readonly string[]) =>
    seconds(() =>
      Promise.all(
        paths.map(async (path) => {
          const reader = (await fetch(base + path, { cache: 'no-store' })).body!.getReader();
          while (!(await reader.read()).done);
        }),
      ),
    ),
};
Object.assign(window, { packages: harness });

export type PackagesHarness = typeof harness;
