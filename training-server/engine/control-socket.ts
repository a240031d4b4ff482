/** The socket that an engine connects to: a Unix socket in a private folder, or TCP for ranks on other machines. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Connections at a time: one engine, those of an engine that is started again, and strangers. */
const MOST_CONNECTIONS = 16;

/** Folders of sockets are named after their process, so that those of killed ones are told apart. */
const PREFIX = 'vqa-engine-';

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Deletes the folders that killed processes have left. */
async function tidy(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    // Those of another user cannot be deleted, and need not be.
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

export class ControlSocket {
  /** `unix:/path` or `tcp:host:port`, as in `VQA_CTRL`. */
  readonly address: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, folder: string, address: string) {
    this.#server = server;
    this.#folder = folder;
    this.address = address;
    server.maxConnections = MOST_CONNECTIONS;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param tcp address to listen on; a Unix socket where it is undefined */
  static async open(
    tcp: { readonly host: string; readonly port: number } | undefined,
  ): Promise<ControlSocket> {
    await tidy();
    const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const server = createServer();
    try {
      await chmod(folder, 0o700);
      const path = join(folder, 'control.sock');
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(tcp ? { host: tcp.host, port: tcp.port } : { path }, resolve);
      });
      const bound = server.address();
      const address =
        typeof bound === 'object' && bound !== null ? `tcp:${tcp!.host}:${bound.port}` : `unix:${path}`;
      return new ControlSocket(server, folder, address);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  onConnection(listener: (socket: Socket) => void): void {
    this.#server.on('connection', listener);
  }

  /** Refuses further connections. */
  stopListening(): void {
    this.#server.close();
  }

  /** Ends all connections, those of strangers too. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
