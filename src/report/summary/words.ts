import { isUuid } from '../../api/schemas.ts';
import type { Origin, Outcome } from '../../jobs/records.ts';
import { results, type Result } from '../../jobs/results.ts';
import { isFinal } from '../../jobs/status.ts';
import { formatDuration } from '../format.ts';
import { safeMarkdown } from '../sanitize.ts';

/** How we came by a job. What goes without saying is not said. */
export const origins: Readonly<Record<Origin, string>> = {
  cooked: '',
  given: '',
  found: 'found by its key',
  attached: 'earlier attempt',
};

/** The service's status, and what it means where that is more. */
export function statusWords({ result, job }: Outcome): string {
  const { icon, words } = results[result];
  if (job === null) return `${icon} ${words}`;
  const status = safeMarkdown(job.status, 60);
  // Where the service's word says it all, ours would only repeat it.
  const isClear = isFinal(job.status) && resultsOfFinal.has(result);
  return `${icon} ${isClear || result === 'running' ? status : `${status}, ${words}`}`;
}

const resultsOfFinal: ReadonlySet<Result> = new Set(['succeeded', 'failed', 'cancelled']);

/** Why it is as it is: the service's words, else those of the error. Foreign text. */
export function reasonOf({ job, error }: Outcome): string {
  return job?.status_reason || error?.message || '';
}

/** A time span on one line; empty where it is not known. */
export function span(seconds: number | null): string {
  return seconds === null ? '' : unbroken(formatDuration(seconds * 1000));
}

/** A short text of ours that a narrow column does not break. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

/** A UUID to copy; empty where there is none. */
export function code(uuid: string | null): string {
  return uuid === null || !isUuid(uuid) ? '' : `\`${uuid}\``;
}
