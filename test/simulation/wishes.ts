import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';
import {
  entryOf,
  hasCeiling,
  isReplaced,
  jobsByEntry,
  placeOf,
  reportedBy,
  sentBy,
  toldAtMs,
  wasAnswered,
} from './truth.ts';

// The policies of docs and inputs once more, in code of its own: what is wanted of each job at the
// end. `either` is where two things happened at about the same time, and it is open which was first.

export type Wish = 'end' | 'keep' | 'either';

/** What the steps of a life want of a job in the end; null where none has to do with it. */
export function wishFor(life: PlayedLife, job: SimulatedJob): Wish | null {
  const wishes = life.steps.flatMap((step) => {
    const wish = wishOfStep(life, step, job);
    return wish === null ? [] : [wish];
  });
  if (wishes.includes('end')) return 'end';
  return wishes.includes('either') ? 'either' : (wishes[0] ?? null);
}

/** What one step wants of a job; null where it has nothing to do with it. */
export function wishOfStep(life: PlayedLife, step: PlayedStep, job: SimulatedJob): Wish | null {
  const isGiven = step.given.includes(job.uuid);
  const isOwn = job.cookedBy === step.main.name || isTakenOver(life, step, job);
  if (!isGiven && !isOwn) return null;
  if (isOwn && (isDuplicate(life, step, job) || isReplaced(life, step, job))) return 'end';
  // A re-run cancels what had failed when its own cook leaves, though that may create nothing.
  const isFailed =
    isOwn && job.cookedBy !== step.main.name && job.statusAt(step.main.startMs) === 'FAILED';
  if (isFailed && sentBy(life, step.main.name).some(({ kind }) => kind === 'cook')) return 'either';
  // Of several entries that are alike, it is not to be seen from outside which one a re-run cooks anew.
  if (isOwn && job.cookedBy !== step.main.name && placeOf(step, job) === null) return 'either';
  if (step.plan.command === 'cancel') return wishOfCancel(step, job);
  const told = toldAtMs(step.main);
  const verdictAtMs = step.main.killed ? Infinity : (step.main.runner.verdictAtMs() ?? Infinity);
  const wish =
    told !== null && told < verdictAtMs
      ? whenTold(life, step, job, told)
      : byVerdict(life, step, job);
  const { onJobEnd } = step.plan.policy;
  // Where there was no post, a check does its work.
  const isJobOver = step.post !== null || life.looks !== null;
  return isJobOver && onJobEnd === 'cancel' ? 'end' : wish;
}

// A re-run takes over what it has found, once it has looked through the whole list.
function isTakenOver(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  // Steps of one composite action look the same to a re-run.
  const isEarlier = life.steps.some(({ main, attempt, plan }) => {
    return main.name === job.cookedBy && attempt === 1 && plan.action === step.plan.action;
  });
  if (step.plan.policy.onRerun !== 'attach' || step.attempt === 1 || !isEarlier) return false;
  const { outputs, kept } = step.main.runner.heard;
  const texts = [outputs.get('job-uuids') ?? '', ...kept.values()];
  if (texts.some((text) => text.toLowerCase().includes(job.uuid))) return true;
  const pages = sentBy(life, step.main.name).filter(
    ({ kind, search }) => kind === 'list' && !search.includes('uuid'),
  );
  const lastMs = Math.max(...pages.map(({ endedAtMs }) => endedAtMs ?? Infinity));
  const isThrough = sentBy(life, step.main.name).some(({ kind, sentAtMs }) => {
    return kind === 'cook' && sentAtMs >= lastMs;
  });
  return isThrough && pages.some(({ shows }) => shows.includes(job.uuid)) && isOnly(life, step);
}

// Where there may be a choice, nothing is taken over.
function isOnly(life: PlayedLife, { plan }: PlayedStep): boolean {
  const recipes = plan.entries.map(({ recipeUuid }) => recipeUuid);
  const isOneStep = life.steps.filter(({ attempt }) => attempt === 1).length === 1;
  return isOneStep && new Set(recipes).size === recipes.length;
}

