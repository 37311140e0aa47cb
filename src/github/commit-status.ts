import { GitHubError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import type { JobRef, Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { titleOf } from '../jobs/metrics.ts';
import { savePendingStatuses } from '../custody/saved-state.ts';
import { isFinal } from '../jobs/status.ts';
import type { Deps } from '../deps.ts';
import type { Runner } from '../runner.ts';
import {
  describeChange,
  describeEnd,
  describeStart,
  openContexts,
  type Message,
} from '../report/commit-status-text.ts';
import { warnStatusNotSet } from '../report/github-errors.ts';
import { createGitHub, type GitHub } from './client.ts';
import { statusUrl } from './pending.ts';
import { setStatus, type NewStatus } from './statuses.ts';

/** Keeps a commit status per job up to date. Nothing here rejects or changes the verdict. */
export interface CommitStatus {
  readonly submitted: (job: SubmittedJob) => void;
  readonly statusChanged: (job: SubmittedJob, change: StatusChange) => void;
  readonly ended: (outcome: Outcome) => void;
  /** Resolves when all is sent: within seconds, and sooner where the signal fires. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
}

/** Where no commit status was asked for, or none can be set. */
const noCommitStatus: CommitStatus = {
  submitted: () => {},
  statusChanged: () => {},
  ended: () => {},
  settle: async () => {},
};

interface StatusInputs {
  readonly 'commit-status': boolean;
  readonly 'github-token': string | undefined;
  readonly 'on-job-end'?: 'keep' | 'cancel';
}

/**
 * The commit status of these jobs, if one was asked for.
 * @param run with the commit; null outside of GitHub
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
  const unknown =
    token === undefined
      ? 'the input github-token is empty'
      : 'the commit of the workflow run is not known';
  warnStatusNotSet(deps.runner, new Error(unknown));
  return noCommitStatus;
}

// GitHub limits a repository's requests by the hour.
const minPauseMs = 5_000;
// Time for a second try of the last status.
const maxSettleMs = 10_000;
// For one more try once time is up: the reports are still to be written before the runner kills.
const lastTryMs = 1_000;
// GitHub answers within a second; a hanging one must not eat the last seconds of a step.
const maxRequestMs = 4_000;

/** @param endsWithJob whether the jobs are canceled when the workflow's job ends */
function createCommitStatus(
  jobs: readonly JobRef[],
  run: RunRef,
  token: string,
  endsWithJob: boolean,
  deps: Deps,
): CommitStatus {
  const { clock, runner } = deps;
  const finishing = new AbortController();
  const over = new AbortController();
  const { repository, sha } = run;
  savePendingStatuses(runner, sha);
  const github = createGitHub(deps, { repository, token, signal: over.signal, maxRequestMs });
  const send = createSender(github, sha, runner);
  const pause = async () => clock.sleep(minPauseMs, finishing.signal);
  const contextOf = openContexts(jobs);
  const queues = new Map<number, Queue>();
  /** @param isLeft whether nobody watches the job any more, should it be pending */
  const report = (
    { ref, job }: Pick<Outcome, 'ref' | 'job'>,
    message: Message,
    isLeft: boolean,
  ) => {
    let queue = queues.get(ref.index);
    if (queue === undefined) {
      const context = contextOf(ref, titleOf(ref, job));
      queue = createQueue(async (next) => send({ context, ...next }), pause);
      queues.set(ref.index, queue);
    }
    const isPending = message.state === 'pending' && job !== null;
    const pending = isPending ? { jobUuid: job.uuid, isLeft } : null;
    queue.add({ ...message, target_url: statusUrl(run, pending) });
  };
  return {
    submitted: (submitted) => {
      const description = describeStart(submitted, clock.now());
      report(submitted, { state: 'pending', description }, false);
    },
    statusChanged: (submitted, change) => {
      if (isFinal(change.status)) return;
      report(submitted, { state: 'pending', description: describeChange(change) }, false);
    },
    ended: (outcome) => {
      report(outcome, describeEnd(outcome, endsWithJob), true);
    },
    settle: async (signal) => {
      const settled = new AbortController();
      void clock.sleep(maxSettleMs, AbortSignal.any([signal, settled.signal])).then(async () => {
        finishing.abort();
        await clock.sleep(lastTryMs, settled.signal);
        over.abort();
      });
      await Promise.all([...queues.values()].map(async ({ idle }) => idle()));
      settled.abort();
      // The post entry sets those that there was no time for.
      if (!over.signal.aborted) savePendingStatuses(runner, '');
    },
  };
}

type Update = Omit<NewStatus, 'context'>;
type Queue = ReturnType<typeof createQueue>;

/** Sends the updates of one context one after the other; one that was not sent yet is replaced. */
function createQueue(send: (update: Update) => Promise<void>, pause: () => Promise<void>) {
  let next: Update | undefined;
  let pausing = Promise.resolve();
  let work: Promise<void> | undefined;
  const sendAll = async () => {
    while (next !== undefined) {
      await pausing;
      const update: Update = next;
      next = undefined;
      await send(update);
      pausing = pause();
    }
    work = undefined;
  };
  return {
    add: (update: Update) => {
      next = update;
      work ??= sendAll();
    },
    /** Resolves when nothing is left to send. */
    idle: async () => work,
  };
}

/** Sends statuses; warns once, whatever goes wrong how often. Never rejects. */
function createSender(github: GitHub, sha: string, runner: Runner) {
  let isHopeless = false;
  let hasWarned = false;
  return async (status: NewStatus) => {
    if (isHopeless) return;
    try {
      await setStatus(github, sha, status);
    } catch (error) {
      isHopeless ||= error instanceof GitHubError && error.isLasting;
      if (!hasWarned) warnStatusNotSet(runner, error);
      hasWarned = true;
    }
  };
}
