import { exitCodeOf, failurePhaseOf, type FailurePhase } from '../jobs/failure.ts';
import { durationsOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { consoleUrl } from './errors.ts';
import { formatDuration } from './format.ts';

/** What happened to a failed job, and what helps: words for each phase. */
interface PhaseWords {
  /** After `Job 0198…`. */
  readonly failed: (outcome: Outcome) => string;
  readonly remedy: (outcome: Outcome) => string;
  /** Where the step's own timeout came first. */
  readonly remedyOfTimeout: string;
}

const wordsOfPhase: Readonly<Record<FailurePhase, PhaseWords>> = {
  assign: {
    failed: (outcome) => `failed: no machine was assigned${timeWaited(outcome)}`,
    remedy: () =>
      'Ask for less hardware, another gpu-name or more regions (allowed-region-codes), or wait longer for a machine with max-timeout-assign.',
    remedyOfTimeout:
      'It was still waiting for a machine: ask for less hardware, another gpu-name or more regions (allowed-region-codes), or increase timeout.',
  },
  start: {
    failed: () => 'failed: it had a machine, but its container did not start',
    remedy: () =>
      'Check the image, its tag and the login to its registry (host, user and secret in parameters). A large image needs a longer max-timeout-start, such as 30m.',
    remedyOfTimeout:
      'Its machine was still being prepared: increase timeout, or use a smaller image.',
  },
  'run-limit': {
    failed: ({ job }) => `failed: it ran into its run limit${limit(job?.max_timeout_run_ms)}`,
    remedy: () =>
      'Increase max-timeout-run, here or in the recipe, or have the job do less: several entries in recipes share the work.',
    remedyOfTimeout: 'Increase timeout, or set on-timeout to choose what happens then.',
  },
  run: {
    failed: (outcome) =>
      exitCodeOf(outcome) === null
        ? 'failed while it ran'
        : `failed: its container ended with exit code ${exitCodeOf(outcome)}`,
    remedy: (outcome) => `${hintOfExit(outcome)}${whereTheLogIs(outcome)}`,
    remedyOfTimeout: 'Increase timeout, or set on-timeout to choose what happens then.',
  },
};

function limit(ms: number | null | undefined): string {
  return ms ? ` of ${formatDuration(ms)}` : '';
}

function timeWaited(outcome: Outcome): string {
  const { queueSeconds } = durationsOf(outcome);
  return queueSeconds === null ? '' : ` in ${formatDuration(queueSeconds * 1000)}`;
}

// 128 + SIGKILL: nobody but the kernel kills a container in the middle of its work.
const killed = 137;

function hintOfExit(outcome: Outcome): string {
  return exitCodeOf(outcome) === killed
    ? 'Exit code 137 usually means that it ran out of memory: set min-ram-gb. '
    : '';
}

function whereTheLogIs({ logTail }: Outcome): string {
  return logTail.length === 0
    ? `Read the log in the console, and fix what it says: ${consoleUrl}`
    : `Fix what the log says. All of it is in the folder of the output logs-path, and in the console: ${consoleUrl}`;
}

/** How a failed job came to its end, after `Job 0198…`, without an end of the sentence. */
export function describeFailure(outcome: Outcome): string {
  const phase = failurePhaseOf(outcome);
  return phase === null ? 'failed' : wordsOfPhase[phase].failed(outcome);
}

/** What helps against the failure of a job. */
export function remedyOf(outcome: Outcome): string {
  return wordsOfPhase[failurePhaseOf(outcome) ?? 'run'].remedy(outcome);
}

/** What helps where a job had not ended when the step's timeout was reached. */
export function remedyOfTimeout(outcome: Outcome): string {
  return wordsOfPhase[failurePhaseOf(outcome) ?? 'run'].remedyOfTimeout;
}

/** What helps where a job was cancelled, and not by this step: some limits of the service's may end so. */
export function remedyOfCancelled(outcome: Outcome): string {
  const phase = failurePhaseOf(outcome);
  const isLimit = phase === 'run-limit' || (phase === 'assign' && hasWaitedLong(outcome));
  const byService = isLimit ? ` If it was the service: ${wordsOfPhase[phase].remedy(outcome)}` : '';
  return `If you did not cancel it, the service did, or someone else with access to this account.${byService}`;
}

// The service gives up to the second or a little later.
const limitToleranceSeconds = 2;

function hasWaitedLong(outcome: Outcome): boolean {
  const limitMs = outcome.job?.max_timeout_assign_ms ?? Infinity;
  const { queueSeconds } = durationsOf(outcome);
  return (queueSeconds ?? 0) + limitToleranceSeconds >= limitMs / 1000;
}
