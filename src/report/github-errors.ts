import { asError, GitHubError, type GitHubTrouble } from '../errors.ts';
import type { Runner } from '../runner.ts';
import type { ErrorMessage } from './errors.ts';
import { withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

const freshToken =
  'It may have expired: a token of a GitHub App is valid for an hour. A check with a fresh one finishes the status.';
const nextCheck = 'The next check tries again.';

/** What a check wants of each request, the permission that it needs, and what helps where it is refused. */
const purposes: readonly {
  readonly request: RegExp;
  readonly attempt: string;
  readonly permission: string;
  /** Where GitHub answers 422, or 404 to a dispatch. */
  readonly ifRefused?: string;
}[] = [
  {
    request: /\/dispatches$/,
    attempt: 'start the follow-up',
    permission: 'actions: write',
    ifRefused:
      'The file must be on the default branch and on that branch, with `on: workflow_dispatch` and the inputs job-uuid, result, title and sha. The statuses stay pending until it starts.',
  },
  {
    request: /\/statuses\//,
    attempt: 'finish a commit status',
    permission: 'statuses: write',
    ifRefused:
      'GitHub takes at most 1,000 statuses of one name on a commit. The status stays pending, and no follow-up is started for its job: start it by hand, and give new jobs another title.',
  },
  { request: /\/runs/, attempt: 'read the workflow runs', permission: 'actions: read' },
  { request: /\{repo\}$/, attempt: 'read the default branch', permission: 'contents: read' },
];
const otherPurpose = { attempt: 'read the commit statuses', permission: 'statuses: write' };

/** Why a check could not do at GitHub what it was to do. */
export function describeGitHubError(error: GitHubError): ErrorMessage {
  const { request, status, trouble } = error;
  const known = purposes.find((purpose) => purpose.request.test(request));
  const { attempt, permission } = known ?? otherPurpose;
  const said = withStop(sanitizeLine(error.message, 300));
  const cause = status === 0 ? said : `GitHub responded with HTTP ${status} to ${request}: ${said}`;
  // A workflow that is not there is answered like one that the token may not see.
  const isRefused = status === 422 || (status === 404 && request.endsWith('/dispatches'));
  if (isRefused && known?.ifRefused !== undefined) {
    return { title: `Could not ${attempt}: GitHub refused it`, cause, remedy: known.ifRefused };
  }
  switch (trouble) {
    case 'forbidden':
      return {
        title: `The permission ${permission} is missing: could not ${attempt}`,
        cause,
        remedy: `Give the workflow's job \`permissions: ${permission}\`, or a github-token that has it.`,
      };
    case 'unauthorized': {
      const title = `The github-token was not accepted: could not ${attempt}`;
      return { title, cause, remedy: freshToken };
    }
    case 'limited':
      return {
        title: `Could not ${attempt}: GitHub's rate limit`,
        cause,
        remedy: `${nextCheck} Check less often, or look back less far with the input since.`,
      };
    case 'unavailable':
    case 'refused':
    case 'internal':
      return { title: `Could not ${attempt}: GitHub failed`, cause, remedy: nextCheck };
  }
}

const statusRemedies: Partial<Record<GitHubTrouble, string>> = {
  unauthorized: freshToken,
  forbidden:
    'Give the workflow job `permissions: statuses: write`; a workflow that a pull request from a fork starts gets none.',
};

/** Warns that a commit status stays as it is. */
export function warnStatusNotSet(runner: Runner, error: unknown): void {
  const trouble = error instanceof GitHubError ? error.trouble : 'internal';
  const remedy =
    statusRemedies[trouble] ?? 'The jobs and the result of this step are not affected.';
  const cause = asError(error).message || 'there was no time left';
  runner.annotate(
    'warning',
    'The commit status could not be set',
    `GitHub: ${sanitizeLine(runner.redactor.redact(cause), 300)}. ${remedy}`,
  );
}
