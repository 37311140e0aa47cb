import { readJob } from '../dispersed/api.ts';
import type { Job } from '../dispersed/schemas.ts';
import { asError, InterruptedError } from '../errors.ts';
import { readCookInputs, type CookInputs } from '../intake/inputs.ts';
import { readStep } from '../intake/step.ts';
import { stop } from '../jobs/stop.ts';
import { submit } from '../jobs/submit.ts';
import { watch } from '../jobs/watch.ts';
import { bodyOf, placeOrders } from '../order.ts';
import type { Ending, Order, Outcome, Ticket, Watched } from '../records.ts';
import { reportDryRun } from '../report/dry-run.ts';
import { reportOutcomes, reportTrouble } from '../report/report.ts';
import { isFinal, resultOf } from '../verdict.ts';
import { rehearse } from './dry-run.ts';
import { withKitchen, type Kitchen } from './kitchen.ts';
import type { World } from './world.ts';

/** Cooks every entry of `recipes`, waits if asked, and reports; never rejects. */
export async function cook(world: World): Promise<void> {
  const { runner } = world;
  try {
    const inputs = await readCookInputs(runner);
    const orders = placeOrders(inputs, readStep(runner, inputs['matrix-index']));
    await withKitchen(inputs, world, async (kitchen) => {
      if (inputs['dry-run']) {
        await reportDryRun(runner, await rehearse(orders, kitchen));
      } else {
        await reportOutcomes(runner, await carryOut(orders, kitchen), inputs['on-timeout']);
      }
    });
  } catch (error) {
    await reportTrouble(runner, error);
  }
}

async function carryOut(orders: readonly Order[], kitchen: Kitchen): Promise<readonly Outcome[]> {
  return Promise.all(orders.map(async (order) => carryOutOne(order, kitchen)));
}

async function carryOutOne(order: Order, kitchen: Kitchen): Promise<Outcome> {
  const { inputs, log, submitting } = kitchen;
  try {
    const ticket = await submitting(async () => cookOne(order, kitchen));
    log.cooked(ticket);
    return inputs.wait ? await follow(ticket, kitchen) : submitted(ticket, kitchen);
  } catch (error) {
    return notCooked(order, error, kitchen);
  }
}

async function cookOne(order: Order, kitchen: Kitchen): Promise<Ticket> {
  const { world, client, end, recipeBook } = kitchen;
  const recipe = order.container === null ? null : await recipeBook(order.recipeUuid);
  return submit(order, bodyOf(order, recipe), { ...world, client, signal: end.signal });
}

async function follow(ticket: Ticket, kitchen: Kitchen): Promise<Outcome> {
  const { log, world, end, read, nextLook } = kitchen;
  try {
    const watched = await watch(ticket, {
      clock: world.clock,
      read,
      nextLook,
      ended: end.ended,
      enoughToRun: ({ task }) => task === 'PERSISTENT',
      onSighting: log.changed,
    });
    return toOutcome(ticket, await settle(ticket, watched, kitchen), kitchen);
  } catch (error) {
    return lostSight(ticket, error, kitchen);
  }
}

/** What is done with a job that has not ended when watching has. */
async function settle(ticket: Ticket, watched: Watched, kitchen: Kitchen): Promise<Watched> {
  if (watched.ending === 'final' || watched.ending === 'running') return watched;
  const job = await lastLook(ticket, watched, kitchen);
  if (job.status === watched.job.status) return { ...watched, job };
  const sighting = { status: job.status, atMs: kitchen.world.clock.now() };
  kitchen.log.changed(ticket, sighting, job);
  return { ...watched, job, timeline: [...watched.timeline, sighting] };
}

async function lastLook(ticket: Ticket, { ending, job }: Watched, kitchen: Kitchen): Promise<Job> {
  const { client } = kitchen;
  if (mustStop(ending, kitchen.inputs)) return stopOne(ticket, job, ending, kitchen);
  // It may have ended since the last look, and its owner would like to know.
  return readJob(client, job.uuid).catch(() => job);
}

function mustStop(ending: Ending, inputs: CookInputs): boolean {
  return ending === 'interrupt' || (ending === 'timeout' && inputs['on-timeout'] === 'cancel');
}

async function stopOne(ticket: Ticket, job: Job, ending: Ending, kitchen: Kitchen): Promise<Job> {
  const { log, client, world } = kitchen;
  const why =
    ending === 'interrupt' ? 'the workflow was cancelled' : 'the time for waiting is over';
  log.stopping(ticket, why);
  try {
    const signal = new AbortController().signal;
    const stopped = await stop(job.uuid, `GitHub Actions: ${why}`, { ...world, client, signal });
    if (!isFinal(stopped.status)) log.stillAlive(stopped);
    return stopped;
  } catch (error) {
    log.notStopped(job, error);
    return job;
  }
}

function toOutcome(ticket: Ticket, watched: Watched, { inputs, world }: Kitchen): Outcome {
  const { ending, job, timeline } = watched;
  const result = resultOf(ending, job.status, inputs['on-timeout']);
  return { ...ended(ticket.order, world), ...ticket, job, result, timeline, ending };
}

function submitted(ticket: Ticket, { world }: Kitchen): Outcome {
  const timeline = [{ status: ticket.job.status, atMs: world.clock.now() }];
  return { ...ended(ticket.order, world), ...ticket, result: 'submitted', timeline };
}

function notCooked(order: Order, error: unknown, { world, end }: Kitchen): Outcome {
  const outcome = ended(order, world);
  if (!(error instanceof InterruptedError)) return { ...outcome, error: asError(error) };
  const ending = end.ended() ?? 'interrupt';
  return { ...outcome, ending, result: ending === 'timeout' ? 'timed-out' : 'cancelled' };
}

async function lostSight(ticket: Ticket, error: unknown, kitchen: Kitchen): Promise<Outcome> {
  // Nobody watches it any more, so it is treated like one whose time is over.
  const job = mustStop('timeout', kitchen.inputs)
    ? await stopOne(ticket, ticket.job, 'timeout', kitchen)
    : ticket.job;
  return { ...ended(ticket.order, kitchen.world), ...ticket, job, error: asError(error) };
}

function ended(order: Order, { clock }: World): Outcome {
  const endedAtMs = clock.now();
  return {
    order,
    result: 'error',
    job: null,
    submittedAtMs: null,
    endedAtMs,
    timeline: [],
    ending: null,
    error: null,
  };
}
