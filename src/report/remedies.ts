import { exitCodeOf, failurePhaseOf, type FailurePhase } from '../jobs/failure.ts';
import { durationsOf } from '../jobs/metrics.ts';
import { formatReadyCheck } from '../jobs/ready-check.ts';
import type { EarlierTry, Outcome } from '../jobs/records.ts';
import { consoleUrl } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** The words for a job that came so far and no further. */
interface PhaseWords {
  /** After `Job 0198…`, without an end of the sentence. */
  readonly failed: (outcome: Outcome) => string;
  readonly remedy: (outcome: Outcome) => string;
  /** Where the step's own timeout came first. */
  readonly remedyOfTimeout: string;
}

const moreTime = 'Increase timeout, or set on-timeout to choose what happens then.';

const wordsOfPhase: Readonly<Record<FailurePhase, PhaseWords>> = {
  assign: {
    failed: (outcome) => `got no machine${seconds(' in ', durationsOf(outcome).queueSeconds)}`,
    remedy: () =>
      'Ask for less hardware, another gpu-name or more regions (allowed-region-codes), or wait longer for a machine with max-timeout-assign.',
    remedyOfTimeout:
      'It was still waiting for a machine: ask for less hardware, another gpu-name or more regions (allowed-region-codes), or increase timeout.',
  },
  start: {
    failed: () => 'had a machine, but its container did not start',
    remedy: () =>
      'Check the image, its tag and the login to its registry (host, user and secret in parameters). A large image needs a longer max-timeout-start, such as 30m.',
    remedyOfTimeout:
      'Its machine was still being prepared: increase timeout, or use a smaller image.',
  },
  'run-limit': {
    failed: ({ job }) =>
      `ran into its run limit${seconds(' of ', (job?.max_timeout_run_ms ?? 0) / 1000 || null)}`,
    remedy: () =>
      'Increase max-timeout-run, here or in the recipe, or have the job do less: several entries in recipes share the work.',
    remedyOfTimeout: moreTime,
  },
  run: {
    failed: (outcome) => {
      const code = exitCodeOf(outcome);
      if (code !== null) return `failed with exit code ${code}`;
      return `failed${seconds(' after it ran for ', durationsOf(outcome).runSeconds)}`;
    },
    remedy: (outcome) => (exitCodeOf(outcome) === killed ? moreMemory : pointToLog(outcome)),
    remedyOfTimeout: moreTime,
  },
};

function seconds(before: string, value: number | null): string {
  return value === null ? '' : `${before}${formatDuration(value * 1000)}`;
}

// 128 + SIGKILL: only the kernel kills a container in the middle of its work.
const killed = 137;
const moreMemory = 'Exit code 137 usually means that it ran out of memory: set min-ram-gb.';

function pointToLog({ logTail }: Outcome): string {
  return logTail.length === 0
    ? `Read its log in the console: ${consoleUrl}`
    : `The whole log is in the folder of the output logs-path, and in the console: ${consoleUrl}`;
}

// What only repeats an exit code: `Container exited with code 1`.
const exitWords =
  /^(?:the )?(?:container|process|job|task)?:? ?(?:has )?(?:failed|exited|ended|terminated)?,? ?(?:with )?(?:non-zero )?(?:an? )?(?:exit )?(?:code|status)?:? ?\d{1,3}\b/i;

/** How a failed job came to its end, after `Job 0198…`, with what the service says beyond that. */
export function describeFailure(outcome: Outcome): string {
  const failed = wordsOfPhase[failurePhaseOf(outcome) ?? 'run'].failed(outcome);
  const reason = sanitizeLine(outcome.job?.status_reason ?? '', 1_000);
  if (reason === '') return `${failed}. The service gave no reason.`;
  const rest = exitCodeOf(outcome) === null ? reason : reason.replace(exitWords, '');
  // Such as the brackets around what follows the exit code.
  const said = rest.replace(/^[\s:;,.(-]+/, '').replace(/\)$/, '');
  return said === '' ? `${failed}.` : `${failed}: ${withStop(said)}`;
}

/** What to do about the failure of a job. */
export function getRemedy(outcome: Outcome): string {
  return wordsOfPhase[failurePhaseOf(outcome) ?? 'run'].remedy(outcome);
}

/** What to do where a job had not ended, or was not ready, when the step's timeout was reached. */
export function getTimeoutRemedy(outcome: Outcome): string {
  const { readyCheck, readiness, logTail } = outcome;
  if (readiness !== null && readiness.check.includes('ssh'))
    return 'Check that the image runs sshd, and passes SSH_PUBKEY on to the user of ssh-user. Increase timeout only if it needs longer to start.';
  if (readyCheck === null || readiness === null)
    return wordsOfPhase[failurePhaseOf(outcome) ?? 'run'].remedyOfTimeout;
  const log = logTail.length === 0 ? '' : ', and read its log';
  return `Check that the server in the container serves ${formatReadyCheck(readyCheck)}${log}. Increase timeout only if it needs longer to start.`;
}

/** What to do where a job was cancelled, and not by this step: the service may do that at a limit. */
export function getCancelRemedy(outcome: Outcome): string {
  const phase = failurePhaseOf(outcome);
  const waitedMs = (durationsOf(outcome).queueSeconds ?? 0) * 1000;
  // The service gives up to the second or a little later.
  const hasWaited = waitedMs + 2_000 >= (outcome.job?.max_timeout_assign_ms ?? Infinity);
  const isLimit = phase === 'run-limit' || (phase === 'assign' && hasWaited);
  const byService = isLimit ? ` If it was the service: ${wordsOfPhase[phase].remedy(outcome)}` : '';
  return `If you did not cancel it, the service did, or someone else with access to this account.${byService}`;
}

/** A GPU model in one short line. */
export function formatModel(gpuName: string | null): string {
  return gpuName === null ? 'the GPU' : sanitizeLine(gpuName, 60);
}

/** `RTX 4090: no machine within 5m 00s` */
export function describeTry({ gpuName, phase, waitedMs }: EarlierTry): string {
  const what = phase === 'assign' ? 'no machine within' : 'its container did not start within';
  return `${formatModel(gpuName)}: ${what} ${formatDuration(waitedMs)}`;
}
