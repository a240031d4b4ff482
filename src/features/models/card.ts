/** The model card of a package: from this device, else from where the package lies. */
import { packages } from '../../assessment/model/packages-session.ts';
import type { PackageRow } from '../../assessment/model/packages-store.ts';

/** @throws when it is nowhere at hand */
export async function cardOf({ id, manifest, stored, address }: PackageRow): Promise<string> {
  if (stored) {
    const files = await packages.files(id).catch(() => []);
    const card = files.find(({ path }) => path === manifest.card);
    if (card) return card.file.text();
  }
  if (!address) throw new Error('no card');
  const response = await fetch(new URL(manifest.card, address.filesBase), {
    headers: { ...address.headers },
  });
  if (!response.ok) throw new Error(`no card: ${response.status}`);
  return response.text();
}
