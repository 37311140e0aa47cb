import { ServiceError } from '../errors.ts';
import { exitCodeOf, failurePhaseOf, failedToStart, type FailurePhase } from '../jobs/failure.ts';
import { durationsOf, isOpen, titleOf, uuidOf } from '../jobs/metrics.ts';
import { formatReadyCheck, type Outcome } from '../jobs/records.ts';
import { wasStopped } from '../jobs/outcome.ts';
import { mayRestart } from '../jobs/restart.ts';
import { passes } from '../jobs/results.ts';
import { formatStatus, isEnding, isFinal } from '../jobs/status.ts';
import { describeOverBudget } from './budget-messages.ts';
import { checkConsole, consoleUrl, describeError, type ErrorMessage } from './errors.ts';
import { describeTry, formatDuration, formatModel, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** Whether the step may pass with this outcome: an interrupted one is no success. */
export function endedWell({ result, ending }: Outcome): boolean {
  return passes(result) && !(ending === 'interrupt' && result === 'detached');
}

/** Describes a job that did not succeed: what failed, why, how to fix it. */
export function describeOutcome(outcome: Outcome): ErrorMessage {
  const { earlierTries, job, error } = outcome;
  const message = error === null ? describeEnd(outcome) : describeErrorOfJob(outcome, error);
  if (earlierTries.length === 0) return message;
  const tries = earlierTries.map(describeTry).join('; ');
  const last = job?.gpu_name ? ` This job asked for ${formatModel(job.gpu_name)}.` : '';
  return { ...message, cause: `${message.cause}${last} Tried before: ${tries}.` };
}

function describeErrorOfJob(outcome: Outcome, error: Error): ErrorMessage {
  const { ref, job } = outcome;
  const uuid = uuidOf(outcome);
  const request = error instanceof ServiceError ? error.request : '';
  if (uuid === null || request.endsWith('/cook'))
    return describeError(error, `cook recipe ${ref.recipeUuid}`);
  const isCancel = request.endsWith('/cancel') || !(error instanceof ServiceError);
  const attempt = `${isCancel ? 'cancel' : 'watch'} job ${uuid}`;
  const message = describeError(error, attempt);
  // A job that was seen: its UUID cannot be wrong.
  const isGone = job !== null && error instanceof ServiceError && error.status === 404;
  if (!isGone) return message;
  const remedy = `The service knew this job before, so it may have been deleted. ${checkConsole}`;
  return { ...message, title: `Could not ${attempt}: it is no longer there`, remedy };
}

function describeEnd(outcome: Outcome): ErrorMessage {
  const { result, ref, job, logTail } = outcome;
  const [heading, cause, remedy] = explain(outcome);
  const title = `${heading}: ${sanitizeLine(titleOf(ref, job), 100)}`;
  const evidence = ['failed', 'timed-out', 'over-budget'].includes(result) ? logTail : [];
  return { title, cause, remedy, evidence };
}

function explain(outcome: Outcome): readonly [heading: string, cause: string, remedy: string] {
  const { result, ref, job, ending, overBudget } = outcome;
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${ref.recipeUuid}` : `Job ${uuid}`;
  const fate = `${who} ${describeFate(outcome)}`;
  const isUncanceled = isOpen(outcome) && outcome.cancel !== 'accepted';
  const canceled = isUncanceled ? 'Not canceled' : 'Canceled';
  if (result === 'timed-out') {
    const cause = `The timeout was reached${describeLast(outcome)}.${describeReadiness(outcome)} ${fate}`;
    return ['Timed out', cause, getTimeoutRemedy(outcome)];
  }
  if (result === 'over-budget' && overBudget !== null) {
    const { cause, remedy } = describeOverBudget(overBudget);
    // At its share the service ends it.
    const isShare = overBudget.kind === 'share';
    return ['Over budget', isShare ? `${who} ${cause}` : `${cause} ${fate}`, remedy];
  }
  if (ending === 'interrupt' && result === 'detached' && outcome.isKept) {
    const cause = `${who} was left running, because of \`on-workflow-cancel: detach\`.`;
    const remedy = `It is billed while it runs. To stop it, use the console: ${consoleUrl}`;
    return ['Left running', cause, remedy];
  }
  if (ending === 'interrupt' && ['cancelled', 'detached'].includes(result)) {
    const cause = `The workflow was canceled or reached a time limit. ${fate}`;
    const remedy =
      'If you did not cancel the workflow, check timeout-minutes and concurrency in the workflow file.';
    return [`${canceled} with the workflow`, cause, remedy];
  }
  if (ending === 'fail-fast' && result === 'cancelled') {
    const remedy =
      'Check the job that failed first. To keep the other jobs running, set `fail-fast: false`.';
    const cause = `Another job of this step did not succeed. ${fate}`;
    return [`${canceled} by fail-fast`, cause, remedy];
  }
  if (result === 'cancelled') {
    const reason = job?.status_reason ? `: ${withStop(sanitizeLine(job.status_reason))}` : '.';
    return ['Canceled', `${who} was canceled${reason}`, getCancelRemedy(outcome)];
  }
  if (job?.status === 'COMPLETED') {
    const remedy = `The command of the image must keep running. ${getRemedy(outcome)}`;
    return ['Not ready', `${who} ended before it was ready.${describeReadiness(outcome)}`, remedy];
  }
  return ['Failed', `${who} ${describeFailure(outcome)}`, getRemedy(outcome)];
}

