import pLimit from 'p-limit';
import { asError, InterruptedError, ServiceError } from '../errors.ts';
import { readCookInputs, type CookInputs } from '../inputs/cook.ts';
import { readStep } from '../inputs/context.ts';
import { attach } from '../jobs/attach.ts';
import { openRecipeBook, type RecipeBook } from '../jobs/recipes.ts';
import { submit } from '../jobs/submit.ts';
import { bodyOf, createRequests } from '../jobs/request.ts';
import { noRunData, type CookRequest, type Outcome, type SubmittedJob } from '../jobs/records.ts';
import { openCommitStatus } from '../report/commit-status.ts';
import { reportDryRun } from '../report/dry-run.ts';
import { createEarlyOutputs } from '../report/outputs.ts';
import { reportOutcomes, reportTrouble } from '../report/report.ts';
import { rehearse } from './dry-run.ts';
import { follow } from './follow.ts';
import { cancelDuplicates } from './duplicates.ts';
import { ended, planOf, withSession, type Session, type SessionPlan } from './session.ts';
import type { Deps } from './deps.ts';

/** Cooks every entry of `recipes`, waits if asked, and reports; never rejects. */
export async function cook(world: Deps): Promise<void> {
  const { runner } = world;
  try {
    const inputs = await readCookInputs(runner);
    const orders = createRequests(inputs, readStep(runner, inputs['matrix-index']));
    const commitStatus = openCommitStatus(inputs, orders, world);
    // Of a job that is not waited for, there is no log to read yet.
    const logs = inputs.wait && !inputs['dry-run'] ? inputs.logs : 'none';
    const jobCount = orders.length;
    const plan: SessionPlan = { ...planOf(inputs), logs, jobCount, commitStatus };
    if (inputs['dry-run']) {
      await reportDryRun(
        runner,
        await withSession(plan, world, async (session) => rehearse(orders, session)),
      );
    } else {
      const outcomes = await withSession(plan, world, async (session) =>
        carryOut(orders, inputs, session),
      );
      await reportOutcomes(runner, outcomes, plan.policy);
    }
  } catch (error) {
    await reportTrouble(runner, error);
  }
}

async function carryOut(
  orders: readonly CookRequest[],
  inputs: CookInputs,
  session: Session,
): Promise<readonly Outcome[]> {
  const { world, client, end } = session;
  const reading = { ...world, client, signal: end.signal };
  const recipeBook = openRecipeBook(reading);
  const earlier = inputs['on-rerun'] === 'attach' ? attach(orders, reading) : noEarlierJobs;
  const tellEarly = createEarlyOutputs(world.runner, orders);
  const begin = async (ticket: SubmittedJob) => {
    tellEarly(ticket);
    return serve(ticket, inputs.wait, session);
  };
  const underWay = pLimit(inputs['max-parallel'] || Infinity);
  return Promise.all(
    orders.map(async (order) =>
      underWay(async () => {
        try {
          const attached = (await earlier).get(order);
          if (attached !== undefined) return await begin(attached);
          const { ticket, sends } = await cookOne(order, recipeBook, session);
          const serving = begin(ticket);
          if (sends > 1) await cancelDuplicates(order, ticket, serving, session);
          return await serving;
        } catch (error) {
          return ended(notCooked(order, error, session), session);
        }
      }),
    ),
  );
}

const noEarlierJobs: Promise<ReadonlyMap<CookRequest, SubmittedJob>> = Promise.resolve(new Map());

interface Cooked {
  readonly ticket: SubmittedJob;
  readonly sends: number;
}

async function cookOne(
  order: CookRequest,
  recipeBook: RecipeBook,
  session: Session,
): Promise<Cooked> {
  const { world, client, end, log, ledger, inTurn } = session;
  const { index, recipeUuid, cookKey } = order;
  return inTurn(async () => {
    const recipe = order.container === null ? null : await recipeBook(recipeUuid);
    let sends = 0;
    const ticket = await submit(order, bodyOf(order, recipe), {
      ...world,
      ...end,
      client,
      onSend: () => {
        sends += 1;
        ledger.write(index, { recipeUuid, cookKey, sends, fate: 'sent' });
      },
      onDoubt: (error) => {
        log.inDoubt(order, error);
      },
    });
    return { ticket, sends };
  });
}

async function serve(ticket: SubmittedJob, wait: boolean, session: Session): Promise<Outcome> {
  const { log, ledger, world } = session;
  const { job, subject } = ticket;
  ledger.write(subject.index, { jobUuid: job.uuid, fate: wait ? 'followed' : 'kept' });
  log.began(ticket);
  if (wait) return ended(await follow(ticket, session), session);
  const timeline = [{ status: job.status, atMs: world.clock.now() }];
  const submitted = { ...ticket, ...noRunData, timeline, ending: null, error: null };
  return ended({ ...submitted, result: 'submitted' }, session);
}

function notCooked(order: CookRequest, error: unknown, { plan, end, ledger }: Session): Outcome {
  const none = { job: null, origin: null, submittedAtMs: null, timeline: [] };
  const outcome = { subject: order, ...none, ...noRunData, ending: null };
  if (error instanceof ServiceError) {
    ledger.write(order.index, { fate: error.mayHaveSucceeded ? 'missing' : 'refused' });
  }
  if (!(error instanceof InterruptedError)) {
    if (plan.failFast) end.failFast();
    return { ...outcome, result: 'error', error: asError(error) };
  }
  const ending = end.ended() ?? 'interrupt';
  const result = ending === 'timeout' ? 'timed-out' : 'cancelled';
  return { ...outcome, ending, result, error: null };
}
