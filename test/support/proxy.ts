import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** A proxy on loopback that lets every tunnel end at one server. */
export interface Proxy {
  readonly url: string;
  /** The hosts that were asked for. */
  readonly asked: readonly string[];
  readonly close: () => void;
}

/** @param target where each tunnel really leads */
export async function startProxy(target: URL): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (incoming, client: Socket) => {
    asked.push(incoming.url ?? '');
    const upstream = connect(Number(target.port), target.hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    for (const each of [client, upstream]) sockets.add(each);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      for (const each of sockets) each.destroy();
      server.close();
    },
  };
}
