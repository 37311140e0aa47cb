import pLimit from 'p-limit';
import type { Client } from '../service/client.ts';
import { listLedger } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { LedgerTransaction } from '../service/schemas.ts';
import { groupsOf } from '../groups.ts';
import { readPages } from '../service/pages.ts';
import type { Outcome } from '../jobs/records.ts';
import { finalResultOf } from '../jobs/status.ts';

// What was really billed. When a bill comes after a run is documented nowhere, so nobody waits for it.

const maxConcurrent = 16;
// For all jobs together.
const maxMs = 10_000;
// With an authorization and a bill each, they fill a page of the list.
const groupSize = 25;
const maxPagesPerGroup = 4;

/**
 * Adds to the outcomes of jobs that have ended what the ledger has for their runs, as far as it has
 * it within 10 s, the first ones first. Never rejects: what could not be read is left out.
 * @param interrupted fires when there is no time for it
 * @param maxSingleReads how many runs to ask for one by one, where the ledger takes no list of them
 */
export async function withBills(
  outcomes: readonly Outcome[],
  client: Client,
  interrupted: AbortSignal,
  maxSingleReads = Infinity,
): Promise<readonly Outcome[]> {
  const done = new AbortController();
  const signal = AbortSignal.any([interrupted, done.signal]);
  const bills = new Map<string, number>();
  const reading = readBills(outcomes.filter(isBillable), maxSingleReads, async (runUuids) => {
    const found = await readGroup(client, runUuids, signal).catch(() => []);
    for (const [uuid, usd] of found) bills.set(uuid, usd);
    return bills.size > 0;
  });
  await Promise.race([reading, client.clock.sleep(maxMs, signal)]);
  done.abort();
  return outcomes.map((outcome) => ({ ...outcome, bills: billsOf(outcome, bills) }));
}

function isBillable({ job }: Outcome): boolean {
  return job !== null && finalResultOf(job.status) !== null;
}

/** @param read asks for runs, and gives whether any bill was found so far */
async function readBills(
  outcomes: readonly Outcome[],
  maxSingleReads: number,
  read: (runUuids: readonly string[]) => Promise<boolean>,
): Promise<void> {
  const runs = outcomes.flatMap((outcome) => outcome.runs);
  const inTurn = pLimit(maxConcurrent);
  const readAll = async (groups: readonly (readonly string[])[]) =>
    Promise.all(groups.map(async (uuids) => inTurn(async () => read(uuids))));
  const groups = groupsOf(
    runs.map(({ uuid }) => uuid),
    groupSize,
  );
  const isFound = (await readAll(groups)).includes(true);
  if (isFound || runs.length < 2) return;
  // Whether the filter takes several is documented nowhere; the run that waits longest will tell.
  const started = runs.filter(({ started_at_ms: startedAtMs }) => startedAtMs !== null);
  const singly = started.map(({ uuid }) => [uuid]);
  if ((await readAll(singly.slice(-1))).includes(true)) {
    await readAll(singly.slice(0, maxSingleReads));
  }
}

function billsOf({ runs }: Outcome, bills: ReadonlyMap<string, number>) {
  return new Map(
    runs.flatMap(({ uuid }) => {
      const usd = bills.get(uuid);
      return usd === undefined ? [] : [[uuid, usd] as const];
    }),
  );
}

/** What was billed for each of these runs, in US dollars; runs without a bill yet are left out. */
async function readGroup(
  client: Client,
  runUuids: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly [string, number])[]> {
  const { items, isWhole } = await readPages(async (page) => {
    const request = async () => listLedger(client, runUuids, page, signal);
    return withRetry(request, retryRules.bill, { ...client, signal });
  }, maxPagesPerGroup);
  // A part of a bill is none.
  if (!isWhole) return [];
  const captures = Map.groupBy(items.filter(isCapture), (line) => line.job_run_uuid);
  // A ledger that knows no filter has the lines of all runs.
  return runUuids.flatMap((uuid) => {
    const lines = captures.get(uuid);
    // Whether an amount that was paid is above or below zero is documented nowhere.
    const usd = lines?.reduce((sum, { amount_usd: amount }) => sum + Math.abs(amount), 0);
    return usd === undefined ? [] : [[uuid, usd] as const];
  });
}

// An authorization is not a bill.
function isCapture({ type }: LedgerTransaction): boolean {
  return type.toUpperCase() === 'CAPTURE';
}
