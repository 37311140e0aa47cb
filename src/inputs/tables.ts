import type { Runner } from '../runner.ts';
import { accessInputs, token } from './access.ts';
import { container, readEnvironmentLines } from './container.ts';
import {
  commitShaForm,
  duration,
  flag,
  line,
  oneOf,
  pollInterval,
  readyCheck,
  textLike,
  textThat,
  usd,
  uuid,
  whole,
} from './parsers.ts';
import { input } from './read.ts';
import { readRecipes, readRecipesFile } from './recipes.ts';
import { invalid, list, parseYaml } from './tree.ts';

// As the `action.yml` of each action has them, but the fields of a cook.

export const cookInputs = {
  recipes: readRecipes,
  'recipes-file': readRecipesFile,
  ...accessInputs,
  'max-hourly-rate': usd,
  'max-cost': usd,
  parameters: (given: string) => container(parseYaml(given)),
  env: readEnvironmentLines,
  wait: input(flag, 'true'),
  'wait-until': oneOf(['completed', 'running', 'ready']),
  'ready-check': readyCheck,
  ssh: input(flag, 'false'),
  'ssh-user': textLike(/^[a-z_][a-z0-9_-]{0,31}$/, 'is not a username, such as duser'),
  timeout: input(duration(), '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'cancel'),
  'on-workflow-cancel': input(oneOf(['cancel', 'detach']), 'cancel'),
  'on-job-end': oneOf(['keep', 'cancel']),
  'on-rerun': input(oneOf(['cook', 'attach']), 'cook'),
  'poll-interval': input(pollInterval, 'auto'),
  'max-parallel': input(whole(0, 1_000), '0'),
  'fail-fast': input(flag, 'false'),
  logs: input(oneOf(['stream', 'on-failure', 'none']), 'stream'),
  'dry-run': input(flag, 'false'),
  'commit-status': input(flag, 'false'),
  'commit-sha': textLike(commitShaForm, 'is not the full SHA of a commit'),
  'github-token': token,
  'matrix-index': input(line, '0'),
};

// The outputs of one step hold about 1 MB, and each job has its line there.
const maxJobs = 1_000;
const jobsForm = 'use the UUID of a job, or several UUIDs, one per line';
const listForm = 'must be UUIDs, one per line, or a JSON array of UUIDs';
const listOfUuids = list(uuid, listForm, /\s+/, maxJobs);

/** Reads job UUIDs, one per line, or a JSON array such as the output `job-uuids`. */
function readJobs(given: string): readonly string[] {
  if (given.trim() === '') throw invalid(`is missing: ${jobsForm}`);
  const tree = given.trimStart().startsWith('[') ? parseYaml(given) : given;
  // The output has null where no job was created.
  const members = Array.isArray(tree) ? tree.filter((member) => member !== null) : tree;
  // Each is one job, with one cost, however often it is given.
  return [...new Set(listOfUuids(members))];
}

export const waitInputs = {
  'job-uuids': input((given) => {
    const uuids = readJobs(given);
    if (uuids.length > 0) return uuids;
    throw invalid(`has no job to wait for: ${jobsForm}`);
  }),
  ...accessInputs,
  // It has no ready-check.
  'wait-until': oneOf(['completed', 'running']),
  timeout: cookInputs.timeout,
  'on-timeout': { ...cookInputs['on-timeout'], default: 'fail' },
  'on-workflow-cancel': { ...cookInputs['on-workflow-cancel'], default: 'detach' },
  'poll-interval': cookInputs['poll-interval'],
  'fail-fast': cookInputs['fail-fast'],
  logs: cookInputs.logs,
  'commit-status': cookInputs['commit-status'],
  'commit-sha': cookInputs['commit-sha'],
  'github-token': token,
};

/** No job at all is no error of a cancel. */
export const cancelInputs = { 'job-uuids': input(readJobs), ...accessInputs, reason: line };

// With or without its folder.
const workflowFile = textThat(
  'is not the name of a workflow file, such as deploy.yml',
  (given) => /^(?:\.github\/workflows\/)?([\w.-]+\.ya?ml)$/.exec(given)?.[1],
);

export const checkInputs = {
  ...accessInputs,
  'github-token': input(token),
  since: input(duration(), '3d'),
  orphans: input(oneOf(['cancel', 'report']), 'cancel'),
  'commit-status': input(flag, 'true'),
  'follow-up': (given: string, runner: Runner) => {
    const name = workflowFile(given);
    if (runner.input('commit-status').trim().toLowerCase() !== 'false') return name;
    throw invalid(
      'needs `commit-status: true`: the check uses pending commit statuses to know which jobs still need a follow-up',
    );
  },
  ref: line,
};

/** What the post entry needs of the inputs of any of the actions. */
export const cleanUpInputs = { ...accessInputs, 'github-token': token };
