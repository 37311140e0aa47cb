import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../errors.ts';
import { tempFolder } from '../inputs/context.ts';
import type { Runner } from '../runner.ts';
import { cut } from '../text.ts';
import { sanitizeLine } from './sanitize.ts';

/** An object for each job, as the output `jobs` lists them. */
export type JobDescription = Readonly<Record<string, unknown>> & {
  readonly job_uuid: string | null;
  readonly status: string | null;
  readonly result: string;
  readonly status_reason: string | null;
};

const maxReason = 200;
const maxStatus = 60;

// The first of these that fits is taken.
const shorter: readonly ((job: JobDescription) => object)[] = [
  (job) => job,
  (job) => ({ ...job, status_reason: cutReason(job.status_reason, maxReason) }),
  (job) =>
    Object.fromEntries(
      Object.entries({ ...job, status_reason: cutReason(job.status_reason, maxReason) }).filter(
        ([, value]) => !isEmpty(value),
      ),
    ),
  ({ job_uuid, status, result }) => ({ job_uuid, status: cutReason(status, maxStatus), result }),
];

function cutReason(text: string | null, max: number): string | null {
  return text === null ? null : cut(text, max);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/**
 * Sets the output `jobs`, and where it had to be shortened, `jobs-path`: a file with the full list.
 * @param maxCharacters how long `jobs` may be, in UTF-16 units
 */
export function writeJobsOutput(
  runner: Runner,
  jobs: readonly JobDescription[],
  maxCharacters: number,
): void {
  const full = JSON.stringify(jobs);
  let text = full;
  for (const shorten of shorter) {
    if (text.length <= maxCharacters) break;
    text = JSON.stringify(jobs.map(shorten));
  }
  runner.output('jobs', text);
  if (text !== full) keepFullList(runner, full);
}

function keepFullList(runner: Runner, full: string): void {
  try {
    const path = join(mkdtempSync(join(tempFolder(runner), 'dispersed-jobs-')), 'jobs.json');
    writeFileSync(path, full);
    runner.output('jobs-path', path);
  } catch (error) {
    const cause = sanitizeLine(runner.redactor.redact(asError(error).message), 200);
    const title = 'The full list of jobs could not be saved';
    runner.annotate(
      'warning',
      title,
      `The output jobs is shortened, and jobs-path is empty: ${cause}.`,
    );
  }
}
