import { accessInputs } from './access.ts';
import { cookInputs } from './cook.ts';
import { duration, line, oneOf, uuid } from './parsers.ts';
import { input, optional } from './read.ts';
import { invalid, list, type Parse, type TextTree } from './tree.ts';
import { parseYaml } from './yaml.ts';

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxJobs = 1_000;
const jobsForm = 'give the UUID of a job, or several, one per line';
const listOfUuids = list(uuid, 'must be UUIDs, one per line, or a JSON array of UUIDs', /\s+/);

function jobUuids(min: number): Parse<readonly string[]> {
  return (given, name) => {
    // Each is one job, with one cost, however often it is given.
    const uuids = [...new Set(listOfUuids(given, name))];
    if (uuids.length > maxJobs) throw invalid(`has more than ${maxJobs} UUIDs`);
    if (uuids.length < min) throw invalid(`has no job to wait for: ${jobsForm}`);
    return uuids;
  };
}

/** Reads job UUIDs, one per line, or a JSON array such as the output `job-uuids`. */
async function readJobList(given: string): Promise<TextTree> {
  if (given.trim() === '') throw invalid(`is missing: ${jobsForm}`);
  if (!given.trimStart().startsWith('[')) return given;
  const tree = await parseYaml(given);
  // The output has null where no job was created.
  return Array.isArray(tree) ? tree.filter((member) => member !== null) : tree;
}

/** The inputs of the wait action, in the order of `wait/action.yml`. */
export const waitInputs = {
  'job-uuids': input(jobUuids(1), '', readJobList),
  ...accessInputs,
  // It has no ready-check.
  'wait-until': optional(oneOf(['completed', 'running'])),
  timeout: input(duration(), '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'fail'),
  'on-workflow-cancel': input(oneOf(['cancel', 'detach']), 'detach'),
  'poll-interval': cookInputs['poll-interval'],
  'fail-fast': cookInputs['fail-fast'],
  logs: cookInputs.logs,
  'commit-status': cookInputs['commit-status'],
  'commit-sha': cookInputs['commit-sha'],
  'github-token': cookInputs['github-token'],
};

/** The inputs of the cancel action, in the order of `cancel/action.yml`; no job at all is no error. */
export const cancelInputs = {
  'job-uuids': input(jobUuids(0), '', readJobList),
  ...accessInputs,
  reason: optional(line),
};
