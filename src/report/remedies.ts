import { exitCodeOf, failurePhaseOf, type FailurePhase } from '../jobs/failure.ts';
import { durationsOf } from '../jobs/metrics.ts';
import { formatReadyCheck, type EarlierTry, type Outcome } from '../jobs/records.ts';
import { consoleUrl } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

const hardware = 'less hardware, another gpu-name or more regions (allowed-region-codes)';

/** By how far a job came: how to fix its failure, and how to fix that the step's timeout came first. */
const remedies: Readonly<Record<FailurePhase, readonly [ofFailure: string, ofTimeout: string]>> = {
  assign: [
    `Ask for ${hardware}, or wait longer for a machine with max-timeout-assign.`,
    `It was still waiting for a machine: ask for ${hardware}, or increase timeout.`,
  ],
  start: [
    'Check the image, its tag and the login to its registry (host, user and secret in parameters). A large image needs a longer max-timeout-start, such as 30m.',
    'Its machine was still being prepared: increase timeout, or use a smaller image.',
  ],
  'run-limit': [
    'Increase max-timeout-run, here or in the recipe, or split the work over several entries of recipes.',
    'Increase timeout, or set on-timeout to choose what happens then.',
  ],
  run: [
    `Read its log in the console: ${consoleUrl}`,
    'Increase timeout, or set on-timeout to choose what happens then.',
  ],
};

function phaseOf(outcome: Outcome): FailurePhase {
  return failurePhaseOf(outcome) ?? 'run';
}

// 128 + SIGKILL: only the kernel kills a container in the middle of its work.
const killed = 137;

/** How to fix the failure of a job. */
export function getRemedy(outcome: Outcome): string {
  const phase = phaseOf(outcome);
  if (phase === 'run' && exitCodeOf(outcome) === killed)
    return /\boom|memory/i.test(outcome.job?.status_reason ?? '')
      ? 'It ran out of memory: increase min-ram-gb.'
      : 'Exit code 137 usually means that it ran out of memory: increase min-ram-gb.';
  if (phase === 'run' && outcome.logTail.length > 0)
    return `Read the whole log, in the folder of the output logs-path or in the console: ${consoleUrl}`;
  return remedies[phase][0];
}

/** How to fix that a job had not ended, or was not ready, when the step's timeout was reached. */
export function getTimeoutRemedy(outcome: Outcome): string {
  const { readyCheck, readiness, logTail } = outcome;
  const lessTime = 'Increase timeout only if it needs longer to start.';
  if (readiness?.check.includes('ssh'))
    return `Check that the image runs sshd and passes SSH_PUBKEY to the user of ssh-user. ${lessTime}`;
  if (readyCheck === null || readiness === null) return remedies[phaseOf(outcome)][1];
  const log = logTail.length === 0 ? '' : ', and read its log';
  return `Check that the server in the container serves ${formatReadyCheck(readyCheck)}${log}. ${lessTime}`;
}

/** What to do where a job was canceled, and not by this step: the service may do that at a limit. */
export function getCancelRemedy(outcome: Outcome): string {
  const phase = failurePhaseOf(outcome);
  const waitedMs = (durationsOf(outcome).queueSeconds ?? 0) * 1000;
  // The service gives up to the second or a little later.
  const hasWaited = waitedMs + 2_000 >= (outcome.job?.max_timeout_assign_ms ?? Infinity);
  const isLimit = phase === 'run-limit' || (phase === 'assign' && hasWaited);
  const byService = isLimit ? ` If it was the service: ${remedies[phase][0]}` : '';
  return `If you did not cancel it, the service or someone else with access to this account did.${byService}`;
}

// What only repeats an exit code: `Container exited with code 1`.
const exitWords =
  /^(?:the )?(?:container|process|job|task)?:? ?(?:has )?(?:failed|exited|ended|terminated)?,? ?(?:with )?(?:non-zero )?(?:an? )?(?:exit )?(?:code|status)?:? ?\d{1,3}\b/i;

/** How a failed job came to its end, after `Job 0198…`, with what the service says beyond that. */
export function describeFailure(outcome: Outcome): string {
  const failed = describePhase(outcome);
  const reason = sanitizeLine(outcome.job?.status_reason ?? '', 1_000);
  if (reason === '') return `${failed}. The service gave no reason.`;
  const rest = exitCodeOf(outcome) === null ? reason : reason.replace(exitWords, '');
  // Such as the brackets around what follows the exit code.
  const said = rest.replace(/^[\s:;,.(-]+/, '').replace(/\)$/, '');
  return said === '' ? `${failed}.` : `${failed}: ${withStop(said)}`;
}

function describePhase(outcome: Outcome): string {
  const { queueSeconds, runSeconds } = durationsOf(outcome);
  const code = exitCodeOf(outcome);
  switch (phaseOf(outcome)) {
    case 'assign':
      return `got no machine${seconds(' in ', queueSeconds)}`;
    case 'start':
      return 'had a machine, but its container did not start';
    case 'run-limit':
      return `reached its run limit${seconds(' of ', (outcome.job?.max_timeout_run_ms ?? 0) / 1000 || null)}`;
    case 'run':
      return code === null
        ? `failed${seconds(' after it ran for ', runSeconds)}`
        : `failed with exit code ${code}`;
  }
}

function seconds(before: string, value: number | null): string {
  return value === null ? '' : `${before}${formatDuration(value * 1000)}`;
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
