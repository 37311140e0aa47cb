import { ServiceError, type ServiceTrouble } from '../../src/errors.ts';
import type { Connection, WireAnswer } from '../../src/service/http.ts';
import type { WireRequest } from '../../src/service/sign.ts';
import type { Timeline } from './clock.ts';
import type { Fault, RequestKind } from './plan.ts';
import type { Process, Settle } from './process.ts';
import type { Answer, Service } from './service.ts';

/** A request, and what became of it. */
export interface Sent {
  readonly by: string;
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly body: string | undefined;
  /** When the action sent it; it may have queued for a connection since. */
  readonly sentAtMs: number;
  leftAtMs: number | null;
  takenAtMs: number | null;
  endedAtMs: number | null;
  fault: Fault | null;
  /** HTTP status that its sender saw; null where it saw none. */
  status: number | null;
  /** UUIDs of our jobs that its sender saw in the answer. */
  shows: readonly string[];
}

/** The way to the service, the same for all. */
export interface Network {
  readonly connect: (process: Process) => Connection;
  readonly sent: readonly Sent[];
}

export interface NetworkParts {
  readonly timeline: Timeline;
  readonly service: Service;
  readonly latencyMs: number;
  /** The fault that a request meets. */
  readonly faultFor: (request: Sent) => Fault | null;
  readonly onEnd: (request: Sent) => void;
}

// As the real one.
const maxConnections = 32;
const headersTimeoutMs = 60_000;

/** A network on which requests take time, and meet faults. */
export function createNetwork(parts: NetworkParts): Network {
  const sent: Sent[] = [];
  return {
    sent,
    connect: (process) => {
      const closed = new AbortController();
      const slots = createSlots(maxConnections);
      return {
        exchange: async (request, headers, signal) => {
          const record = recordOf(request, process.name, parts.timeline.now());
          sent.push(record);
          return process.waitFor((settle) => {
            exchange({ parts, process, record, headers, settle, signal, closed, slots });
          });
        },
        close: async () => {
          closed.abort();
        },
      };
    },
  };
}

interface Exchange {
  readonly parts: NetworkParts;
  readonly process: Process;
  readonly record: Sent;
  readonly headers: Readonly<Record<string, string>>;
  readonly settle: Settle<WireAnswer>;
  readonly signal: AbortSignal | undefined;
  readonly closed: AbortController;
  readonly slots: Slots;
}

function exchange({ parts, process, record, headers, settle, signal, closed, slots }: Exchange) {
  const { timeline, service } = parts;
  let isOver = false;
  const end = (act: () => void) => {
    if (isOver || !process.isAlive()) return;
    isOver = true;
    signal?.removeEventListener('abort', giveUp);
    closed.signal.removeEventListener('abort', giveUp);
    if (record.leftAtMs !== null) slots.release();
    record.endedAtMs = timeline.now();
    act();
    parts.onEnd(record);
  };
  const fail = (trouble: ServiceTrouble, detail: string) => {
    end(() => settle.reject(serviceError(record, trouble, detail)));
  };
  const giveUp = () => fail('no-answer', 'This operation was aborted');
  const answerWith = (status: number, text: string, retryAfter: string | undefined) => {
    end(() => {
      record.status = status;
      const dateMs = Math.floor(timeline.now() / 1000) * 1000;
      settle.resolve({ status, text, dateMs, retryAfter });
    });
  };
  const take = (): Answer => {
    record.takenAtMs = timeline.now();
    const { by, method, path, search, body } = record;
    return service.handle({ by, method, path, search, body, headers: lowerCased(headers) });
  };
  const deliver = ({ status, text, shows }: Answer) => {
    timeline.after(parts.latencyMs / 2, () => {
      if (!isOver) record.shows = shows;
      answerWith(status, text, undefined);
    });
  };
  const meet = ({ taken, lateMs, effect }: Fault) => {
    if (taken === 'yes') take();
    // A late one is taken when nobody waits for it any more.
    if (taken === 'late') timeline.after(lateMs, take);
    if (effect.type === 'hang') {
      timeline.after(headersTimeoutMs, () => fail('no-answer', 'Headers Timeout Error'));
      return;
    }
    timeline.after(parts.latencyMs / 2, () => {
      if (effect.type === 'answer') answerWith(effect.status, effect.text, effect.retryAfter);
      else fail('no-answer', 'read ECONNRESET');
    });
  };
  const leave = () => {
    if (isOver || !process.isAlive()) {
      slots.release();
      return;
    }
    record.leftAtMs = timeline.now();
    const fault = parts.faultFor(record);
    record.fault = fault;
    if (fault?.effect.type === 'unreachable') {
      const { afterMs } = fault.effect;
      timeline.after(afterMs, () => fail('unreachable', 'connect ECONNREFUSED'));
      return;
    }
    // Once it has left, it arrives, whatever becomes of its sender.
    timeline.after(parts.latencyMs / 2, () => {
      if (fault === null) deliver(take());
      else meet(fault);
    });
  };
  if (signal?.aborted || closed.signal.aborted) {
    giveUp();
    return;
  }
  signal?.addEventListener('abort', giveUp, { once: true });
  closed.signal.addEventListener('abort', giveUp, { once: true });
  slots.take(leave);
}

interface Slots {
  readonly take: (act: () => void) => void;
  readonly release: () => void;
}

function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    take: (act) => {
      if (free === 0) waiting.push(act);
      else {
        free -= 1;
        act();
      }
    },
    release: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

function recordOf({ method, pathname, query, body }: WireRequest, by: string, nowMs: number): Sent {
  const blank = { leftAtMs: null, takenAtMs: null, endedAtMs: null, fault: null, status: null };
  const kind = kindOf(method, pathname);
  const target = { method, path: pathname, search: query, body };
  return { by, kind, ...target, sentAtMs: nowMs, ...blank, shows: [] };
}

function kindOf(method: string, path: string): RequestKind {
  if (method === 'POST') return 'cook';
  if (method === 'PUT') return 'cancel';
  if (path === '/v1/jobs') return 'list';
  if (path.startsWith('/v1/jobs/')) return 'read';
  if (path.startsWith('/v1/job-recipes/')) return 'recipe';
  return path.startsWith('/v1/job-runs') ? 'runs' : 'other';
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function serviceError(record: Sent, trouble: ServiceTrouble, detail: string): ServiceError {
  return new ServiceError({ trouble, request: `${record.method} ${record.path}`, detail });
}
