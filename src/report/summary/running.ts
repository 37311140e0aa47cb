import type { Outcome } from '../../jobs/records.ts';
import { isFinal } from '../../jobs/status.ts';
import { hourlyRateOf } from '../../money/cost.ts';
import { formatUsd } from '../format.ts';
import { consoleLink, uuidCode } from './table.ts';

/**
 * The jobs that have not ended when the step has: that they are billed, and how they are stopped.
 * @param stopsWithJob whether post cancels them when the workflow's job ends
 */
export function renderRunning(outcomes: readonly Outcome[], stopsWithJob: boolean): string {
  const open = outcomes.filter(isOpen);
  const [first] = open;
  if (first === undefined) return '';
  const isOne = open.length === 1;
  const have = isOne ? 'has' : 'have';
  const state = open.some(isUncertain) ? `may not ${isOne ? 'have' : 'all have'}` : `${have} not`;
  const billed = `**${isOne ? 'The job' : `${open.length} jobs`} ${state} ended, and ${isOne ? 'is' : 'are'} billed while running**${describeRate(open)}.`;
  if (stopsWithJob)
    return `${billed} ${isOne ? 'It is' : 'They are'} stopped when the workflow's job ends.`;
  const uuid = isOne ? uuidCode(first.job?.uuid ?? null) : '';
  const stop = `To stop ${isOne ? 'it' : 'them'}: the action \`dispersed-cook/dispersed-cook/cancel\` with ${uuid === '' ? 'these `job-uuids`' : `the \`job-uuids\` ${uuid}`}, or ${consoleLink}.`;
  // The step is over, and nothing in this workflow sees how they end.
  const wait = `To see how ${isOne ? 'it ends' : 'they end'}: the action \`dispersed-cook/dispersed-cook/wait\` with the output \`job-uuids\` of this step.`;
  const isUnwatched = open.some(({ result }) => result === 'submitted' || result === 'detached');
  return [billed, '', isUnwatched ? `${stop} ${wait}` : stop].join('\n');
}

function isOpen({ job, cancel }: Outcome): boolean {
  return job !== null && !isFinal(job.status) && cancel !== 'accepted';
}

// The last status is not known, or the cancel was not accepted.
function isUncertain({ ending, cancel }: Outcome): boolean {
  return ending === 'lost' || cancel === 'failed';
}

function describeRate(open: readonly Outcome[]): string {
  const rates = open.map(hourlyRateOf).filter((rate) => rate !== null);
  const sum = formatUsd(rates.reduce((total, rate) => total + rate, 0));
  if (rates.length === 0) return '';
  return `: ${sum} an hour${rates.length === open.length ? '' : ` for ${rates.length} of them`}`;
}
