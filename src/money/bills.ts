import { startDeadline } from '../clock.ts';
import type { Client } from '../service/client.ts';
import { listLedger } from '../service/endpoints.ts';
import { retryRules } from '../service/retry.ts';
import type { JobRun } from '../service/schemas.ts';
import { readAllPages, readTogether } from '../service/lists.ts';
import type { Outcome } from '../jobs/records.ts';
import { isOpen } from '../jobs/metrics.ts';

// What was really billed. When a bill comes after a run is documented nowhere: none is waited for.

const maxMs = 10_000;
// With an authorization and a bill each, they are a page of the list that is seen not to be full.
const groupSize = 24;
const maxPagesPerGroup = 4;

const startOf = ({ started_at_ms: startedMs }: JobRun) => startedMs ?? Infinity;

/**
 * Adds to the outcomes of jobs that have ended what the ledger has for their runs, as far as it has
 * it within 10 s. Never rejects: what could not be read is left out.
 * @param interrupted fires when there is no time for it
 * @param maxSingleReads how many runs to ask for one by one, where the ledger takes no list of them
 */
export async function withBills(
  outcomes: readonly Outcome[],
  client: Client,
  interrupted: AbortSignal,
  maxSingleReads = Infinity,
): Promise<readonly Outcome[]> {
  const runs = outcomes.flatMap((outcome) => (isOpen(outcome) ? [] : outcome.runs));
  const uuids = runs.toSorted((a, b) => startOf(a) - startOf(b)).map(({ uuid }) => uuid);
  const { signal, clear } = startDeadline(client.clock, maxMs, interrupted);
  const read = async (group: readonly string[]) =>
    readGroup(client, group, signal).catch(() => new Map<string, number>());
  const bills = await readTogether(uuids, read, { groupSize, maxSingleReads });
  clear();
  return outcomes.map((outcome) => {
    const own = new Set(outcome.runs.map(({ uuid }) => uuid));
    return { ...outcome, bills: new Map([...bills].filter(([uuid]) => own.has(uuid))) };
  });
}

/** What was billed for each of these runs, in US dollars; runs without a bill yet are left out. */
async function readGroup(client: Client, runUuids: readonly string[], signal: AbortSignal) {
  const read = async (page: number) => listLedger(client, runUuids, page, signal);
  const options = { ...client, signal };
  const { items, isWhole } = await readAllPages(read, retryRules.bill, options, maxPagesPerGroup);
  if (!isWhole) return new Map<string, number>();
  const captured = items.filter(({ type }) => type.toUpperCase() === 'CAPTURE');
  const captures = Map.groupBy(captured, (line) => line.job_run_uuid);
  // A ledger that knows no filter has the lines of all runs.
  const bills = runUuids.flatMap((uuid) => {
    const lines = captures.get(uuid);
    // Whether an amount that was paid is above or below zero is documented nowhere; a correction is
    // on the other side of it.
    const usd = lines?.reduce((sum, { amount_usd: amount }) => sum + amount, 0);
    return usd === undefined ? [] : [[uuid, Math.abs(usd)] as const];
  });
  return new Map(bills);
}