// As it was last seen: our own cancel may have ended it since.
function describeLast({ job, timeline, cancel, unread }: Outcome): string {
  if (job === null) return '';
  const isOurs = (status: string) => cancel !== null && isEnding(status);
  const open = timeline.findLast(({ status }) => !isFinal(status) && !isOurs(status));
  const word = sanitizeLine(formatStatus(open?.status ?? 'not finished'), 60);
  if (unread === null) return ` while the job was ${word}`;
  const cause = sanitizeLine(unread.answer, 300);
  return `. The job was last ${word}, and could not be read for ${formatDuration(unread.forMs)}: ${cause}`;
}

function describeReadiness({ readiness }: Outcome): string {
  if (readiness === null) return '';
  const answer = withStop(sanitizeLine(readiness.answer, 300));
  return ` For the last ${formatDuration(readiness.forMs)}, the ${readiness.check} failed: ${answer}`;
}

// No more than is known: a job is said to be canceled only where the service says so, and what may
// still be running is said to.
function describeFate(outcome: Outcome): string {
  const { result, ref, job, cancel, isKept, unansweredMark, unread } = outcome;
  const mayRun = `may still be running, and billed. Check it in the console: ${consoleUrl}`;
  if (job === null && ref.jobUuid !== null) return `could not be read. It ${mayRun}`;
  if (job === null)
    return unansweredMark === null
      ? 'was not created.'
      : `may have been created: the service did not respond to the cook request. The post step looks for the job again. To find it yourself, search for ${unansweredMark} in the job descriptions: ${consoleUrl}`;
  if (unread !== null && cancel === null) return mayRun;
  const hasEnded = !isOpen(outcome);
  if (hasEnded && wasStopped(outcome)) return 'was canceled.';
  if (cancel === 'accepted' && mayRestart(job))
    return 'failed. It is being canceled so that the service does not restart it.';
  if (cancel !== null && hasEnded && !mayRestart(job)) return 'ended before it could be canceled.';
  if (cancel === 'accepted' && isEnding(job.status)) return 'is being canceled.';
  if (cancel === 'accepted')
    return `is being canceled, and is still ${sanitizeLine(formatStatus(job.status), 60)}.`;
  if (cancel === 'failed')
    return `could not be canceled. It may still be running, and billed. The post step tries again. To check, use the console: ${consoleUrl}`;
  return isKept
    ? `was left running${result === 'timed-out' ? ' because of on-timeout' : ''}. It is billed while it runs. To stop it, use the console: ${consoleUrl}`
    : `may still be running, and billed. The post step cancels it. To check, use the console: ${consoleUrl}`;
}

