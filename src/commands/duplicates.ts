import { findLiving } from '../jobs/find.ts';
import { stop } from '../jobs/cancel.ts';
import type { CookRequest, SubmittedJob } from '../jobs/records.ts';
import type { Session } from './session.ts';

// A cook that was given up as lost may yet come to be. The post entry looks once more at the end.
const looksAfterMs = [30_000, 120_000];

/**
 * Once a cook was repeated: looks whether the first one made a job after all, and cancels that.
 * @param serving what is done with the job meanwhile; when it is over, so is this
 */
export async function cancelDuplicates(
  order: CookRequest,
  ticket: SubmittedJob,
  serving: Promise<unknown>,
  session: Session,
): Promise<void> {
  const { world, client, end, log } = session;
  const { cookKey, recipeUuid } = order;
  const over = new AbortController();
  const endIt = () => {
    over.abort();
  };
  serving.then(endIt, endIt);
  const signal = AbortSignal.any([end.signal, over.signal]);
  const parts = { ...world, client, signal };
  const mark = { cookKey, recipeUuid, sentAtMs: ticket.submittedAtMs };
  for (const pauseMs of looksAfterMs) {
    await world.clock.sleep(pauseMs, signal);
    // Trouble here is left to the post entry.
    const twins = await findLiving(parts, mark, ticket.job.uuid).catch(() => []);
    for (const uuid of twins) {
      log.cancelling(uuid, 'its cook was repeated, and one job is enough');
      await stop(uuid, 'GitHub Actions: cooked twice', parts).catch((error: unknown) => {
        log.cancelFailed(uuid, error);
      });
    }
  }
}
