import { asError, GitHubError, type GitHubTrouble } from '../errors.ts';
import type { Runner } from '../runner.ts';
import type { ErrorMessage } from './errors.ts';
import { withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

const freshToken =
  'It may have expired: a token of a GitHub App is valid for an hour. A check with a fresh one finishes the status.';
const nextCheck = 'The next check tries again.';

/**
 * @param attempt what failed, such as `read the workflow runs`
 * @param permission what the token needs for it, such as `actions: read`
 */
export function describeGitHubError(
  error: GitHubError,
  attempt: string,
  permission: string,
): ErrorMessage {
  const cause = describeRefusal(error);
  switch (error.trouble) {
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

/** Why a pending status could not be finished, so that nothing follows. */
export function describeStatusError(error: GitHubError): ErrorMessage {
  const message = describeGitHubError(error, 'finish a commit status', 'statuses: write');
  if (error.status !== 422) return message;
  return {
    ...message,
    remedy:
      'GitHub takes at most 1,000 statuses of one name on a commit. The status stays pending, and no follow-up is started for its job: start it by hand, and give new jobs another title.',
  };
}

function describeRefusal({ request, status, message }: GitHubError): string {
  const said = withStop(sanitizeLine(message, 300));
  return status === 0 ? said : `GitHub responded with HTTP ${status} to ${request}: ${said}`;
}

/** Why the workflow of the input follow-up did not start. */
export function describeFollowUpError(
  error: GitHubError,
  workflow: string,
  ref: string,
): ErrorMessage {
  const attempt = 'start the follow-up';
  // GitHub answers 404 and 422 where the workflow is not as it has to be.
  if (error.status !== 404 && error.status !== 422) {
    return describeGitHubError(error, attempt, 'actions: write');
  }
  const where = sanitizeLine(`${workflow} on ${ref}`, 200);
  return {
    title: `Could not ${attempt}: the workflow cannot be started`,
    cause: `${where}: ${describeRefusal(error)}`,
    remedy:
      'The file must be on the default branch and on that branch, with `on: workflow_dispatch` and the inputs job-uuid, result, title and sha. The statuses stay pending until it starts.',
  };
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
