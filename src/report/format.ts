import { durationsOf, timesOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import type { OfferSummary, Outcome } from '../jobs/records.ts';
import { totalCostOf, type Cost } from '../money/cost.ts';
import { compareResults, results, type Result } from '../jobs/results.ts';
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

// More than anyone compares in a table; the output `results` has all of them.
const maxDigits = 4;

/** A number to four significant digits, and always all of its whole part: `0.8167`, `123457`. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 10 ** maxDigits) return String(Math.round(value));
  return String(Number(value.toPrecision(maxDigits)));
}

/** An amount such as `0.35 USD`. */
export function formatUsd(amount: number): string {
  return isTiny(amount) ? 'under 0.01 USD' : `${amount.toFixed(2)} USD`;
}

/** An amount to compare others with, such as `0.50 USD` or `0.0232 USD`. */
export function formatExactUsd(amount: number): string {
  const [whole = '', digits = ''] = amount.toFixed(4).split('.');
  return `${whole}.${digits.slice(0, 2)}${digits.slice(2).replace(/0+$/, '')} USD`;
}

/** What something has cost: `0.35 USD` where it was billed, else `≈ 0.35 USD`. */
export function formatCost({ usd, is }: Cost): string {
  return is === 'billed' || isTiny(usd) ? formatUsd(usd) : `≈ ${formatUsd(usd)}`;
}

/** `3 offers match: 0.35 to 0.69 USD an hour, at most 1.38 USD within max-timeout-run` */
export function describeOffers({ count, isCut, minUsd, maxUsd, maxCostUsd }: OfferSummary): string {
  const matches = `${isCut ? 'more than ' : ''}${count} ${count === 1 ? 'offer matches' : 'offers match'}`;
  const rates =
    minUsd === maxUsd ? formatUsd(minUsd) : `${minUsd.toFixed(2)} to ${formatUsd(maxUsd)}`;
  const most =
    maxCostUsd === null ? '' : `, at most ${formatUsd(maxCostUsd)} within max-timeout-run`;
  return `${matches}: ${rates} an hour${most}`;
}

function isTiny(amount: number): boolean {
  return amount > 0 && amount < 0.01;
}

/** `; billed 1.38 USD`, or `; cost ≈ 1.38 USD`; empty where nothing is known of it. */
export function formatCostSuffix(outcomes: readonly Outcome[]): string {
  const total = totalCostOf(outcomes);
  if (total === null) return '';
  return `; ${total.is === 'billed' ? 'billed' : 'cost'} ${formatCost(total)}`;
}

/** The verdict in one sentence: `Job 0198… succeeded (waited 12s, ran 2m 50s)`, `1 of 3 jobs failed, 2 succeeded`. */
export function formatVerdict(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  if (only === undefined) return 'Nothing was cooked';
  return outcomes.length === 1 ? formatSingle(only) : formatSeveral(outcomes);
}

/** The last line of the log: the verdict, how long it took and what it cost, as far as it is known. */
export function formatClosing(outcomes: readonly Outcome[]): string {
  // Of a single job the verdict has its times.
  const spanMs = outcomes.length < 2 ? null : spanOf(outcomes);
  const time = spanMs === null ? '' : `, in ${formatDuration(spanMs)}`;
  return `${formatVerdict(outcomes)}${time}${formatCostSuffix(outcomes)}`;
}

// From the first job's creation to the last one's end.
function spanOf(outcomes: readonly Outcome[]): number | null {
  const times = outcomes.map(timesOf);
  const created = times.map(({ createdMs }) => createdMs).filter((ms) => ms !== null);
  const ended = times.map(({ endedMs }) => endedMs).filter((ms) => ms !== null);
  if (created.length === 0 || ended.length === 0) return null;
  return Math.max(...ended) - Math.min(...created);
}

/** The verdict with the title of a single job in place of its UUID. Foreign text. */
export function formatHeadline(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  // Of one that was never seen, there is no title.
  if (only === undefined || outcomes.length > 1 || only.job === null)
    return formatVerdict(outcomes);
  return `${titleOf(only.ref, only.job)} ${phraseOf(only)}`;
}

function formatSingle(outcome: Outcome): string {
  const uuid = uuidOf(outcome);
  if (uuid === null) return 'No job was created';
  const times = formatTimes(outcome);
  return `Job ${uuid} ${phraseOf(outcome)}${times && ` (${times})`}`;
}

// A job that was to be cancelled may go on: no more is said than what the service says.
const phrasesOfCancel = {
  accepted: 'is being cancelled',
  failed: 'could not be cancelled',
  none: 'was not cancelled yet',
} as const;

/** After the name of a job: what became of it. */
export function phraseOf({ result, job, cancel, origin }: Outcome): string {
  // It was to be cancelled, and no more.
  if (result === 'error' && origin === null && cancel === 'failed') return phrasesOfCancel.failed;
  const goesOn = result === 'cancelled' && job !== null && !isFinal(job.status);
  return goesOn ? phrasesOfCancel[cancel ?? 'none'] : results[result].phrase;
}

/** `waited 12s, ran 2m 50s`, as far as it is known. */
export function formatTimes(outcome: Outcome): string {
  const { queueSeconds, runSeconds } = durationsOf(outcome);
  return [
    queueSeconds === null ? [] : `waited ${formatDuration(queueSeconds * 1000)}`,
    runSeconds === null ? [] : `ran ${formatDuration(runSeconds * 1000)}`,
  ]
    .flat()
    .join(', ');
}

function formatSeveral(outcomes: readonly Outcome[]): string {
  const counts = new Map<Result, number>();
  for (const { result } of outcomes) counts.set(result, (counts.get(result) ?? 0) + 1);
  const ordered = [...counts].toSorted(([a], [b]) => compareResults(a, b));
  const [worst, ...rest] = ordered.map(([result, count]) => ({
    count,
    words: results[result].words,
  }));
  if (worst === undefined) return 'Nothing was cooked';
  if (rest.length === 0) return `All ${worst.count} jobs ${worst.words}`;
  const others = rest.map(({ count, words }) => `${count} ${words}`).join(', ');
  return `${worst.count} of ${outcomes.length} jobs ${worst.words}, ${others}`;
}
