import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isObject } from './checks.ts';
import { json, send, sendAnswer } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { sleep } from './sleep.ts';
import type { Answer } from './router.ts';
import type { FaultDetails, FaultKind } from './types.ts';

/** Does to an exchange what the kind of fault is; gives the status that was sent, if any. */
type Effect<T extends keyof FaultDetails> = (
  kind: FaultKind<T>,
  exchange: Exchange,
) => number | null | Promise<number | null>;

const effects: { [T in keyof FaultDetails]: Effect<T> } = {
  refuse({ forMs }, { refuseFor }) {
    refuseFor(forMs);
    return null;
  },
  reset(_kind, { response }) {
    response.socket?.resetAndDestroy();
    return null;
  },
  close: (_kind, { response }) => hangUp(response),
  async hang({ forMs }, { response }) {
    if (forMs === undefined) return null;
    await sleep(forMs);
    return hangUp(response);
  },
  'slow-body': ({ everyMs }, exchange) => sendSlowly(exchange, everyMs),
  truncate: (_kind, exchange) => sendHalf(exchange),
  'wrong-length': (_kind, { response, answer }) => {
    const { status, body } = answer ?? otherShape;
    const whole = JSON.stringify(body);
    return send(response, status, whole, { ...json, 'content-length': halfOf(whole) });
  },
  html: ({ status = 502 }, { response }) =>
    send(response, status, page, { 'content-type': 'text/html' }),
  empty: (_kind, { response }) => send(response, 200, '', json),
  'wrong-json': (_kind, { response }) => send(response, 200, '{"object":"job","uuid":', json),
  'other-shape': ({ body = otherShape.body }, { response }) =>
    sendAnswer(response, { status: 200, body }),
  huge: ({ bytes }, { response }) => sendHuge(response, bytes),
  redirect: ({ status = 302, location }, { response }) => send(response, status, '', { location }),
  status({ status, retryAfter, body = errorOf(status) }, { response }) {
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    if (typeof body !== 'string') return sendAnswer(response, { status, body });
    return send(response, status, body, { 'content-type': 'text/plain' });
  },
  async delay({ forMs }, exchange) {
    await sleep(forMs);
    return sendAnswer(exchange.response, exchange.take());
  },
  'no-uuid'(_kind, exchange) {
    const { status, body } = exchange.take();
    return sendAnswer(exchange.response, { status, body: withoutUuid(body) });
  },
  async hold({ until }, exchange) {
    const answer = exchange.take();
    await until;
    return sendAnswer(exchange.response, answer);
  },
};

/** Lets a fault strike; gives the status that was sent, or null if no answer was. */
export async function strike<T extends keyof FaultDetails>(
  kind: FaultKind<T>,
  exchange: Exchange,
): Promise<number | null> {
  const effect: Effect<T> = effects[kind.type];
  return effect(kind, exchange);
}

/** Stands for the proper answer where a request that is not taken gets one. */
const otherShape: Answer = { status: 200, body: { hello: 'world' } };

const page = '<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head></html>\n';

function errorOf(status: number): unknown {
  return { error: { code: `status_${status}`, message: `The service answers ${status}` } };
}

function hangUp(response: ServerResponse): null {
  response.socket?.end();
  return null;
}

function halfOf(body: string): string {
  return String(Math.floor(Buffer.byteLength(body) / 2));
}

function sendHalf({ response, answer }: Exchange): number {
  const { status, body } = answer ?? otherShape;
  const whole = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...json, 'content-length': whole.length });
  response.write(whole.subarray(0, whole.length / 2), () => hangUp(response));
  return status;
}

async function sendSlowly({ response, answer }: Exchange, everyMs: number): Promise<number> {
  const { status, body } = answer ?? otherShape;
  const whole = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...json, 'content-length': whole.length });
  for (const byte of whole) {
    if (response.destroyed) break;
    response.write(Buffer.of(byte));
    await sleep(everyMs);
  }
  response.end();
  return status;
}

const CHUNK_BYTES = 65_536;

async function sendHuge(response: ServerResponse, bytes: number): Promise<number> {
  const [start, end] = ['{"padding":"', '"}'];
  const padding = Math.max(0, bytes - start.length - end.length);
  response.writeHead(200, { ...json, 'content-length': start.length + padding + end.length });
  const sent = pipeline(Readable.from(chunksOf(start, padding, end)), response);
  // A client that has read enough hangs up.
  await sent.catch(() => undefined);
  return 200;
}

function* chunksOf(start: string, padding: number, end: string): Generator<string> {
  yield start;
  for (let left = padding; left > 0; left -= CHUNK_BYTES) {
    yield 'x'.repeat(Math.min(left, CHUNK_BYTES));
  }
  yield end;
}

function withoutUuid(body: unknown): unknown {
  if (!isObject(body)) return body;
  return isObject(body['data']) ? { data: withoutUuid(body['data']) } : { ...body, uuid: null };
}
