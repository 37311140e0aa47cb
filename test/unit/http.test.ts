import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect, type Connection, type defaultLimits } from '../../src/service/http.ts';
import { ServiceError } from '../../src/errors.ts';
import { startProxy } from '../support/proxy.ts';

const limits: typeof defaultLimits = {
  maxBytes: 1_000,
  connectMs: 1_000,
  headersMs: 150,
  bodyMs: 150,
  totalMs: 400,
};
const request = { method: 'GET', pathname: '/v1/jobs', query: 'limit=1' } as const;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<URL> {
  return listen(createServer(listener));
}

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function open(url: URL): Connection {
  const connection = connect(url, limits);
  closing.push(connection.close);
  return connection;
}

async function troubleOf(url: URL): Promise<ServiceError> {
  const error: unknown = await open(url)
    .exchange(request, {})
    .catch((caught: unknown) => caught);
  if (error instanceof ServiceError) return error;
  throw new Error(`expected a ServiceError, not ${String(error)}`);
}

test('an answer comes with its status, text and the headers we use', async () => {
  const seen: unknown[] = [];
  const url = await serve((incoming, answer) => {
    seen.push(
      incoming.url,
      incoming.headers['x-time'],
      incoming.headers['content-type'],
      incoming.headers.accept,
    );
    answer
      .writeHead(503, { 'Retry-After': '7', Date: 'Sat, 21 Nov 2026 12:00:00 GMT' })
      .end('wait');
  });
  const answer = await open(url).exchange(request, { 'X-Time': '1' });
  expect(answer).toEqual({
    status: 503,
    text: 'wait',
    dateMs: Date.parse('2026-11-21T12:00:00Z'),
    retryAfter: '7',
  });
  expect(seen).toEqual(['/v1/jobs?limit=1', '1', 'application/json', 'application/json']);
});

test('a redirect is an answer, not a way', async () => {
  const paths: unknown[] = [];
  const url = await serve((incoming, answer) => {
    paths.push(incoming.url);
    answer.writeHead(307, { Location: '/elsewhere' }).end();
  });
  expect((await open(url).exchange(request, {})).status).toBe(307);
  expect(paths).toEqual(['/v1/jobs?limit=1']);
});

test('a cancel waits for no connection behind reads that hang', async () => {
  const url = await serve((incoming, answer) => {
    if (incoming.method === 'PUT') answer.end('taken');
  });
  const { exchange } = open(url);
  const reads = Array.from({ length: 100 }, async () => exchange(request, {}).catch(() => null));
  const cancel = { method: 'PUT', pathname: '/v1/jobs/1/cancel', query: '' } as const;
  expect((await exchange(cancel, {})).text).toBe('taken');
  await Promise.all(reads);
});

describe('trouble has a name', () => {
  test('nobody listens: nothing was sent', async () => {
    const url = await listen(createTcpServer());
    for (const close of closing.splice(0)) await close();
    const error = await troubleOf(url);
    expect(error).toMatchObject({
      trouble: 'unreachable',
      mayHaveSucceeded: false,
      retryable: true,
    });
  });

  test('the name is not known: nothing was sent', async () => {
    const error = await troubleOf(new URL('http://nowhere.invalid'));
    expect(error).toMatchObject({ trouble: 'unreachable', mayHaveSucceeded: false });
  });

  test('the connection breaks after sending: in doubt', async () => {
    const url = await serve((incoming) => incoming.socket.destroy());
    expect(await troubleOf(url)).toMatchObject({ trouble: 'no-answer', mayHaveSucceeded: true });
  });

  test('no headers come', async () => {
    const url = await serve(() => {});
    expect(await troubleOf(url)).toMatchObject({ trouble: 'no-answer', mayHaveSucceeded: true });
  });

  test('the body stops half-way', async () => {
    const url = await serve((_, answer) => {
      answer.writeHead(200, { 'Content-Length': '100' }).write('{');
    });
    expect(await troubleOf(url)).toMatchObject({ trouble: 'no-answer' });
  });

  test('the body trickles in for ever', async () => {
    const url = await serve((_, answer) => {
      answer.writeHead(200, { 'Content-Length': '1000' });
      const timer = setInterval(() => answer.write('x'), 50);
      answer.on('close', () => {
        clearInterval(timer);
      });
    });
    expect(await troubleOf(url)).toMatchObject({
      trouble: 'no-answer',
      detail: 'the response took too long',
    });
  });

  test('the body is longer than the bound', async () => {
    const url = await serve((_, answer) => answer.end('x'.repeat(1_001)));
    expect(await troubleOf(url)).toMatchObject({ trouble: 'too-large' });
  });

  test.each([
    ['before it was sent', 0, 'unreachable'],
    ['after', 50, 'no-answer'],
  ])('the caller has had enough, %s', async (_, afterMs, trouble) => {
    const url = await serve(() => {});
    const signal = afterMs === 0 ? AbortSignal.abort() : AbortSignal.timeout(afterMs);
    const exchange = open(url).exchange(request, {}, signal);
    await expect(exchange).rejects.toMatchObject({ trouble });
  });

  const nothingSent = { trouble: 'unreachable', mayHaveSucceeded: false };

  // Handshake failure, and what some servers answer where they have no certificate for the name.
  test.each([40, 80])('TLS alert %i in place of a handshake: nothing was sent', async (alert) => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
      }),
    );
    expect(await troubleOf(new URL(url.href.replace('http:', 'https:')))).toMatchObject(
      nothingSent,
    );
  });

  test('a proxy that refuses the tunnel: nothing was sent', async () => {
    const proxy = await listen(
      createTcpServer((socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n'));
      }),
    );
    process.env['HTTP_PROXY'] = proxy.href;
    closing.push(() => delete process.env['HTTP_PROXY']);
    expect(await troubleOf(new URL('http://10.0.0.1'))).toMatchObject(nothingSent);
  });
});

test('the proxy of the environment is used', async () => {
  const target = await serve((_, answer) => answer.end('through'));
  const proxy = await startProxy(target);
  closing.push(proxy.close);
  process.env['HTTP_PROXY'] = proxy.url;
  closing.push(() => delete process.env['HTTP_PROXY']);
  expect((await open(target).exchange(request, {})).text).toBe('through');
  expect(proxy.asked).toEqual([target.host]);
});
