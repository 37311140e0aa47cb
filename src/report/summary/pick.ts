import type { Outcome } from '../../jobs/records.ts';
import { compareResults } from '../../jobs/results.ts';

/** An outcome and its number among all, from 1, as the log gives it. */
export interface Numbered {
  readonly number: number;
  readonly outcome: Outcome;
}

/** Every outcome with its number. */
export function numbered(outcomes: readonly Outcome[]): readonly Numbered[] {
  return outcomes.map((outcome, index) => ({ number: index + 1, outcome }));
}

/** The so many that most want to be seen, the worst ones, in their old order. */
export function pick(jobs: readonly Numbered[], most: number): readonly Numbered[] {
  return jobs
    .toSorted((a, b) => compareResults(a.outcome.result, b.outcome.result))
    .slice(0, most)
    .toSorted((a, b) => a.number - b.number);
}
