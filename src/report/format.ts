import { asError, ServiceError } from '../errors.ts';
import { isOpen, phasesOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import type { EarlierTry, OfferSummary, Outcome } from '../jobs/records.ts';
import type { Ceilings } from '../money/ceilings.ts';
import { costOfJob, hourlyRateOf, totalCostOf, type Cost } from '../money/cost.ts';
import { maxCostOf } from '../money/offers.ts';
import { formatResult, results, sortByResult } from '../jobs/results.ts';
import { formatStatus } from '../jobs/status.ts';
import type { Runner } from '../runner.ts';
import { sanitizeLine } from './sanitize.ts';

/** `4s`, `3m 02s`, `1h 05m` */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const [m, s] = [minutes, seconds].map((value) => String(value % 60).padStart(2, '0'));
  if (hours > 0) return `${hours}h ${m}m`;
  return minutes > 0 ? `${minutes}m ${s}s` : `${seconds}s`;
}

/** `2026-03-01 03:14 UTC` */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')} UTC`;
}

/** A sentence with a full stop, if it has none. */
export function withStop(sentence: string): string {
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** What an error of Node or a library says, which may quote anything. */
export function describeTrouble(runner: Runner, error: unknown): string {
  const cause = sanitizeLine(runner.redactor.redact(asError(error).message));
  return withStop(cause || 'no response in time');
}

/** The first of these texts that fit into so many bytes of UTF-8, with one more after each. */
export function firstThatFit(texts: readonly string[], maxBytes: number): readonly string[] {
  let size = 0;
  const end = texts.findIndex((text) => (size += Buffer.byteLength(text) + 1) > maxBytes);
  return end === -1 ? texts : texts.slice(0, end);
}

/** `0.35 USD` */
export function formatUsd(amount: number): string {
  return amount > 0 && amount < 0.01 ? 'under 0.01 USD' : `${toDigits(amount, 2)} USD`;
}

/** `0.50 USD`, `0.0232 USD` */
export function formatExactUsd(amount: number): string {
  return `${toDigits(amount, 4)} USD`;
}

function toDigits(amount: number, maximumFractionDigits: number): string {
  const options = { minimumFractionDigits: 2, maximumFractionDigits, useGrouping: false };
  return amount.toLocaleString('en-US', options);
}

/** `0.35 USD` where it was billed, else `≈ 0.35 USD`. */
export function formatCost({ usd, is }: Cost, about = '≈'): string {
  if (is === 'billed') return formatUsd(usd);
  // An estimate of nothing is one that was rounded.
  return usd < 0.01 ? formatUsd(0.001) : `${about} ${formatUsd(usd)}`;
}

/** `3 offers match: 0.35 to 0.69 USD an hour` */
export function describeOffers({ count, isCut, minUsd, maxUsd }: OfferSummary): string {
  const matches = `${isCut ? 'more than ' : ''}${count} ${count === 1 ? 'offer matches' : 'offers match'}`;
  const rates =
    minUsd === maxUsd ? formatUsd(minUsd) : `${toDigits(minUsd, 2)} to ${formatUsd(maxUsd)}`;
  return `${matches}: ${rates} an hour`;
}

/**
 * `Price estimate: at most 99.36 USD for all 6 jobs (3 offers match: 0.35 to 4.14 USD an hour)`; empty
 * where nothing is known.
 * @param offers those for each job, in their order; null where they are not known
 */
export function formatEstimate(
  offers: readonly (OfferSummary | null)[],
  ceilings: Ceilings,
): string {
  const groups = [...Map.groupBy(offers, (known) => known && describeOffers(known))];
  const rates = groups
    .flatMap(([text, { length }]) => {
      if (text === null) return [];
      return groups.length === 1 ? text : `${length} of ${offers.length} jobs: ${text}`;
    })
    .join('; ');
  if (rates === '') return '';
  const most = Math.min(maxCostOf(offers, ceilings) ?? Infinity, ceilings.maxCostUsd ?? Infinity);
  if (most === Infinity) return `Price estimate: ${rates}`;
  const count = offers.length === 1 ? '' : ` for all ${offers.length} jobs`;
  return `Price estimate: at most ${formatUsd(most)}${count} (${rates})`;
}

/** What jobs cost together: `1.38 USD an hour`; empty where no rate is known. */
export function formatRates(outcomes: readonly Outcome[]): string {
  const rates = outcomes.map(hourlyRateOf).filter((rate) => rate !== null);
  if (rates.length === 0) return '';
  const sum = formatUsd(rates.reduce((total, rate) => total + rate, 0));
  return `${rates.length < outcomes.length ? 'at least ' : ''}${sum} an hour`;
}

/** `1 of 4 jobs failed, 3 succeeded`; of a single job, `Job succeeded` with its name. */
export function formatCounts(outcomes: readonly Outcome[], name = 'Job'): string {
  const [only] = outcomes;
  if (only === undefined) return 'Nothing was cooked';
  if (outcomes.length === 1) {
    if (uuidOf(only) !== null) return `${name} ${phraseOf(only)}`;
    return mayBeCreated(only) ? 'It is not known whether a job was created' : 'No job was created';
  }
  return [...Map.groupBy(sortByResult(outcomes), wordsOf)]
    .map(([words, { length }], index) => {
      const count = index === 0 ? `${length} of ${outcomes.length} jobs` : String(length);
      return `${count} ${words}`;
    })
    .join(', ');
}

/** The verdict and the cost, in safe words: `Render succeeded; 0.35 USD billed`. */
export function formatClosing(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  const name = only?.job
    ? sanitizeLine(titleOf(only.ref, only.job), 200)
    : `Job ${only && uuidOf(only)}`;
  const cost = formatTotal(outcomes, ' billed');
  return `${formatCounts(outcomes, name)}${cost && `; ${cost}`}`;
}

/** `about 0.35 USD` for all jobs, `at least` where there is more; empty where nothing is known. */
export function formatTotal(outcomes: readonly Outcome[], billed = ''): string {
  const total = totalCostOf(outcomes);
  if (total === null) return '';
  if (outcomes.some(costsMore)) return total.usd < 0.01 ? '' : `at least ${formatUsd(total.usd)}`;
  return `${formatCost(total, 'about')}${total.is === 'billed' ? billed : ''}`;
}

function costsMore(outcome: Outcome): boolean {
  const hasStarted = phasesOf(outcome).some(({ kind }) => kind === 'running');
  return hasStarted && (isOpen(outcome) || costOfJob(outcome) === null);
}

function mayBeCreated({ error, unansweredMark }: Outcome): boolean {
  const isOfCook = error instanceof ServiceError && error.request.endsWith('/cook');
  return unansweredMark !== null || (isOfCook && error.mayHaveSucceeded);
}

const phrasesOfCancel = {
  accepted: 'is being canceled',
  failed: 'could not be canceled',
  none: 'is not canceled yet',
};

function phraseOf(outcome: Outcome): string {
  const { result, cancel, origin } = outcome;
  if (result === 'error' && origin === null && cancel === 'failed') return phrasesOfCancel.failed;
  if (uuidOf(outcome) === null && ['error', 'cancelled'].includes(result)) {
    if (mayBeCreated(outcome)) return 'may have been created';
    return result === 'error' ? 'could not be cooked' : 'was not created';
  }
  if (result === 'error') return 'could not be watched';
  const isLeft = result === 'cancelled' && isOpen(outcome);
  return isLeft ? phrasesOfCancel[cancel ?? 'none'] : formatResult(result);
}

/** The result of a job after a count: `failed`, `not created`. */
export function wordsOf(outcome: Outcome): string {
  return phraseOf(outcome).replace(/^(?:is|was) /, '');
}

/** The result of a job as a word, or its status while it has not ended. Foreign text. */
export function describeStatus(outcome: Outcome): string {
  const { result, job } = outcome;
  if (job !== null && results[result].state === 'pending') return describeJobStatus(job.status);
  const words = wordsOf(outcome);
  return result === 'error' && words !== phrasesOfCancel.failed ? 'Error' : capitalize(words);
}

/** A status of the service as a word: `Queued`, `Running`. Foreign text. */
export function describeJobStatus(status: string): string {
  return capitalize(formatStatus(status));
}

export function capitalize(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

export function formatModel(gpuName: string | null): string {
  return gpuName === null ? 'the GPU' : sanitizeLine(gpuName, 60);
}

/** `RTX 4090: no machine within 5m 00s` */
export function describeTry({ gpuName, phase, waitedMs }: EarlierTry): string {
  const what = phase === 'assign' ? 'no machine within' : 'the container did not start within';
  return `${formatModel(gpuName)}: ${what} ${formatDuration(waitedMs)}`;
}
