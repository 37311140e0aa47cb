import type { LimitFunction } from 'p-limit';
import type { Client } from '../service/client.ts';
import { cookRecipe, type CookBody } from '../service/endpoints.ts';
import { backoffMs } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import type { EntryFacts } from '../custody/facts.ts';
import { lookupWindowMs, type Find } from '../custody/find.ts';
import { readHashAndNonce } from '../custody/mark.ts';
import type { CookRequest } from './request.ts';

interface SubmitOptions {
  readonly client: Client;
  readonly find: Find;
  /** Lets so many cooks be under way at once. Looking for a job takes none of the places. */
  readonly inTurn: LimitFunction;
  /** Fires when nothing more may be cooked. */
  readonly ended: AbortSignal;
  /** Fires when a cook under way is no longer waited for. */
  readonly abandon: AbortSignal;
  readonly facts: () => EntryFacts;
  /** Keeps what is known, before anything else is done. */
  readonly record: (change: Partial<EntryFacts>) => void;
  /** Called when it is not known whether a job was created. */
  readonly onUnanswered: (error: ServiceError) => void;
  /** Called when nothing was created, and the cook is sent again after a pause. */
  readonly onDelayed: (error: ServiceError) => void;
}

const maxFailures = {
  // A quarter of a minute: a clear error helps more than a step that hangs before it has begun.
  unreachable: 5,
  'rate-limited': 20,
  // After each doubt the job was looked for for half a minute; a third doubt is no accident.
  unanswered: 3,
  refused: 1,
};

type FailureKind = keyof typeof maxFailures;

/**
 * Cooks an entry. The request is sent again at once only when it is certain that the service did not
 * take it. After any doubt the job is looked for by its mark first.
 * @returns the job, and whether it had to be looked for
 * @throws ServiceError where no job is known to have been created, InterruptedError
 */
export async function submit(request: CookRequest, body: CookBody, options: SubmitOptions) {
  const failures = { unreachable: 0, 'rate-limited': 0, unanswered: 0, refused: 0 };
  for (;;) {
    const sent = await send(request, body, options);
    if (!(sent instanceof ServiceError)) return { job: sent, origin: 'cooked' as const };
    const kind = kindOf(sent);
    failures[kind] += 1;
    const found = await lookAfter(kind, sent, failures[kind], options);
    if (found !== null) return { job: found, origin: 'found' as const };
    if (failures[kind] >= maxFailures[kind]) throw sent;
  }
}

function kindOf(error: ServiceError): FailureKind {
  if (error.trouble === 'unreachable') return 'unreachable';
  if (error.status === 429) return 'rate-limited';
  return error.mayHaveSucceeded ? 'unanswered' : 'refused';
}

async function send(
  request: CookRequest,
  body: CookBody,
  { client, inTurn, ended, abandon, facts, record }: SubmitOptions,
): Promise<Job | ServiceError> {
  return inTurn(async () => {
    if (ended.aborted) throw new InterruptedError();
    record({ sends: facts().sends + 1, serverSentAtMs: client.serverNow() });
    try {
      // Not given `ended`: a cook that has left is waited for, since it may start a billed job.
      const job = await cookRecipe(client, request.recipeUuid, body, abandon, ended);
      const mark = readHashAndNonce(job);
      if (mark === null || `${mark.hash}-${mark.nonce}` === request.mark) return job;
      // It carries the mark of another entry, step or run: this cook is in doubt.
      const call = `POST /v1/job-recipes/${request.recipeUuid}/cook`;
      const detail = `the response is for another job, ${job.uuid}`;
      throw new ServiceError({ trouble: 'unreadable', request: call, detail });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const kind = kindOf(error);
      if (kind === 'unreachable' || kind === 'rate-limited') record({ unsent: facts().unsent + 1 });
      if (kind === 'refused') record({ refused: facts().refused + 1 });
      return error;
    }
  });
}

/** What is done before a cook is sent again: a pause where nothing can have come of it, else a look. */
async function lookAfter(
  kind: FailureKind,
  error: ServiceError,
  failures: number,
  options: SubmitOptions,
): Promise<Job | null> {
  const { client, ended } = options;
  if (kind === 'unanswered') {
    options.onUnanswered(error);
    return look(error, lookupWindowMs, options);
  }
  if (failures >= maxFailures[kind]) return null;
  options.onDelayed(error);
  await client.clock.sleep(backoffMs(failures, client.random, error.retryAfterMs), ended);
  if (kind === 'unreachable' || ended.aborted) return null;
  // A limit may be counted after the job was created: one look costs less than a second job.
  return look(error, 0, options).catch(() => null);
}

async function look(error: ServiceError, windowMs: number, options: SubmitOptions) {
  const { find, facts, client } = options;
  try {
    const serverSentAtMs = facts().serverSentAtMs ?? client.serverNow();
    return await find({ ...facts(), serverSentAtMs, windowMs });
  } catch (failure) {
    // Without a look nothing may be sent again; what is reported is the first error.
    throw failure instanceof ServiceError ? error : failure;
  }
}