// Of several jobs of one entry, the one that the step reports is the entry's own.
function isDuplicate(life: PlayedLife, step: PlayedStep, job: SimulatedJob): boolean {
  const group = jobsByEntry(life, step).find((each) => each.some(({ uuid }) => uuid === job.uuid));
  if (group === undefined || group.length < 2) return false;
  const text = step.main.runner.heard.outputs.get('job-uuids') ?? '';
  const own = group.find(({ uuid }) => text.toLowerCase().includes(uuid));
  if (own !== undefined) return own.uuid !== job.uuid;
  // Where it reports none, any one of them may be: the one that lives on.
  const unfinished = group.find(({ endedAtMs }) => endedAtMs() === null) ?? group[0];
  return unfinished?.uuid !== job.uuid;
}

function wishOfCancel(step: PlayedStep, job: SimulatedJob): Wish {
  const reported = reportedBy(step).find(({ jobUuid }) => jobUuid === job.uuid);
  const isDone = reported !== undefined && reported.result !== 'error';
  return isDone && toldAtMs(step.main) === null ? 'end' : 'either';
}

function whenTold(life: PlayedLife, step: PlayedStep, job: SimulatedJob, told: number): Wish {
  const { policy } = step.plan;
  // It was over budget before: whether it was is checked by the result.
  const isGone = sentBy(life, step.main.name).some(
    ({ kind, path, sentAtMs }) =>
      kind === 'cancel' && path.toLowerCase().includes(job.uuid) && sentAtMs < told,
  );
  if (hasCeiling(step.plan) && isGone) return 'end';
  const wish = policy.onWorkflowCancel === 'cancel' ? 'end' : 'keep';
  const isLate = told >= step.main.startMs + policy.timeoutMs - 50;
  const atTimeout = policy.onTimeout === 'cancel' ? 'end' : 'keep';
  if (isLate && atTimeout !== wish) return 'either';
  // Its cook may have been given up before.
  const index = entryOf(step, job);
  const isGivenUp = reportedBy(step).some(
    ({ result }, place) => result === 'error' && (index === null || index === place),
  );
  const mayBeGivenUp = isGivenUp || step.main.killed;
  if (wish === 'keep' && mayBeGivenUp && !wasAnswered(life, job)) return 'either';
  // Something may have ended the wait before.
  const isOpen = wish === 'keep' && (policy.failFast || policy.onTimeout === 'cancel');
  return isOpen && hadTrouble(life, step, told) ? 'either' : wish;
}

function hadTrouble(life: PlayedLife, step: PlayedStep, byMs: number): boolean {
  const isBad = (job: SimulatedJob) => /^(?:FAILED|CANCELLED)$/.test(job.statusAt(byMs));
  const isOwn = ({ uuid, cookedBy }: SimulatedJob) =>
    cookedBy === step.main.name || step.given.includes(uuid);
  if (life.service.jobs().some((job) => isOwn(job) && isBad(job))) return true;
  return sentBy(life, step.main.name).some(({ status, fault }) => {
    return fault !== null || (status !== null && status >= 400);
  });
}

const passing = new Set(['succeeded', 'submitted', 'running', 'detached']);

function byVerdict(life: PlayedLife, step: PlayedStep, job: SimulatedJob): Wish {
  const { policy } = step.plan;
  const reported = reportedBy(step);
  const results = reported.map(({ result }) => result);
  // Then a job may have failed after the wait was over.
  const isTimedOut = step.main.endMs >= step.main.startMs + policy.timeoutMs - 50;
  const isBad = results.some((each) => !passing.has(each) && each !== 'timed-out');
  if (policy.failFast && isBad && !isTimedOut) return 'end';
  const own = reported.find(({ jobUuid }) => jobUuid === job.uuid);
  const index = entryOf(step, job);
  const result = own?.result ?? (index === null ? undefined : reported[index]?.result);
  const wish = byResult(result, step, own === undefined);
  // Whether it was found before its cook was given up or after is not to be seen from outside.
  const isFound = own !== undefined && !step.given.includes(job.uuid) && !wasAnswered(life, job);
  if (result === 'error' && isFound && wish === 'keep') return 'either';
  return wish === 'keep' && policy.failFast && isBad ? 'either' : wish;
}

function byResult(result: string | undefined, step: PlayedStep, isUnknown: boolean): Wish {
  const atTimeout = step.plan.policy.onTimeout === 'cancel' ? 'end' : 'keep';
  switch (result) {
    case 'running':
    case 'submitted':
    case 'detached':
      return 'keep';
    case 'timed-out':
      return atTimeout;
    case 'error':
      // A job of which nothing is known is nobody's; one that was lost is as at the timeout.
      return isUnknown ? 'end' : atTimeout;
    case undefined:
      return 'either';
    default:
      return 'end';
  }
}
