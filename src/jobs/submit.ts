import { cookRecipe, type CookBody } from '../dispersed/api.ts';
import type { Client } from '../dispersed/client.ts';
import { patiently } from '../dispersed/patience.ts';
import type { ServiceError } from '../errors.ts';
import type { Clock, Random } from '../pace.ts';
import type { Order, Ticket } from '../records.ts';

export interface SubmitParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when nothing more may be cooked. */
  readonly signal: AbortSignal;
}

// A service that cannot be reached is given a quarter of a minute; the workflow's author is
// better served by a clear error than by a step that hangs before it has started anything.
const longestUnreachable = 5;
// A service that answers 429 is there and says when to come back.
const longestRateLimited = 20;

/**
 * Cooks an order. The request is sent again only when it is certain that the service did not take
 * it: no connection was made, or it was refused with 429.
 * @throws ServiceError where no job is known to have come to be, InterruptedError
 */
export async function submit(order: Order, body: CookBody, parts: SubmitParts): Promise<Ticket> {
  const { client, clock, random, signal } = parts;
  const submittedAtMs = clock.now();
  // Not given the signal: a cook that has left is waited for, since it may start a billed job.
  const cook = async () => cookRecipe(client, order.recipeUuid, body);
  const job = await patiently(cook, { clock, random, signal, worthwhile });
  return { order, job, submittedAtMs };
}

function worthwhile(error: ServiceError, failures: number): boolean {
  if (error.trouble === 'unreachable') return failures < longestUnreachable;
  return error.status === 429 && failures < longestRateLimited;
}
