import { durationsOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import type { OfferSummary, Outcome } from '../jobs/records.ts';
import type { Ceilings } from '../money/ceilings.ts';
import { totalCostOf, type Cost } from '../money/cost.ts';
import { maxCostOf } from '../money/offers.ts';
import { compareResults, formatResult, results } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';

/** A duration such as `4s`, `3m 02s`, `1h 05m`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h ${twoDigits(minutes % 60)}m`;
  if (minutes > 0) return `${minutes}m ${twoDigits(seconds % 60)}s`;
  return `${seconds}s`;
}

/** `2026-03-01 03:14 UTC` */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')} UTC`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** A sentence with a full stop; one that a service has ended itself, has it. */
export function withStop(sentence: string): string {
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** The first of these texts that fit into so many bytes of UTF-8, with one more after each. */
export function firstThatFit(texts: readonly string[], maxBytes: number): readonly string[] {
  let size = 0;
  const end = texts.findIndex((text) => (size += Buffer.byteLength(text) + 1) > maxBytes);
  return end === -1 ? texts : texts.slice(0, end);
}

/** An amount such as `0.35 USD`. */
export function formatUsd(amount: number): string {
  return amount > 0 && amount < 0.01 ? 'under 0.01 USD' : `${toCents(amount)} USD`;
}

// Half a cent is rounded up, whatever the binary fractions are: 6.555 is 6.56 everywhere.
function toCents(amount: number): string {
  return (Math.round(amount * 100 + 1e-6) / 100).toFixed(2);
}

/** An amount to compare others with, such as `0.50 USD` or `0.0232 USD`. */
export function formatExactUsd(amount: number): string {
  const [whole = '', digits = ''] = amount.toFixed(4).split('.');
  return `${whole}.${digits.slice(0, 2)}${digits.slice(2).replace(/0+$/, '')} USD`;
}

/** What something has cost: `0.35 USD` where it was billed, else `≈ 0.35 USD`. */
export function formatCost({ usd, is }: Cost): string {
  // An estimate of nothing is one that was rounded.
  return is === 'billed' ? formatUsd(usd) : `≈ ${formatUsd(usd || 0.001)}`;
}

/** `3 offers match: 0.35 to 0.69 USD an hour` */
export function describeOffers({ count, isCut, minUsd, maxUsd }: OfferSummary): string {
  const matches = `${isCut ? 'more than ' : ''}${count} ${count === 1 ? 'offer matches' : 'offers match'}`;
  const rates =
    minUsd === maxUsd ? formatUsd(minUsd) : `${toCents(minUsd)} to ${formatUsd(maxUsd)}`;
  return `${matches}: ${rates} an hour`;
}

/** ` (2 offers match: 0.69 USD an hour)`; empty where there are none, or none are known. */
export function formatOffers(offers: OfferSummary | null): string {
  return offers === null ? '' : ` (${describeOffers(offers)})`;
}

/**
 * What the jobs of a step cost at the most: `Price estimate: at most 99.36 USD for all 6 jobs
 * (3 offers match: 0.35 to 4.14 USD an hour)`; empty where nothing is known of it.
 * @param offers what is on offer for each job, in their order; null where that is not known
 */
export function formatEstimate(
  offers: readonly (OfferSummary | null)[],
  ceilings: Ceilings,
): string {
  const known = offers.map((each, index) => ({ text: each && describeOffers(each), index }));
  const groups = [...Map.groupBy(known, ({ text }) => text)];
  const parts = groups.flatMap(([text, jobs]) => {
    if (text === null) return [];
    return groups.length === 1 ? text : `${listNumbers(jobs)}: ${text}`;
  });
  const most = maxCostOf(offers, ceilings);
  const { maxCostUsd } = ceilings;
  const isCapped = maxCostUsd !== null && (most === null || most > maxCostUsd);
  const bound = isCapped ? maxCostUsd : most;
  if (parts.length === 0) return '';
  if (bound === null) return `Price estimate: ${parts.join('; ')}`;
  const count = offers.length === 1 ? '' : ` for all ${offers.length} jobs`;
  const uncapped = isCapped && most !== null ? `, ${formatUsd(most)} without max-cost` : '';
  return `Price estimate: at most ${formatUsd(bound)}${count}${uncapped} (${parts.join('; ')})`;
}

const maxNumbers = 5;

function listNumbers(jobs: readonly { readonly index: number }[]): string {
  const shown = jobs.slice(0, maxNumbers).map(({ index }) => `#${index + 1}`);
  const more = jobs.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** `; billed 1.38 USD`, or `; cost ≈ 1.38 USD`; empty where nothing is known of it. */
export function formatCostSuffix(outcomes: readonly Outcome[]): string {
  const total = totalCostOf(outcomes);
  if (total === null) return '';
  return `; ${total.is === 'billed' ? 'billed' : 'cost'} ${formatCost(total)}`;
}

/** The verdict in one sentence: `Job 0198… succeeded (waited 12s, ran 2m 50s)`, `1 of 3 jobs failed, 2 succeeded`. */
function formatVerdict(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  if (only === undefined) return 'Nothing was cooked';
  if (outcomes.length === 1) {
    const uuid = uuidOf(only);
    const times = formatTimes(only);
    if (uuid === null) return 'No job was created';
    return `Job ${uuid} ${phraseOf(only)}${times && ` (${times})`}`;
  }
  const groups = [...Map.groupBy(outcomes, ({ result }) => result)];
  return groups
    .toSorted(([a], [b]) => compareResults(a, b))
    .map(([result, { length }], index) => {
      const count = index === 0 ? `${length} of ${outcomes.length} jobs` : String(length);
      return `${count} ${results[result].words}`;
    })
    .join(', ');
}

/** The last line of the log: the verdict, and what it cost as far as that is known. */
export function formatClosing(outcomes: readonly Outcome[]): string {
  return `${formatVerdict(outcomes)}${formatCostSuffix(outcomes)}`;
}

/** The verdict with the title of a single job in place of its UUID. Foreign text. */
export function formatHeadline(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  // Of one that was never seen, there is no title.
  if (only === undefined || outcomes.length > 1 || only.job === null)
    return formatVerdict(outcomes);
  return `${titleOf(only.ref, only.job)} ${phraseOf(only)}`;
}

// A job that was to be cancelled may still run: no more is said than what the service says.
const phrasesOfCancel = {
  accepted: 'is being cancelled',
  failed: 'could not be cancelled',
  none: 'was not cancelled yet',
} as const;

/** After the name of a job: what became of it. */
export function phraseOf({ result, job, cancel, origin }: Outcome): string {
  // It was to be cancelled, and no more.
  if (result === 'error' && origin === null && cancel === 'failed') return phrasesOfCancel.failed;
  const isOpen = result === 'cancelled' && job !== null && !isFinal(job.status);
  return isOpen ? phrasesOfCancel[cancel ?? 'none'] : formatResult(result);
}

// `waited 12s, ran 2m 50s`, as far as it is known.
function formatTimes(outcome: Outcome): string {
  const { queueSeconds, runSeconds } = durationsOf(outcome);
  const waited = queueSeconds === null ? [] : [`waited ${formatDuration(queueSeconds * 1000)}`];
  const ran = runSeconds === null ? [] : [`ran ${formatDuration(runSeconds * 1000)}`];
  return [...waited, ...ran].join(', ');
}
