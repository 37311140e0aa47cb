import { GitHubError, type GitHubTrouble } from '../errors.ts';
import type { Runner } from '../runner.ts';
import type { ErrorMessage } from './errors.ts';
import { describeTrouble, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

const freshToken =
  'The token may have expired: a token of a GitHub App is valid for one hour. A check with a fresh token finishes the status.';

// What a check wants of a request, the permission that it needs, and how to fix what GitHub refuses.
const purposes = [
  {
    request: /\/dispatches$/,
    attempt: 'start the follow-up',
    permission: 'actions: write',
    ifRefused:
      'The workflow file must be on the default branch and on the given branch, with `on: workflow_dispatch` and the inputs job-uuid, result, title and sha. The statuses stay pending until it starts.',
  },
  {
    request: /\/statuses\//,
    attempt: 'finish a commit status',
    permission: 'statuses: write',
    ifRefused:
      'GitHub accepts at most 1,000 statuses of one name on a commit. The status stays pending, and no follow-up is started for its job. Start it by hand, and give new jobs another title.',
  },
  { request: /\/runs/, attempt: 'read the workflow runs', permission: 'actions: read' },
  { request: /\{repo\}$/, attempt: 'read the default branch', permission: 'contents: read' },
] as const;
const otherPurpose = { attempt: 'read the commit statuses', permission: 'statuses: write' };

/** Why a check could not do something at GitHub. */
export function describeGitHubError(error: GitHubError): ErrorMessage {
  const { request, status } = error;
  const said = withStop(sanitizeLine(error.message, 300));
  const cause = status === 0 ? said : `GitHub responded with HTTP ${status} to ${request}: ${said}`;
  const [title, remedy] = explain(error);
  return { title, cause, remedy };
}

function explain({ request, status, trouble }: GitHubError): readonly [string, string] {
  const purpose = purposes.find((known) => known.request.test(request)) ?? otherPurpose;
  const { attempt, permission } = purpose;
  // A workflow that is not there is answered like one that the token may not see.
  const isRefused = status === 422 || (status === 404 && request.endsWith('/dispatches'));
  if (isRefused && 'ifRefused' in purpose)
    return [`Could not ${attempt}: GitHub refused it`, purpose.ifRefused];
  if (trouble === 'forbidden')
    return [
      `The permission ${permission} is missing: could not ${attempt}`,
      `Give the workflow's job \`permissions: ${permission}\`, or a github-token that has it.`,
    ];
  if (trouble === 'unauthorized')
    return [`The github-token was not accepted: could not ${attempt}`, freshToken];
  const [what, more] =
    trouble === 'limited'
      ? ["GitHub's rate limit", ' Check less often, or set the input since to less.']
      : ['GitHub failed', ''];
  return [`Could not ${attempt}: ${what}`, `The next check tries again.${more}`];
}

const statusRemedies: Partial<Record<GitHubTrouble, string>> = {
  unauthorized: freshToken,
  forbidden:
    "Give the workflow's job `permissions: statuses: write`. A workflow that a pull request from a fork starts cannot have it.",
};

/** Warns that a commit status stays as it is. */
export function warnStatusNotSet(runner: Runner, error: unknown): void {
  const trouble = error instanceof GitHubError ? error.trouble : 'internal';
  const remedy =
    statusRemedies[trouble] ?? 'The jobs and the result of this step are not affected.';
  const message = `GitHub: ${describeTrouble(runner, error)} ${remedy}`;
  runner.annotate('warning', 'The commit status could not be set', message);
}
