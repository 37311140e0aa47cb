import type { Outcome, StatusChange } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { formatDuration } from './format.ts';
import { durationsOf } from '../jobs/metrics.ts';
import { sanitizeLine } from './sanitize.ts';
import type { Message } from './status-lane.ts';

// GitHub refuses more than 140.
const maxDescription = 139;

/** What a job that has not ended is doing: `Running since 2026-03-01 03:14 UTC`. */
export function describeDoing({ status, atMs }: StatusChange): string {
  const time = new Date(atMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ');
  return `${sayStatus(status)} since ${time} UTC`;
}

/** A status of the service's as people say it. */
export function sayStatus(status: string): string {
  if (status === 'PENDING') return 'Queued';
  const word = plain(status, 60);
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`;
}

type StopReason = readonly [state: Message['state'], words: string];

// A job that goes on without being watched stays pending: whoever waits for it later ends that.
const endings: Readonly<Record<Result, StopReason>> = {
  succeeded: ['success', 'Succeeded'],
  running: ['success', 'Runs, as was asked'],
  submitted: ['pending', 'Submitted, and not waited for'],
  'dry-run': ['success', 'Checked'],
  detached: ['pending', 'Left as it is, and no longer watched'],
  failed: ['failure', 'Failed'],
  cancelled: ['error', 'Cancelled'],
  'timed-out': ['error', 'Timed out'],
  error: ['error', 'Could not be cooked or followed'],
};

/** The last word on a job: `Failed after 2m 50s: exit code 1`. */
export function describeEnd(outcome: Outcome): Message {
  const [state, words] = endings[outcome.result];
  const { runSeconds } = durationsOf(outcome);
  const time = runSeconds === null ? '' : ` after ${formatDuration(runSeconds * 1000)}`;
  const reason = outcome.error?.message ?? outcome.job?.status_reason;
  const why = reason && state !== 'success' ? `: ${reason}` : '';
  return { state, description: plain(`${words}${time}${why}`, maxDescription) };
}

/** One safe line without what GitHub refuses: characters beyond the first plane, most emoji among them. */
export function plain(text: string, maxLength: number): string {
  const basic = text.replaceAll(/[\u{10000}-\u{10ffff}\p{Cs}]|\ufe0f/gu, '');
  // Twice: what makes a line safe may lengthen it.
  return sanitizeLine(sanitizeLine(basic), maxLength);
}
