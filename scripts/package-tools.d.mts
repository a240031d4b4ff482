export interface OlderNode {
  readonly version: string;
  readonly path: string;
}
export declare const toolsHome: string;
export declare const olderNodes: readonly OlderNode[];
export declare function toolPath(name: string): string;
export declare function setUpPackageTools(): boolean;
export declare function writeDeclarations(
  root: string,
  entries: Readonly<Record<string, string>>,
  folder: string,
): Promise<void>;
