import type { GitHubError, InterruptedError } from '../errors.ts';
import type { CheckedJob } from './checked-job.ts';
import { titleOf } from '../jobs/metrics.ts';
import type { Runner } from '../runner.ts';
import { createConsole, type Console } from '../report/log.ts';
import { describeError, type ErrorMessage } from '../report/errors.ts';
import { describeFollowUpError, describeGitHubError } from '../report/github-errors.ts';
import { sanitizeLine } from '../report/sanitize.ts';

/** What is said while a check looks, and what has to fail it in the end. */
export interface CheckConsole extends Console {
  readonly statusFinished: (job: CheckedJob, context: string, state: string) => void;
  readonly statusNotSet: (error: GitHubError) => void;
  readonly statusesUnreadable: (error: GitHubError) => void;
  readonly statusesInterrupted: (error: InterruptedError) => void;
  readonly followUpStarted: (job: CheckedJob, workflow: string, ref: string) => void;
  readonly followUpFailed: (error: GitHubError, workflow: string, ref: string) => void;
  /** Whether it makes no sense to start it for another job. */
  readonly isFollowUpHopeless: () => boolean;
  /** One error for each thing that went wrong, however often it did. */
  readonly problems: () => readonly ErrorMessage[];
}

/** Creates the console of one check. */
export function createCheckConsole(runner: Runner): CheckConsole {
  const problems = new Map<string, ErrorMessage>();
  let isFollowUpHopeless = false;
  const add = (message: ErrorMessage) => {
    if (!problems.has(message.title)) problems.set(message.title, message);
  };
  // What GitHub gives is foreign, too: contexts, and the name of the default branch.
  const line = (text: string, maxLength: number) =>
    sanitizeLine(runner.redactor.redact(text), maxLength);
  return {
    ...createConsole(runner, 1),
    statusFinished: ({ job }, context, state) => {
      runner.print(`Commit status “${line(context, 120)}” of job ${job.uuid}: ${state}`);
    },
    statusNotSet: (error) => {
      add(describeGitHubError(error, 'finish a commit status', 'statuses: write'));
    },
    statusesUnreadable: (error) => {
      add(describeGitHubError(error, 'read the commit statuses', 'statuses: write'));
    },
    statusesInterrupted: (error) => {
      add(describeError(error, 'finish the commit statuses'));
    },
    followUpStarted: ({ job, outcome }, workflow, ref) => {
      const title = line(titleOf(outcome.ref, job), 100);
      const where = line(`${workflow} on ${ref}`, 200);
      runner.print(`Started ${where} for job ${job.uuid} “${title}”, ${outcome.result}`);
    },
    followUpFailed: (error, workflow, ref) => {
      isFollowUpHopeless ||= error.trouble === 'forbidden' || error.trouble === 'refused';
      add(describeFollowUpError(error, workflow, ref));
    },
    isFollowUpHopeless: () => isFollowUpHopeless,
    problems: () => [...problems.values()],
  };
}
