/** The part of the Model Context Protocol's SDK that is used here, so that types are checked before it is installed. */

declare module '@modelcontextprotocol/server' {
  import type { z } from 'zod';

  interface ToolResult {
    readonly content: { readonly type: 'text'; readonly text: string }[];
    readonly structuredContent?: Record<string, unknown>;
    readonly isError?: boolean;
  }

  export class McpServer {
    constructor(info: { name: string; version: string }, options: { capabilities: { tools: object } });
    registerTool<Input extends z.ZodType>(
      name: string,
      config: {
        title: string;
        description: string;
        inputSchema: Input;
        annotations: { readOnlyHint: boolean; openWorldHint: boolean };
      },
      call: (
        input: z.output<Input>,
        context: { readonly mcpReq: { readonly signal: AbortSignal } },
      ) => Promise<ToolResult>,
    ): unknown;
  }
}

declare module '@modelcontextprotocol/server/stdio' {
  import type { McpServer } from '@modelcontextprotocol/server';

  export function serveStdio(factory: () => McpServer): { close(): Promise<void> };
}

declare module '@modelcontextprotocol/client' {
  export class Client {
    constructor(info: { name: string; version: string });
    connect(transport: object): Promise<void>;
    close(): Promise<void>;
    listTools(): Promise<{
      tools: { name: string; description?: string; annotations?: { readOnlyHint?: boolean } }[];
    }>;
    callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<{
      content: unknown[];
      structuredContent?: Record<string, unknown>;
      isError?: boolean;
    }>;
  }
}

declare module '@modelcontextprotocol/client/stdio' {
  export class StdioClientTransport {
    constructor(options: { command: string; args: string[]; env: Record<string, string> });
  }
}
