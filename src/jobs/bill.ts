import pLimit from 'p-limit';
import type { Client } from '../api/client.ts';
import { listLedger } from '../api/endpoints.ts';
import { retryRules, withRetry } from '../api/retry.ts';
import type { LedgerTransaction } from '../api/schemas.ts';
import type { Outcome } from './records.ts';
import { finalResultOf } from './status.ts';

// What was really billed. When a bill comes after a run is documented nowhere, so nobody waits for it.

const maxConcurrentJobs = 50;
// For all jobs together.
const maxMs = 10_000;

/**
 * Adds to the outcomes of jobs that have ended what the ledger has for their runs, as far as it has
 * it within 10 s. Never rejects: what could not be read is left out.
 * @param interrupted fires when there is no time for it
 */
export async function withBills(
  outcomes: readonly Outcome[],
  client: Client,
  interrupted: AbortSignal,
): Promise<readonly Outcome[]> {
  const done = new AbortController();
  const signal = AbortSignal.any([interrupted, done.signal]);
  const bills = new Map<string, number>();
  const inTurn = pLimit(maxConcurrentJobs);
  const reading = Promise.all(
    outcomes.filter(hasEnded).map(async ({ runs }) =>
      inTurn(async () => {
        for (const { uuid } of runs) {
          const usd = await readBill(client, uuid, signal).catch(() => null);
          if (usd !== null) bills.set(uuid, usd);
        }
      }),
    ),
  );
  await Promise.race([reading, client.clock.sleep(maxMs, signal)]);
  done.abort();
  return outcomes.map((outcome) => ({ ...outcome, bills: billsOf(outcome, bills) }));
}

function hasEnded({ job }: Outcome): boolean {
  return job !== null && finalResultOf(job.status) !== null;
}

function billsOf({ runs }: Outcome, bills: ReadonlyMap<string, number>) {
  return new Map(
    runs.flatMap(({ uuid }) => {
      const usd = bills.get(uuid);
      return usd === undefined ? [] : [[uuid, usd] as const];
    }),
  );
}

/** What was billed for a run, in US dollars; null where nothing was yet. */
async function readBill(
  client: Client,
  runUuid: string,
  signal: AbortSignal,
): Promise<number | null> {
  const request = async () => listLedger(client, runUuid, signal);
  const lines = await withRetry(request, retryRules.bill, { ...client, signal });
  const captures = lines.filter((line) => isCaptureOf(line, runUuid));
  if (captures.length === 0) return null;
  // Whether an amount that was paid is above or below zero is documented nowhere.
  return captures.reduce((sum, { amount_usd: usd }) => sum + Math.abs(usd), 0);
}

// An authorization is not a bill, and a ledger that knows no filter has the lines of all runs.
function isCaptureOf({ type, job_run_uuid: uuid }: LedgerTransaction, runUuid: string): boolean {
  return type.toUpperCase() === 'CAPTURE' && uuid === runUuid;
}
