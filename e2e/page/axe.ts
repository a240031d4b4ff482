import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** What axe finds on the page as it stands: each rule with the places that break it. */
export async function violations(page: Page): Promise<string[]> {
  const result = (await new AxeBuilder({ page }).analyze()).violations;
  return result.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}
