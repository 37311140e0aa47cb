import { durationsOf } from '../jobs/metrics.ts';
import type { JobRef, Outcome } from '../jobs/records.ts';
import { results } from '../jobs/results.ts';
import { capitalize, describeJobStatus, formatDuration, formatTime, wordsOf } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

export interface Message {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly description: string;
}

/**
 * Gives each job a context of its own: `dispersed / <title>`, and ` (2)` after it for the second of a
 * title. Jobs are numbered in their order, whichever is submitted first: the next workflow run has to
 * find the same contexts.
 */
export function openContexts(jobs: readonly JobRef[]): (job: JobRef, title: string) => string {
  const contexts = new Map<number, string>();
  return (job, title) => {
    const known = contexts.get(job.index);
    if (known !== undefined) return known;
    // GitHub takes 255; a list of checks shows less.
    const base = `dispersed / ${plainText(title, 100) || 'untitled'}`;
    const name = (count: number) => (count === 1 ? base : `${base} (${count})`);
    const isTwin = (other: JobRef) => other.index < job.index && keyOf(other) === keyOf(job);
    let count = 1 + (keyOf(job) ? jobs.filter(isTwin).length : 0);
    const taken = new Set(contexts.values());
    while (taken.has(name(count))) count += 1;
    contexts.set(job.index, name(count));
    return name(count);
  };
}

// Jobs of one recipe without a title of their own have the recipe's.
const keyOf = ({ title, recipeUuid }: JobRef) => title ?? recipeUuid;

/** `Running since 2026-03-01 03:14 UTC` @param sinceMs Unix ms; null where it was there before */
export function describePending(status: string, sinceMs: number | null): Message {
  const since = sinceMs === null ? '' : ` since ${formatTime(sinceMs)}`;
  const description = `${plainText(describeJobStatus(status), 60)}${since}`;
  return { state: 'pending', description };
}

/** `Failed after 2m 50s: exit code 1` @param endsWithJob whether it ends with the workflow's job */
export function describeEnd(outcome: Outcome, endsWithJob = false): Message {
  const { result } = outcome;
  const row = results[result];
  const words = result === 'error' ? wordsOf(outcome) : row.words;
  // A server that ends with the workflow's job has done its work.
  const state = result === 'running' && endsWithJob ? 'success' : row.state;
  const { runSeconds } = durationsOf(outcome);
  const time = runSeconds === null ? '' : ` after ${formatDuration(runSeconds * 1000)}`;
  const reason = outcome.error?.message ?? outcome.job?.status_reason;
  const why = reason && state !== 'success' ? `: ${reason}` : '';
  return { state, description: plainText(`${capitalize(words)}${time}${why}`, 139) };
}

/** One safe line without what GitHub refuses: characters beyond the first plane, such as emoji. */
function plainText(text: string, maxLength: number): string {
  const basic = text.replaceAll(/[\u{10000}-\u{10ffff}\p{Cs}]|\ufe0f/gu, '');
  // Twice: what makes a line safe may lengthen it.
  return sanitizeLine(sanitizeLine(basic), maxLength);
}
