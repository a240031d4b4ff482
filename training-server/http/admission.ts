/**
 * Admission of connections: beyond the limit the connection that has waited longest without a whole request is closed for a
 * new one, so that connections that send nothing, or a head byte by byte, keep nobody out.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** @param limit most connections at a time; where all have sent a request, a new one is closed */
export function admitConnections(server: Server, limit: number): void {
  const open = new Set<Socket>();
  /** Without a whole request head, longest waiting first. */
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (open.size >= limit) {
      const [oldest = socket] = silent;
      silent.delete(oldest);
      open.delete(oldest);
      oldest.destroy();
      if (oldest === socket) return;
    }
    open.add(socket);
    silent.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      silent.delete(socket);
    });
  });
  server.prependListener('request', ({ socket }, response) => {
    silent.delete(socket);
    // A connection that is kept alive waits again.
    response.once('close', () => {
      if (open.has(socket)) silent.add(socket);
    });
  });
}
