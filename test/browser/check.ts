import type { CheckedJob } from '../../src/check/jobs.ts';
import { renderCheck } from '../../src/check/report.ts';
import { createJobOutcome } from '../../src/jobs/outcome.ts';
import { pricedCostOf } from '../../src/money/cost.ts';
import {
  cookedAtMs,
  fakeJob,
  fakeRun,
  uuidNumber,
  type Pace,
  fakeRunRef,
} from '../support/outcomes.ts';

const nowMs = cookedAtMs + 3_600_000;
const here = fakeRunRef({ runId: '99', workflow: 'Check' });

function checkedJob(number: number, title: string, status: string, workflow: string, pace: Pace) {
  const uuid = `${number}0a4e5d2-7063-4be8-bb94-${uuidNumber(number).slice(-12)}`;
  const job = fakeJob({ uuid, title, status }, pace);
  const mark = { ...here, workflow, runId: `7${number}`, sha: `${number}c0ffee`.padEnd(40, '0') };
  const outcome = createJobOutcome(job, [fakeRun({ uuid: uuidNumber(900 + number) }, pace)]);
  const cost = pricedCostOf(outcome, nowMs);
  const marked = { ...mark, lifetime: 'keep', mayBeAttached: false } as const;
  return { job, mark: marked, outcome, cost } satisfies CheckedJob;
}

/** The summary of a check that found a few jobs, one of them an orphan. */
export function checkSummary(): string {
  const running = [
    checkedJob(1, 'Train the large model', 'RUNNING', 'Train', { started: 120 }),
    checkedJob(2, 'Train the small model', 'PENDING', 'Train', {}),
  ];
  const orphan = checkedJob(3, 'Preview server', 'CANCELLED', 'Preview', {
    started: 80,
    ended: 3_590,
  });
  const ended = [
    orphan,
    checkedJob(4, 'Nightly render', 'COMPLETED', 'Render', { started: 95, ended: 1_412 }),
    checkedJob(5, 'Evaluate', 'FAILED', 'Train', { started: 60, ended: 130 }),
  ];
  const result = { sinceMs: nowMs - 3 * 86_400_000, nowMs, running, ended, orphans: [orphan] };
  return renderCheck(result, here);
}
