import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** Findings of axe on the page: each rule with the elements that break it. */
export async function violations(page: Page): Promise<string[]> {
  const result = (await new AxeBuilder({ page }).analyze()).violations;
  return result.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}
