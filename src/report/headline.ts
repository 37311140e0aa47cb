import type { Outcome } from '../jobs/records.ts';
import { compareResults, results, type Result } from '../jobs/results.ts';
import { formatDuration } from './format.ts';
import { spansOf, titleOf, uuidOf } from '../jobs/metrics.ts';

/** The verdict in one sentence: `Job 0198… succeeded (queued 12s, ran 2m 50s)`, `1 of 3 jobs failed, 2 succeeded`. */
export function verdictLine(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  if (only === undefined) return 'Nothing was cooked';
  return outcomes.length === 1 ? forOne(only) : forSeveral(outcomes);
}

/** The same with the title of a single job in place of its UUID. Foreign text. */
export function headline(outcomes: readonly Outcome[]): string {
  const [only] = outcomes;
  if (only === undefined || outcomes.length > 1 || uuidOf(only) === null)
    return verdictLine(outcomes);
  return `${titleOf(only.subject, only.job)} ${results[only.result].phrase}`;
}

function forOne(outcome: Outcome): string {
  const uuid = uuidOf(outcome);
  if (uuid === null) return 'No job came to be';
  const times = timesInWords(outcome);
  return `Job ${uuid} ${results[outcome.result].phrase}${times && ` (${times})`}`;
}

/** `queued 12s, ran 2m 50s`, as far as it is known. */
export function timesInWords(outcome: Outcome): string {
  const { queueSeconds, runSeconds } = spansOf(outcome);
  return [
    queueSeconds === null ? [] : `queued ${formatDuration(queueSeconds * 1000)}`,
    runSeconds === null ? [] : `ran ${formatDuration(runSeconds * 1000)}`,
  ]
    .flat()
    .join(', ');
}

function forSeveral(outcomes: readonly Outcome[]): string {
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
