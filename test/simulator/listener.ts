import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';

const LOOPBACK = '127.0.0.1';

/** How long to wait for a port that another program took in the meantime. */
const PORT_RETRY_MS = 20;

/** A server on loopback that can go away and come back. */
export interface Listener {
  readonly url: string;
  /** Cuts every connection, refuses new ones for so long, then listens on the same port. */
  refuseFor: (ms: number) => void;
  /** Cuts every connection and stops listening. */
  close: () => Promise<void>;
}

/** Listens on `port`, or on a free one if it is 0. */
export async function listen(onRequest: RequestListener, port: number): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: 60_000 }, onRequest);
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  // A test that fails before it closes this must not keep the run open.
  server.unref();
  const address = server.address();
  return listenerOf(server, typeof address === 'object' && address !== null ? address.port : port);
}

function listenerOf(server: Server, port: number): Listener {
  let reopening: NodeJS.Timeout | undefined;
  const reopenIn = (ms: number): void => {
    reopening = setTimeout(() => server.listen(port, LOOPBACK), ms);
  };
  server.on('error', () => reopenIn(PORT_RETRY_MS));
  return {
    url: `http://${LOOPBACK}:${port}`,
    refuseFor(ms) {
      if (!server.listening) return;
      shut(server);
      reopenIn(ms);
    },
    async close() {
      clearTimeout(reopening);
      if (!server.listening) return;
      const closed = once(server, 'close');
      shut(server);
      await closed;
    },
  };
}

function shut(server: Server): void {
  server.close();
  server.closeAllConnections();
}
