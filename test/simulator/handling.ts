import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from './auth.ts';
import { receiveBody } from './body.ts';
import { strike } from './effects.ts';
import type { Service } from './endpoints.ts';
import { sendAnswer } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { FaultBook } from './faults.ts';
import type { Refusal } from './refusal.ts';
import { answerTo, refused } from './router.ts';
import type { Answer } from './router.ts';
import { sleep } from './sleep.ts';
import type { Fault, RequestRecord } from './types.ts';

/** A record while its request is being handled. */
export type OpenRecord = { -readonly [K in keyof RequestRecord]: RequestRecord[K] };

/** Everything that handling a request takes. */
export interface Site {
  service: Service;
  gate: Gate;
  faults: FaultBook;
  requests: OpenRecord[];
  latencyMs: number;
  wrapData: boolean;
  log: (line: string) => void;
  refuseFor: (ms: number) => void;
}

/** Handles a request from its arrival to its answer or its fault. */
export async function serve(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAt = performance.now();
  const record = recordOf(request, site.service.now());
  site.requests.push(record);
  response.setHeader('date', new Date(record.atMs).toUTCString());
  try {
    const refusal = await refusalOf(site, request, record);
    record.fault = site.faults.next(record.method, record.path);
    const exchange = exchangeOf(site, response, record, refusal);
    record.status = await conclude(exchange, record.fault, site.latencyMs);
  } catch (error) {
    // A client that hangs up before its body has arrived is no error of the service.
    if (request.complete) throw error;
  }
  site.log(lineOf(record, performance.now() - startedAt));
}

function recordOf(request: IncomingMessage, atMs: number): OpenRecord {
  const [path = '', ...search] = (request.url ?? '').split('?');
  const { 'x-signature': _signature, ...headers } = request.headers;
  return {
    atMs,
    method: request.method ?? '',
    path,
    search: search.join('?'),
    query: Object.fromEntries(new URLSearchParams(search.join('?'))),
    body: null,
    headers,
    status: null,
    taken: false,
    fault: null,
  };
}

/** Reads the body into the record and says why the request is refused, if it is. */
async function refusalOf(
  site: Site,
  request: IncomingMessage,
  record: OpenRecord,
): Promise<Refusal | null> {
  const { json, problem } = await receiveBody(request);
  record.body = json ?? null;
  // Asked even about a request without a proper body: the nonce is used up all the same.
  const refusal = site.gate({ ...record, headers: request.headers, body: json });
  return problem ?? refusal;
}

function exchangeOf(
  site: Site,
  response: ServerResponse,
  record: OpenRecord,
  refusal: Refusal | null,
): Exchange {
  let answer: Answer | null = null;
  return {
    response,
    refuseFor: site.refuseFor,
    get answer() {
      return answer;
    },
    take() {
      record.taken = refusal === null;
      answer ??= refusal ? refused(refusal) : answerTo(site.service, record, site.wrapData);
      return answer;
    },
  };
}

async function conclude(
  exchange: Exchange,
  fault: Fault | null,
  latencyMs: number,
): Promise<number | null> {
  if (fault === null || fault.when === 'after') exchange.take();
  await sleep(latencyMs);
  if (fault !== null) return strike(fault.kind, exchange);
  return sendAnswer(exchange.response, exchange.take());
}

function lineOf({ atMs, method, path, search, status, fault }: OpenRecord, tookMs: number): string {
  const query = search === '' ? '' : `?${search}`;
  const outcome = status ?? 'no answer';
  const cause = fault === null ? '' : ` (${fault.kind.type})`;
  const time = new Date(atMs).toISOString();
  return `${time} ${method} ${path}${query} ${outcome} ${Math.round(tookMs)} ms${cause}`;
}
