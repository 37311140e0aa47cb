import { hourlyRateOf } from '../../money/cost.ts';
import { timesOf } from '../../jobs/metrics.ts';
import type { Outcome } from '../../jobs/records.ts';
import { isFinal } from '../../jobs/status.ts';
import { formatUsd } from '../format.ts';
import { consoleLink, uuidCode, type NumberedOutcome } from './table.ts';

/** What goes on when the step is over: that it is billed, since when, and how it is stopped. */
export function renderRunning(jobs: readonly NumberedOutcome[]): string {
  const open = jobs.filter(({ outcome }) => goesOn(outcome));
  const [first] = open;
  if (first === undefined) return '';
  const outcomes = open.map(({ outcome }) => outcome);
  const words = open.length === 1 ? ofOne(first.outcome) : ofSeveral(outcomes);
  const next = outcomes.some(isNotWatched) ? [waitForIt(open.length)] : [];
  return [words, '', [stopIt(outcomes), ...next].join(' ')].join('\n');
}

function goesOn({ job, cancel }: Outcome): boolean {
  return job !== null && !isFinal(job.status) && cancel !== 'accepted';
}

// Nobody in this workflow will see how it ends, unless told to.
function isNotWatched({ result }: Outcome): boolean {
  return result === 'submitted' || result === 'detached';
}

// Its status is not known, or its cancel was not taken.
function isUncertain({ ending, cancel }: Outcome): boolean {
  return ending === 'lost' || cancel === 'failed';
}

function ofOne(outcome: Outcome): string {
  if (isUncertain(outcome)) return '**The job may run on**, and is billed as long as it does.';
  const rate = hourlyRateOf(outcome);
  const sinceMs = billedSinceMs(outcome);
  const since = sinceMs === null ? '' : `, since ${clockTime(sinceMs)}`;
  if (rate !== null)
    return `**The job runs on, and is billed**: ${formatUsd(rate)} an hour${since}.`;
  return outcome.job?.status === 'RUNNING'
    ? `**The job runs on, and is billed** at the hourly rate of its machine${since}.`
    : '**The job goes on**, and is billed from its start at the hourly rate of its machine.';
}

function ofSeveral(outcomes: readonly Outcome[]): string {
  const rates = outcomes.map(hourlyRateOf).filter((rate) => rate !== null);
  const sum = formatUsd(rates.reduce((total, rate) => total + rate, 0));
  const known = rates.length === outcomes.length ? 'together' : `for ${rates.length} of them`;
  const cost = rates.length === 0 ? '' : `: ${sum} an hour ${known}`;
  const go = outcomes.some(isUncertain) ? 'may go' : 'go';
  return `**${outcomes.length} jobs ${go} on, and are billed while they run**${cost}.`;
}

// PERSISTENT is billed while it exists.
function billedSinceMs(outcome: Outcome): number | null {
  const { createdMs, startedMs } = timesOf(outcome);
  return outcome.job?.task === 'PERSISTENT' ? createdMs : startedMs;
}

function clockTime(ms: number): string {
  const [day = '', time = ''] = new Date(ms).toISOString().split('T');
  return `${day} ${time.slice(0, 'hh:mm'.length)} UTC`;
}

function stopIt(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  const uuid = outcomes.length === 1 ? uuidCode(only?.job?.uuid ?? null) : '';
  const which = uuid === '' ? 'these `job-uuids`' : `the \`job-uuids\` ${uuid}`;
  return `To stop ${outcomes.length === 1 ? 'it' : 'them'}: the action \`dispersed-cook/dispersed-cook/cancel\` with ${which}, or ${consoleLink}.`;
}

function waitForIt(count: number): string {
  const what = count === 1 ? 'how it ends' : 'how they end';
  return `To see ${what}: the action \`dispersed-cook/dispersed-cook/wait\` with the output \`job-uuids\` of this step.`;
}
