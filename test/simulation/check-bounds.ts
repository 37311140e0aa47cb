import { asError } from '../../src/errors.ts';
import type { PlayedProcess } from './launch.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import { keys } from './service.ts';
import {
  hasCeiling,
  isAnswered,
  isInDoubt,
  reportedBy,
  sentBy,
  toldAtMs,
  type Violation,
} from './truth.ts';

// Every step ends in time, leaves the service alone as far as it can, and keeps its secrets.

const second = 1_000;
const minute = 60 * second;

/** Checks times, requests and secrets. */
export function checkBounds(life: PlayedLife): readonly Violation[] {
  const processes = life.steps.flatMap(({ main, post }) => (post === null ? [main] : [main, post]));
  return [
    ...(life.stuck === null ? [] : [{ check: 'never ends', what: life.stuck }]),
    ...processes.flatMap(checkSoundness),
    ...life.steps.flatMap((step) => [
      ...checkTimes(step),
      ...checkRequests(life, step),
      ...checkLookUps(life, step),
      ...checkError(life, step),
      ...[step.main, step.post].flatMap((each) => (each === null ? [] : checkSecrets(each, step))),
    ]),
  ];
}

function checkSoundness({ name, thrown, spins }: PlayedProcess): readonly Violation[] {
  return [
    ...(thrown === undefined
      ? []
      : [{ check: 'rejects', what: `${name}: ${asError(thrown).message}` }]),
    ...(spins ? [{ check: 'spins', what: name }] : []),
  ];
}

function checkTimes({ main, post, plan }: PlayedStep): readonly Violation[] {
  const timeoutMs = plan.command === 'cancel' ? 5 * minute : plan.policy.timeoutMs;
  const tookMs = main.endMs - main.startMs;
  const afterSignalMs = main.endMs - (main.signalMs ?? Infinity);
  const postMs = post === null ? 0 : post.endMs - post.startMs;
  return [
    ...(tookMs > timeoutMs + 3 * minute + second
      ? [{ check: 'main takes too long', what: `${tookMs - timeoutMs} ms after the timeout` }]
      : []),
    ...(afterSignalMs > 9 * second
      ? [{ check: 'slow after a signal', what: `${afterSignalMs} ms` }]
      : []),
    ...(postMs > 4 * minute + second
      ? [{ check: 'post takes too long', what: `${postMs} ms` }]
      : []),
  ];
}

/** Nothing ends with an error for no reason. */
function checkError(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main, plan } = step;
  if (toldAtMs(main) !== null || main.killed) return [];
  const sent = sentBy(life, main.name);
  const isRefused = plan.policy.maxParallel > 0 && sent.length === 0;
  const errors = reportedBy(step).filter(({ result, jobUuid }) => {
    return result === 'error' && jobUuid !== plan.unknownUuid;
  });
  // Two answers of 404 end the wait, whatever they come from, and 409 refuses a cancel.
  const hasReason = sent.some(
    ({ fault, status }) => fault !== null || status === 404 || status === 409,
  );
  if (errors.length === 0 || hasReason || isRefused) return [];
  return [{ check: 'error without a reason', what: `${errors.length} entries` }];
}

/** Requests stay within what the length of the step and its troubles call for. */
function checkRequests(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main, post, plan } = step;
  const { policy } = plan;
  const jobCount = Math.max(plan.entries.length, step.given.length);
  const tookMs = main.endMs - main.startMs;
  // A rate that may be new is looked for at least every 20 s.
  const pauseMs = Math.min(policy.pollMs || 5 * second, hasCeiling(plan) ? 20 * second : Infinity);
  const looks = tookMs / pauseMs + 1;
  const perLook = (policy.logs === 'none' ? 2 : 12) + (hasCeiling(plan) ? 1 : 0);
  const budget = 100 + 60 * jobCount + looks * (jobCount + 1) * perLook + lookUpBudget(life, step);
  // With growing pauses between them.
  const inVain = 100 + 40 * jobCount + (tookMs / (10 * second)) * (jobCount + 1);
  // A re-run may have jobs of the attempt before to end as well.
  const toCancel = sentBy(life, post?.name ?? '').filter(({ kind }) => kind === 'cancel');
  const inPostCount = Math.max(jobCount, new Set(toCancel.map(({ path }) => path)).size);
  // Ten reads that fail end a look, and the next one comes within 8 s.
  const forDescriptions = life.plan.service.tellsDescriptions ? 0 : 300;
  // What has failed, and may be restarted, is watched to the end of post.
  const { startMs = Infinity } = post ?? {};
  const hasFailed = life.service.jobs().some((job) => job.statusAt(startMs) === 'FAILED');
  const perJob = hasFailed ? 180 : 80;
  const inPost = 60 + perJob * inPostCount + 40 * pagesOf(life) + forDescriptions;
  const sent = sentBy(life, main.name);
  const good = sent.filter(({ fault }) => fault === null).length;
  return [
    ...over('requests', good, budget),
    ...over('requests in vain', sent.length - good, inVain),
    ...over('requests in post', post === null ? 0 : sentBy(life, post.name).length, inPost),
  ];
}

function over(what: string, count: number, budget: number): readonly Violation[] {
  if (count <= budget) return [];
  return [{ check: 'too many requests', what: `${count} ${what} of ${Math.round(budget)}` }];
}

/** One look-up serves all entries in doubt. */
function checkLookUps(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const pages = sentBy(life, step.main.name).filter(
    (each) => each.kind === 'list' && !each.search.includes('uuid') && isAnswered(each),
  );
  const budget = lookUpBudget(life, step);
  if (pages.length <= budget) return [];
  return [{ check: 'too many look-ups', what: `${pages.length} pages of ${budget}` }];
}

// Looks come some seconds apart, as long as there is a doubt that is younger than a minute.
function lookUpBudget(life: PlayedLife, { main }: PlayedStep): number {
  const cooks = sentBy(life, main.name).filter(({ kind }) => kind === 'cook');
  const doubtsMs = cooks
    .filter((each) => isInDoubt(each) || each.status === 429)
    .map(({ endedAtMs }) => endedAtMs ?? 0)
    .toSorted((a, b) => a - b);
  const spansMs = doubtsMs.map((atMs, index) => {
    return Math.min(minute, (doubtsMs[index + 1] ?? Infinity) - atMs);
  });
  const lookingMs = spansMs.reduce((sum, ms) => sum + ms, 0);
  // Attaching, and looks for a second job later on.
  const laterMs = doubtsMs.length === 0 ? 0 : main.endMs - main.startMs;
  const others = 10 + cooks.length / 4 + laterMs / (2 * minute);
  // Pages are read again where one fails.
  return 1.25 * (others + lookingMs / (2 * second)) * pagesOf(life);
}

function pagesOf(life: PlayedLife): number {
  const { strangers, maxPage } = life.plan.service;
  return Math.ceil((strangers + life.service.jobs().length) / maxPage) + 1;
}

function checkSecrets({ name, runner }: PlayedProcess, step: PlayedStep): readonly Violation[] {
  const { lines, annotations, outputs, kept, summary } = runner.heard;
  const { 'access-token': _masked, ...told } = Object.fromEntries(outputs);
  const texts = [lines, annotations, told, [...kept], summary()].map((each) =>
    JSON.stringify(each),
  );
  const secrets = [keys.secretKey, step.plan.secret ?? keys.secretKey, 'cat_sim_'];
  return secrets
    .filter((secret) => texts.some((text) => text.includes(secret)))
    .map((secret) => ({ check: 'secret told', what: `${name}: ${secret}` }));
}
