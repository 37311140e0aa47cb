import { dateOf, rateOf, runsAt } from './jobs.ts';
import type { JobRecord } from './jobs.ts';
import { lifeAt } from './lives.ts';
import { oneOfTexts, oneOfUuids, type Filters, type Listed } from './lists.ts';
import type { LedgerTransaction } from './resources.ts';
import { uuidFrom } from './uuids.ts';

const hourMs = 3_600_000;

/** What a job has cost by a moment, in US dollars: BATCH while it runs, PERSISTENT while it exists. */
export function costOf(record: JobRecord, nowMs: number): number {
  return costsOfRuns(record, nowMs).reduce((sum, { usd }) => sum + usd, 0);
}

interface CostOfRun {
  usd: number;
  /** null while it goes on. */
  endedAtMs: number | null;
}

/** What each run of a job has cost by a moment; the whole of a PERSISTENT job is its last one's. */
function costsOfRuns(record: JobRecord, nowMs: number): readonly CostOfRun[] {
  const { script, fields, cookedAtMs } = record;
  const { runs, completedAtMs } = lifeAt(record, nowMs);
  return runs.map(({ startedAtMs, endedAtMs }, index) => {
    const rate = (rateOf(script, index) ?? 0) * (script.nodes ?? 1);
    const isLast = index === runs.length - 1;
    const usdOf = (ms: number) => (rate * Math.max(0, ms)) / hourMs;
    if (fields.task === 'PERSISTENT') {
      const usd = isLast ? usdOf((completedAtMs ?? nowMs) - cookedAtMs) : 0;
      return { usd, endedAtMs: isLast ? completedAtMs : endedAtMs };
    }
    const usd = startedAtMs === null ? 0 : usdOf((endedAtMs ?? nowMs) - startedAtMs);
    return { usd, endedAtMs };
  });
}

/** The lines of the ledger about a job: each run is authorised when it begins, and captured later. */
export function ledgerOf(record: JobRecord, nowMs: number): Listed<LedgerTransaction>[] {
  const { afterMs = 0, isNegative = false, type = 'CAPTURE' } = record.script.bill ?? {};
  const costs = costsOfRuns(record, nowMs);
  return runsAt(record, nowMs).flatMap(({ createdAtMs, resource: { uuid } }, index) => {
    const { usd, endedAtMs } = costs[index] ?? { usd: 0, endedAtMs: null };
    const line = (kind: string, amount: number, atMs: number) => ({
      createdAtMs: atMs,
      resource: lineOf(uuid, kind, isNegative ? -amount : amount, atMs),
    });
    const isBilled = endedAtMs !== null && nowMs - endedAtMs >= afterMs && usd > 0;
    return [
      line('AUTHORIZATION', 10, createdAtMs),
      ...(isBilled ? [line(type, usd, endedAtMs + afterMs)] : []),
    ];
  });
}

function lineOf(runUuid: string, type: string, usd: number, atMs: number): LedgerTransaction {
  return {
    object: 'compute_ledger_transaction',
    uuid: uuidFrom(`${type} of ${runUuid}`),
    type,
    amount_usd: usd,
    job_run_uuid: runUuid,
    authorization_uuid: uuidFrom(`authorization of ${runUuid}`),
    consumer_account_uuid: uuidFrom('account'),
    memo: null,
    created_at: dateOf(atMs, 'new'),
    updated_at: dateOf(atMs, 'new'),
  };
}

/** The filters of the ledger. */
export const ledgerFilters: Filters<LedgerTransaction> = {
  uuid: oneOfUuids((line) => line.uuid),
  job_run_uuid: oneOfUuids((line) => line.job_run_uuid),
  authorization_uuid: oneOfUuids((line) => line.authorization_uuid),
  type: oneOfTexts((line) => line.type),
};
