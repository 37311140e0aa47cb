import type { Call, Client } from '../../src/service/client.ts';
import { createHost } from '../../src/service/host.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import { ServiceError } from '../../src/errors.ts';
import type { MadeUpClock } from './clock.ts';

/** A request that a fake client was given, and when. */
export interface SentCall extends Call {
  readonly atMs: number;
}

export interface FakeClient extends Client {
  readonly clock: MadeUpClock;
  readonly calls: readonly SentCall[];
  /** When the requests of one method were sent, in ms since the start. */
  readonly times: (method: Call['method']) => readonly number[];
}

/**
 * A client without a service: `answer` gives the JSON of each request, or throws. Its clock is the
 * service's too, and its pauses are the longest that chance allows.
 */
export function fakeClient(
  clock: MadeUpClock,
  answer: (call: SentCall) => unknown,
  latencyMs = 0,
): FakeClient {
  const calls: SentCall[] = [];
  return {
    clock,
    calls,
    random: () => 1,
    serverNow: () => clock.now(),
    redactor: createRedactor(),
    host: createHost(clock, Infinity),
    times: (method) => calls.filter((call) => call.method === method).map(({ atMs }) => atMs),
    send: async (call) => {
      const sent = { ...call, atMs: clock.monotonicMs() };
      calls.push(sent);
      if (latencyMs > 0) await clock.sleep(latencyMs, call.signal);
      return answer(sent);
    },
  };
}

/** An answer that refuses a request. */
export function refused(status: number, retryAfterMs?: number): ServiceError {
  return new ServiceError({
    trouble: 'refused',
    request: 'GET /',
    status,
    detail: '',
    retryAfterMs,
  });
}

/** No connection was made, the answer was lost, or it was longer than what is read. */
export function troubled(trouble: 'unreachable' | 'no-answer' | 'too-large'): ServiceError {
  return new ServiceError({ trouble, request: 'GET /', detail: '' });
}

/** Gives the answers one after the other, the last one again and again; an error is thrown. */
export function inTurn<T>(...answers: readonly [T, ...T[]]): () => T {
  let next = 0;
  return () => {
    const answer = answers[Math.min(next, answers.length - 1)] ?? answers[0];
    next += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

/** A signal that never fires. */
export const never = new AbortController().signal;
