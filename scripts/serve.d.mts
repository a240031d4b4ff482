import type { RequestListener, Server } from 'node:http';
export declare function createStaticServer(options: { root: string; base?: string; plain?: boolean }): Server;
export declare function staticHandler(options: {
  root: string;
  base?: string;
  plain?: boolean;
}): RequestListener;
export declare function listen(server: Server, port: number, tries?: number): Promise<string>;
export declare function locate(root: string, base: string, url: string): string | null;
export declare function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | null | false;
