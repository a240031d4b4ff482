import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** Findings of axe on the page at rest: each rule with the elements that break it. */
export async function violations(page: Page): Promise<string[]> {
  // A colour on its way to another has a contrast that nobody reads.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation instanceof CSSTransition)
        .map((transition) => transition.finished.catch(() => undefined)),
    ).then(() => undefined),
  );
  const result = (await new AxeBuilder({ page }).analyze()).violations;
  return result.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}
