import * as z from 'zod/mini';
import type { Runner } from '../runner.ts';
import { cookInputs } from './cook.ts';
import { duration, fromText, line, oneOf, uuid, type InvalidValue } from './parsers.ts';
import { input, optional, readInputs, validValues, type Values } from './read.ts';
import { parseYaml, type TextTree } from './yaml.ts';

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxJobs = 1_000;

/** Job UUIDs: one, several, one a line, or a JSON array such as the output `job-uuids`. */
const jobUuids = z.pipe(
  fromText<unknown>(async (given) =>
    given.startsWith('[')
      ? withoutNulls(await parseYaml(given))
      : given.split(/\s+/).filter(Boolean),
  ),
  z.pipe(
    z
      .array(uuid, 'must be UUIDs, one per line, or a JSON array of UUIDs')
      .check(
        z.minLength(1, 'is missing: give the UUID of a job, or several, one per line'),
        z.maxLength(maxJobs, `has more than ${maxJobs} UUIDs`),
      ),
    // Each is one job, with one cost, however often it is given.
    z.transform((uuids) => [...new Set(uuids)]),
  ),
);

// The output `job-uuids` has null where no job was created.
function withoutNulls(tree: TextTree | InvalidValue): unknown {
  return Array.isArray(tree) ? tree.filter((each) => each !== null) : tree;
}

const access = {
  'public-key': cookInputs['public-key'],
  'secret-key': cookInputs['secret-key'],
  'api-url': cookInputs['api-url'],
};

/** The inputs of the wait action, in the order of `wait/action.yml`. */
export const waitInputs = {
  'job-uuids': input(jobUuids),
  ...access,
  // It has no ready-check.
  'wait-until': optional(oneOf(['completed', 'running'])),
  timeout: input(duration(), '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'fail'),
  'on-workflow-cancel': input(oneOf(['cancel', 'detach']), 'detach'),
  'poll-interval': cookInputs['poll-interval'],
  'fail-fast': cookInputs['fail-fast'],
  logs: cookInputs.logs,
  'commit-status': cookInputs['commit-status'],
  'github-token': cookInputs['github-token'],
};

/** The wait action's inputs, checked. */
export type WaitInputs = Values<typeof waitInputs>;

/** @throws InputError with every problem found */
export async function readWaitInputs(runner: Runner): Promise<WaitInputs> {
  return validValues(await readInputs(runner, waitInputs));
}

/** The inputs of the cancel action, in the order of `cancel/action.yml`. */
export const cancelInputs = { 'job-uuids': input(jobUuids), ...access, reason: optional(line) };

/** The cancel action's inputs, checked. */
export type CancelInputs = Values<typeof cancelInputs>;

/** @throws InputError with every problem found */
export async function readCancelInputs(runner: Runner): Promise<CancelInputs> {
  return validValues(await readInputs(runner, cancelInputs));
}