// 128 + SIGKILL: only the kernel kills a container in the middle of its work.
const killed = 137;

const outOfMemory = /\bOOM|(?<!\b(?:cuda|gpu|device) )\bout of memory/i;

const hardware = 'less hardware, another gpu-name, or more regions (allowed-region-codes)';

// By how far a job came: what helps after its failure, and after the step's timeout.
const remedies: Readonly<Record<FailurePhase, readonly [ofFailure: string, ofTimeout: string]>> = {
  assign: [
    `Ask for ${hardware}, or increase max-timeout-assign to wait longer for a machine.`,
    `The job was still waiting for a machine: ask for ${hardware}, or increase timeout.`,
  ],
  start: [
    'Check the image, its tag, and the registry login (host, user, and secret in parameters). For a large image, increase max-timeout-start, for example to 30m.',
    'The machine was still starting: increase timeout, or use a smaller image.',
  ],
  'run-limit': [
    'Increase max-timeout-run, in the inputs or in the recipe, or split the work into several entries of recipes.',
    'Increase timeout, or set on-timeout to choose what happens then.',
  ],
  run: [
    `Read its log in the console: ${consoleUrl}`,
    'Increase timeout, or set on-timeout to choose what happens then.',
  ],
};

function phaseOf(outcome: Outcome): FailurePhase {
  const phase = failurePhaseOf(outcome) ?? 'run';
  // What has an exit code did start, though no look has seen it run.
  const isStarted = exitCodeOf(outcome) !== null && !failedToStart(outcome);
  return phase === 'start' && isStarted ? 'run' : phase;
}

function getRemedy(outcome: Outcome): string {
  const phase = phaseOf(outcome);
  const isKilled = exitCodeOf(outcome) === killed;
  if (phase === 'run' && (isKilled || outOfMemory.test(outcome.job?.status_reason ?? '')))
    return 'This usually means that the container ran out of memory: increase min-ram-gb.';
  if (phase === 'run' && outcome.logTail.length > 0)
    return `Read the full log, in the folder of the output logs-path or in the console: ${consoleUrl}`;
  return remedies[phase][0];
}

function getTimeoutRemedy(outcome: Outcome): string {
  const { readyCheck, readiness, logTail, unread } = outcome;
  const lessTime = 'Increase timeout only if the server needs more time to start.';
  if (unread !== null) return 'Check the input api-url and the network.';
  if (readiness?.answer.includes('has no address'))
    return 'Check that ports contains the port. Some machines report no address if ports does not contain 22. Otherwise, run the workflow again to get another machine.';
  if (readiness?.check.includes('ssh'))
    return `Check that the image runs sshd and passes SSH_PUBKEY to the user in ssh-user. ${lessTime}`;
  if (readyCheck === null || readiness === null) return remedies[phaseOf(outcome)][1];
  const log = logTail.length === 0 ? '' : ', and read its log';
  return `Check that the server in the container serves ${formatReadyCheck(readyCheck)}${log}. ${lessTime}`;
}

// This step did not cancel it: the service may do that at a limit.
function getCancelRemedy(outcome: Outcome): string {
  const phase = phaseOf(outcome);
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

// After `Job 0198…`: what was measured, with what the service says beyond that.
function describeFailure(outcome: Outcome): string {
  const failed = describePhase(outcome);
  const reason = sanitizeLine(outcome.job?.status_reason ?? '', 1_000);
  if (reason === '') return `${failed}. The service gave no reason.`;
  const isCode = exitCodeOf(outcome) !== null && phaseOf(outcome) === 'run';
  const rest = isCode ? reason.replace(exitWords, '') : reason;
  const said = rest.replace(/^\s*\(([^()]*)\)$/, '$1').replace(/^[\s:;,.)-]+/, '');
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
