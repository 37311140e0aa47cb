import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeUrl } from './resources.ts';

/** What a container serves, on loopback. */
export interface App {
  /** As a run tells it. */
  readonly nodeUrl: NodeUrl;
  /** What it answered, in order: method, path and status. */
  readonly answers: readonly string[];
  /** When the requests came, ms on the wall's clock. */
  readonly cameAtMs: readonly number[];
  readonly close: () => Promise<void>;
}

export interface AppOptions {
  /** Port inside the container. */
  readonly port?: number;
  /** It answers 502 to so many requests first. */
  readonly notReadyFor?: number;
  /** What it asks for: Basic, user `duser`; undefined: nothing. */
  readonly token?: (() => string | undefined) | undefined;
  /** Status of a good answer. */
  readonly status?: number;
  /** Where it sends its readers. */
  readonly location?: string;
  /** The body has no end. */
  readonly isEndless?: boolean;
  /** It takes requests, and never answers. */
  readonly isSilent?: boolean;
}

/** Starts a web server as the vendor's images have them. */
export async function startApp(options: AppOptions = {}): Promise<App> {
  const answers: string[] = [];
  const cameAtMs: number[] = [];
  const server = createServer((request, response) => {
    cameAtMs.push(Date.now());
    const status = statusFor(request.headers.authorization, answers.length, options);
    answers.push(`${request.method} ${request.url} ${status}`);
    if (options.isSilent) return;
    const { location } = options;
    response.writeHead(status, location === undefined ? {} : { location });
    if (!options.isEndless) {
      response.end(status < 400 ? 'ok\n' : 'not yet\n');
      return;
    }
    const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  const description = String(options.port ?? 8080);
  return {
    nodeUrl: { description, hostname: '127.0.0.1', port, protocol: 'tcp', tls: false },
    answers,
    cameAtMs,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function statusFor(
  given: string | undefined,
  asked: number,
  { token, notReadyFor = 0, status = 200 }: AppOptions,
): number {
  const wanted = token?.();
  const basic = `Basic ${Buffer.from(`duser:${wanted}`).toString('base64')}`;
  if (token !== undefined && given !== basic) return 401;
  return asked < notReadyFor ? 502 : status;
}
