import * as z from 'zod/mini';
import { withDeadline } from '../clock.ts';
import { asError, GitHubError } from '../errors.ts';
import { readEvent, runUrl, type RunRef } from '../inputs/context.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { commitShaForm } from '../inputs/parsers.ts';
import type { JobRef, Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { titleOf } from '../jobs/metrics.ts';
import { stateNames } from '../custody/facts.ts';
import { isFinal } from '../jobs/status.ts';
import type { Deps } from '../deps.ts';
import type { Runner } from '../runner.ts';
import {
  describeEnd,
  describePending,
  openContexts,
  type Message,
} from '../report/commit-status-text.ts';
import { warnStatusNotSet } from '../report/errors.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { createGitHub, type GitHub } from './client.ts';
import { pendingUrl, setStatus, type NewStatus } from './statuses.ts';

/** Keeps a commit status per job up to date. Nothing in it rejects or changes the verdict. */
export type CommitStatus = ReturnType<typeof createCommitStatus>;

const noCommitStatus: CommitStatus = {
  submitted: () => {},
  statusChanged: () => {},
  ended: () => {},
  settle: async () => {},
};

type StatusInputs = Pick<CookInputs, 'commit-status' | 'github-token'> &
  Partial<Pick<CookInputs, 'on-job-end'>>;

/**
 * The commit status of these jobs, if one was asked for.
 * @param run null outside of GitHub
 */
export function openCommitStatus(
  inputs: StatusInputs,
  jobs: readonly JobRef[],
  run: RunRef | null,
  deps: Deps,
): CommitStatus {
  if (!inputs['commit-status']) return noCommitStatus;
  const token = inputs['github-token'];
  if (token !== undefined && run !== null && run.sha !== '') {
    return createCommitStatus(jobs, run, token, inputs['on-job-end'] === 'cancel', deps);
  }
  const isEmpty = token === undefined;
  const lacking = isEmpty
    ? 'The input github-token is empty. Remove the input to use the default token, or pass another token.'
    : 'The commit of the workflow run is unknown. Set the input commit-sha.';
  warnStatusNotSet(deps.runner, new Error(lacking));
  return noCommitStatus;
}

// GitHub limits a repository's requests by the hour.
const minPauseMs = 5_000;
const maxSettleMs = 10_000;
// For one more try once time is up: the reports are still to be written before the runner kills.
const lastTryMs = 1_000;

/** @param endsWithJob whether the jobs are canceled when the workflow's job ends */
function createCommitStatus(
  jobs: readonly JobRef[],
  run: RunRef,
  token: string,
  endsWithJob: boolean,
  deps: Deps,
) {
  const { clock, runner } = deps;
  const { repository, sha } = run;
  runner.saveState(stateNames.pendingSha, sha);
  const settling = new AbortController();
  const over = new AbortController();
  const github = createGitHub(deps, { repository, token, signal: over.signal });
  const pause = async () => clock.sleep(minPauseMs, settling.signal);
  const sender = createSender(github, sha, runner, pause);
  const getContext = openContexts(jobs);
  const page = runUrl(run);
  /** @param isLeft whether no step watches the job any more, should it be pending */
  const report = (
    { ref, job }: Pick<Outcome, 'ref' | 'job'>,
    message: Message,
    isLeft: boolean,
  ) => {
    const isPending = message.state === 'pending' && job !== null;
    const url = isPending ? pendingUrl(page, { jobUuid: job.uuid, isLeft }) : page;
    sender.add({ context: getContext(ref, titleOf(ref, job)), ...message, target_url: url });
  };
  return {
    submitted: (submitted: SubmittedJob) => {
      const { origin, job } = submitted;
      const wasThere = origin === 'attached' || origin === 'given';
      report(submitted, describePending(job.status, wasThere ? null : clock.now()), false);
    },
    statusChanged: (submitted: SubmittedJob, { status, atMs }: StatusChange) => {
      if (!isFinal(status)) report(submitted, describePending(status, atMs), false);
    },
    ended: (outcome: Outcome) => report(outcome, describeEnd(outcome, endsWithJob), true),
    /** Resolves when all is sent: within seconds, and sooner where the signal fires. */
    settle: async (signal: AbortSignal) => {
      settling.abort();
      const settled = new AbortController();
      void clock.sleep(maxSettleMs, AbortSignal.any([signal, settled.signal])).then(async () => {
        await clock.sleep(lastTryMs, settled.signal);
        over.abort();
      });
      await sender.idle();
      settled.abort();
      if (!sender.isLeft()) runner.saveState(stateNames.pendingSha, '');
    },
  };
}

// Sends the latest status of each context, all together and then not before the next pause is over.
function createSender(github: GitHub, sha: string, runner: Runner, pause: () => Promise<void>) {
  const waiting = new Map<string, NewStatus>();
  const failures: unknown[] = [];
  let work: Promise<void> | undefined;
  let pausing = Promise.resolve();
  const send = async (status: NewStatus) => {
    if (failures.some((error) => error instanceof GitHubError && error.isLasting)) return;
    try {
      await setStatus(github, sha, status);
    } catch (error) {
      if (failures.length === 0) warnStatusNotSet(runner, error);
      failures.push(error);
    }
  };
  const sendAll = async () => {
    while (waiting.size > 0) {
      await pausing;
      const statuses = [...waiting.values()];
      waiting.clear();
      await Promise.all(statuses.map(send));
      pausing = pause();
    }
    work = undefined;
  };
  return {
    add: (status: NewStatus) => {
      waiting.set(status.context, status);
      work ??= sendAll();
    },
    idle: async () => work,
    /** Whether a status could not be set that post may still set: with more time, or a valid token. */
    isLeft: () =>
      !failures.every(
        (error) => error instanceof GitHubError && ['forbidden', 'refused'].includes(error.trouble),
      ),
  };
}

const shaSchema = z.string().check(z.regex(commitShaForm));
const pullRequest = z.object({ head: z.object({ sha: shaSchema }) });
const eventSchema = z.object({
  pull_request: z.optional(pullRequest),
  workflow_run: z.optional(z.object({ head_sha: shaSchema })),
  issue: z.optional(z.object({ number: z.number(), pull_request: z.optional(z.object({})) })),
});

/**
 * Reads which commit the jobs are about; empty where that is not known: the one that was given, else
 * the head of the pull request, since GITHUB_SHA is a merge commit there, or the default branch's.
 */
export async function readCommitSha(
  deps: Deps,
  inputs: Pick<CookInputs, 'commit-sha' | 'commit-status' | 'github-token'>,
): Promise<string> {
  const { env } = deps.runner;
  if (inputs['commit-sha'] !== undefined) return inputs['commit-sha'];
  const pushed = shaSchema.safeParse(env['GITHUB_SHA']).data ?? '';
  const name = env['GITHUB_EVENT_NAME'] ?? '';
  const event = eventSchema.safeParse(readEvent(deps.runner)).data;
  if (name.startsWith('pull_request')) return event?.pull_request?.head.sha ?? '';
  if (name === 'workflow_run') return event?.workflow_run?.head_sha ?? pushed;
  const issue = name === 'issue_comment' ? event?.issue : undefined;
  if (issue?.pull_request === undefined || !inputs['commit-status']) return pushed;
  return (await readHead(deps, inputs['github-token'], issue.number)) ?? pushed;
}

const maxReadMs = 10_000;

async function readHead(deps: Deps, token = '', number: number) {
  const { runner, clock, interrupt } = deps;
  const repository = runner.env['GITHUB_REPOSITORY'] ?? '';
  try {
    return await withDeadline(clock, maxReadMs, interrupt, async (signal) => {
      const github = createGitHub(deps, { repository, token, signal });
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
      return (await github.read(pullRequest, route, { pull_number: number })).head.sha;
    });
  } catch (error) {
    const cause = sanitizeLine(runner.redactor.redact(asError(error).message), 200);
    runner.print(
      `The commit status is set on GITHUB_SHA, because the pull request could not be read (${cause}). Add the permission pull-requests: read, or set the input commit-sha`,
    );
    return undefined;
  }
}
