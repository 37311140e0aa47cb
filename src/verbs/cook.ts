import pLimit, { type LimitFunction } from 'p-limit';
import { readJob } from '../dispersed/api.ts';
import { createClient, type Client } from '../dispersed/client.ts';
import type { Job } from '../dispersed/schemas.ts';
import { InterruptedError } from '../errors.ts';
import { cookInputs, readInputs, type CookInputs } from '../intake/inputs.ts';
import { readStep } from '../intake/step.ts';
import { createReader, type Reader } from '../jobs/read.ts';
import { stop } from '../jobs/stop.ts';
import { submit } from '../jobs/submit.ts';
import { watch } from '../jobs/watch.ts';
import { placeOrders } from '../order.ts';
import { metronome, pollIntervalMs } from '../pace.ts';
import type { Ending, Order, Outcome, Ticket, Watched } from '../records.ts';
import { createLog, type Log } from '../report/log.ts';
import { reportOutcomes, reportTrouble } from '../report/report.ts';
import { isFinal, resultOf } from '../verdict.ts';
import { endOfWait, type EndOfWait } from './end-of-wait.ts';
import type { World } from './world.ts';

/** Cooks every entry of `recipes`, waits if asked, and reports; never rejects. */
export async function cook(world: World): Promise<void> {
  try {
    const inputs = readInputs(world.runner, cookInputs);
    const orders = placeOrders(inputs, readStep(world.runner, inputs['matrix-index']));
    const outcomes = await carryOut(orders, inputs, world);
    await reportOutcomes(world.runner, outcomes, inputs['on-timeout']);
  } catch (error) {
    await reportTrouble(world.runner, error);
  }
}

/** What the orders of one step share. */
interface Kitchen {
  readonly world: World;
  readonly inputs: CookInputs;
  readonly client: Client;
  readonly log: Log;
  readonly end: EndOfWait;
  readonly read: Reader;
  readonly nextLook: () => Promise<void>;
  readonly submitting: LimitFunction;
}

// As many as the connections to the service: more would only queue behind them.
const mostSubmitting = 8;

async function carryOut(
  orders: readonly Order[],
  inputs: CookInputs,
  world: World,
): Promise<readonly Outcome[]> {
  const { clock, random, runner } = world;
  const connection = world.connect(inputs['api-url']);
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  const client = createClient({ exchange: connection.exchange, keys, now: clock.now });
  const end = endOfWait(world, inputs.timeout);
  const log = createLog(runner, orders.length);
  const kitchen: Kitchen = {
    world,
    inputs,
    client,
    log,
    end,
    read: createReader({
      client,
      clock,
      random,
      end: end.signal,
      onAway: log.away,
      onBack: log.back,
    }),
    nextLook: metronome(async () =>
      clock.sleep(pollIntervalMs(inputs['poll-interval'], random), end.signal),
    ),
    submitting: pLimit(mostSubmitting),
  };
  try {
    return await Promise.all(orders.map(async (order) => carryOutOne(order, kitchen)));
  } finally {
    end.release();
    await connection.close();
  }
}

async function carryOutOne(order: Order, kitchen: Kitchen): Promise<Outcome> {
  const { inputs, log, submitting, end, client, world } = kitchen;
  try {
    const ticket = await submitting(async () =>
      submit(order, { ...world, client, signal: end.signal }),
    );
    log.cooked(ticket);
    return inputs.wait ? await follow(ticket, kitchen) : submitted(ticket, kitchen);
  } catch (error) {
    return notCooked(order, error, kitchen);
  }
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
