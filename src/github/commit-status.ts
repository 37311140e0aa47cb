import pLimit from 'p-limit';
import { asError } from '../errors.ts';
import { openOctokit } from './client.ts';
import { pendingUrl, type Pending } from './pending-url.ts';
import { statusRoute } from './statuses.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import { readCommit, type Commit } from '../inputs/context.ts';
import type { JobRef, Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { titleOf } from '../jobs/metrics.ts';
import { saveStatusesSettled } from '../custody/saved-state.ts';
import { isFinal } from '../jobs/status.ts';
import type { Clock } from '../clock.ts';
import type { Runner } from '../runner.ts';
import {
  describeChange,
  describeEnd,
  describeStart,
  openContexts,
  type Message,
} from '../report/commit-status-text.ts';
import { sanitizeLine } from '../report/sanitize.ts';

/** Keeps a commit status per job up to date. Nothing here rejects or changes the verdict. */
export interface CommitStatus {
  readonly submitted: (job: SubmittedJob) => void;
  readonly statusChanged: (job: SubmittedJob, change: StatusChange) => void;
  readonly ended: (outcome: Outcome) => void;
  /** Resolves when all is sent: within seconds, and sooner where the signal fires. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
}

/** Where no commit status was asked for. */
export const noCommitStatus: CommitStatus = {
  submitted: () => {},
  statusChanged: () => {},
  ended: () => {},
  settle: async () => {},
};

interface StatusDeps {
  readonly runner: Runner;
  readonly clock: Clock;
  /** Whether the jobs are cancelled when the workflow's job ends. */
  readonly endsWithJob?: boolean;
}

interface StatusInputs {
  readonly 'commit-status': boolean;
  readonly 'github-token': string | undefined;
  readonly 'on-job-end'?: 'keep' | 'cancel';
}

/** The commit status of these jobs, if one was asked for. */
export function openCommitStatus(
  inputs: StatusInputs,
  jobs: readonly JobRef[],
  deps: StatusDeps,
): CommitStatus {
  if (!inputs['commit-status']) return noCommitStatus;
  const token = inputs['github-token'];
  const endsWithJob = inputs['on-job-end'] === 'cancel';
  return createCommitStatus(jobs, openStatuses(deps.runner, token), { ...deps, endsWithJob });
}

interface Status extends Message {
  readonly context: string;
  /** The job it stands for, while it is pending. */
  readonly pending?: Pending | undefined;
}

/** Sets the status of a context at GitHub; rejects where that failed. */
export type SetStatus = (status: Status, signal: AbortSignal) => Promise<void>;

// GitHub limits a repository's requests by the hour.
const minPauseMs = 5_000;
// Time for a second try of the last status.
const maxSettleMs = 10_000;
// For one more try once time is up: the reports are still to be written before the runner kills.
const lastTryMs = 1_000;

/** Keeps the statuses of these jobs through `setStatus`. */
export function createCommitStatus(
  jobs: readonly JobRef[],
  setStatus: SetStatus,
  { runner, clock, endsWithJob = false }: StatusDeps,
): CommitStatus {
  const queues = new Map<number, Queue>();
  const contextOf = openContexts(jobs);
  const finishing = new AbortController();
  const over = new AbortController();
  const trySend = createSender(async (status) => setStatus(status, over.signal), runner);
  const pause = async () => clock.sleep(minPauseMs, finishing.signal);
  const say = (job: JobRef, title: string, message: QueuedMessage) => {
    const queue = queues.get(job.index) ?? openQueue(contextOf(job, title), trySend, pause);
    queues.set(job.index, queue);
    queue.say(message);
  };
  const sayPending = ({ ref, job }: SubmittedJob, description: string) => {
    const pending = { jobUuid: job.uuid, isLeft: false };
    say(ref, titleOf(ref, job), { state: 'pending', description, pending });
  };
  return {
    submitted: (job) => {
      sayPending(job, describeStart(job, clock.now()));
    },
    statusChanged: (job, change) => {
      if (!isFinal(change.status)) sayPending(job, describeChange(change));
    },
    ended: (outcome) => {
      const { ref, job } = outcome;
      const message = describeEnd(outcome, endsWithJob);
      const isLeft = message.state === 'pending' && job !== null;
      const pending = isLeft ? { jobUuid: job.uuid, isLeft } : undefined;
      say(ref, titleOf(ref, job), { ...message, pending });
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
      if (!over.signal.aborted) saveStatusesSettled(runner);
    },
  };
}

type QueuedMessage = Omit<Status, 'context'>;

interface Queue {
  /** Sends the message when it may; one that was not sent yet is replaced. */
  readonly say: (message: QueuedMessage) => void;
  /** Resolves when nothing is left to send. */
  readonly idle: () => Promise<void>;
}

function openQueue(context: string, trySend: TrySend, pause: () => Promise<void>): Queue {
  let next: QueuedMessage | undefined;
  let tries = 0;
  let pausing = Promise.resolve();
  let work: Promise<void> | undefined;
  const sendAll = async () => {
    while (next !== undefined) {
      await pausing;
      const message: QueuedMessage = next;
      tries += 1;
      const answer = await trySend({ context, ...message }, tries);
      if (next === message && answer === 'done') next = undefined;
      pausing = pause();
    }
    work = undefined;
  };
  return {
    say: (message) => {
      next = message;
      tries = 0;
      work ??= sendAll();
    },
    idle: async () => work,
  };
}

// With the pauses 10 s: enough for a transient error, not for an outage.
const maxStatusTries = 3;
// GitHub asks for few at a time.
const maxConcurrentStatuses = 4;

/** Never rejects; `again` where the same may well succeed a little later. */
type TrySend = (status: Status, tries: number) => Promise<'done' | 'again'>;

/** Warns once, whatever goes wrong how often. */
function createSender(send: (status: Status) => Promise<void>, runner: Runner): TrySend {
  const inTurn = pLimit(maxConcurrentStatuses);
  let isHopeless = false;
  let hasWarned = false;
  return async (status, tries) => {
    try {
      await inTurn(async () => (isHopeless ? undefined : send(status)));
    } catch (error) {
      const { kind } = troubleOf(error, Date.now());
      if ((kind === 'unavailable' || kind === 'limited') && tries < maxStatusTries) return 'again';
      isHopeless ||= kind === 'forbidden' || kind === 'internal';
      if (!hasWarned) warnStatusNotSet(runner, asError(error).message, kind);
      hasWarned = true;
    }
    return 'done';
  };
}

/** Warns that the commit status stays as it is. */
export function warnStatusNotSet(runner: Runner, message: string, trouble: Trouble['kind']): void {
  const remedy =
    trouble === 'forbidden'
      ? 'Give the workflow job `permissions: statuses: write`; a workflow that a pull request from a fork starts gets none.'
      : 'The jobs and the result of this step are not affected.';
  const title = 'The commit status could not be set';
  runner.annotate(
    'warning',
    title,
    `GitHub: ${sanitizeLine(runner.redactor.redact(message), 300)}. ${remedy}`,
  );
}

// GitHub answers within a second; a hanging one must not eat the last seconds of a step.
const maxRequestMs = 4_000;

function openStatuses(runner: Runner, token: string | undefined): SetStatus {
  const send = openOctokit(runner, token ?? '');
  let commit: Promise<Commit> | undefined;
  return async ({ pending, ...status }, signal) => {
    if (token === undefined) throw new Error('the input github-token is empty');
    const { runUrl, ...place } = await (commit ??= readCommit(runner));
    const link = runUrl === undefined ? {} : { target_url: targetUrlOf(runUrl, pending) };
    const bound = AbortSignal.any([signal, AbortSignal.timeout(maxRequestMs)]);
    await send(statusRoute, { ...place, ...status, ...link }, bound);
  };
}

function targetUrlOf(runUrl: string, pending: Pending | undefined): string {
  return pending === undefined ? runUrl : pendingUrl(runUrl, pending);
}
