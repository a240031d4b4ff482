/** Memory of a running Chromium: of its processes as the kernel counts it, and of its pages as the browser does. */
import { existsSync, readFileSync } from 'node:fs';
import type { Browser, Page } from '@playwright/test';

/** Lets a page measure its memory at once instead of at the next collection; for `chromium.launch`. */
export const MEASURE_NOW = '--enable-blink-features=ForceEagerMeasureMemory';

export interface MemoryMetric {
  /** JavaScript memory of the page and its workers after a collection, bytes. */
  readonly heap: number;
  /** Memory of all processes of a kind in bytes; shared pages are counted by their share. */
  readonly processes: Readonly<Record<string, number>>;
  /** Processor seconds of all processes since they began. */
  readonly cpu: number;
}

declare global {
  interface Performance {
    /** Only on pages that are isolated. */
    measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
  }
}

/** Proportional set size of a process in bytes; 0 where it has ended. Linux. */
function held(pid: number): number {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path)) return 0;
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(path, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

export async function measureMemory(browser: Browser, page: Page): Promise<MemoryMetric> {
  const heap = await page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes);
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const processes: Record<string, number> = {};
  for (const { type, id } of processInfo) processes[type] = (processes[type] ?? 0) + held(id);
  const cpu = processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  return { heap, processes, cpu };
}

/** `page 41 MB, renderer 320 MB, GPU 90 MB`. */
export function writtenMemory({ heap, processes }: MemoryMetric): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const shown = ['renderer', 'GPU', 'browser'].filter((type) => type in processes);
  return [`JavaScript ${mb(heap)}`, ...shown.map((type) => `${type} ${mb(processes[type]!)}`)].join(', ');
}
