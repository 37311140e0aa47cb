import type { Sent } from './network.ts';
import { isCheck } from './check-looks.ts';
import { stoppedByPerson } from './draw-service.ts';
import { isExcused } from './excuses.ts';
import type { PlayedLife, PlayedStep } from './play.ts';
import type { SimulatedJob } from './service.ts';
import {
  cookOf,
  descriptionOf,
  hasEnded,
  isAnswered,
  isInDoubt,
  jobsByEntry,
  mayBeLost,
  names,
  placeOf,
  saidBy,
  sentBy,
  type Violation,
} from './truth.ts';
import { wishFor, wishOfStep } from './wishes.ts';

// Never twice, never orphaned, and nobody else's.

/** Checks what became of every job. */
export function checkCustody(life: PlayedLife): readonly Violation[] {
  const cooks = life.steps.filter(({ plan }) => plan.command === 'cook');
  return [
    ...life.service.strangersCancelled.map((uuid) => broken('stranger cancelled', uuid)),
    ...cooks.flatMap((step) => [
      ...checkSends(life, step),
      ...checkCooksAfterEnd(life, step),
      ...checkParallel(life, step),
      ...checkTries(life, step),
    ]),
    ...life.service.jobs().flatMap((job) => checkFate(life, job)),
    ...checkAttach(life),
  ];
}

function broken(check: string, what: string): Violation {
  return { check, what };
}

const lookUpMs = 30_000;

/** A cook is sent again only when it is certain that it was not taken, or after a look-up. */
function checkSends(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const sent = sentBy(life, step.main.name);
  const looks = sent.filter(
    (each) => each.kind === 'list' && !each.search.includes('uuid') && isAnswered(each),
  );
  const byEntry = Map.groupBy(
    sent.filter(({ kind }) => kind === 'cook'),
    descriptionOf,
  );
  return [...byEntry].flatMap(([description, cooks]) => {
    const jobs = life.service.jobs().filter((job) => job.description === description);
    const own = jobs.filter(({ cookedBy }) => cookedBy === step.main.name);
    const doubts = cooks.filter((cook) => isInDoubt(cook)).length;
    return [
      ...cooks.slice(1).flatMap((cook, index) => checkAgain(cook, cooks[index], own, looks)),
      ...(doubts > 3 ? [broken('cooked again and again', `${doubts} doubts`)] : []),
      ...own.slice(1).flatMap((job) => checkTold(life, step, job)),
    ];
  });
}

function checkAgain(
  cook: Sent,
  before: Sent | undefined,
  jobs: readonly SimulatedJob[],
  looks: readonly Sent[],
): readonly Violation[] {
  if (before === undefined) return [];
  const at = `${before.by}: second cook after ${cook.sentAtMs - (before.endedAtMs ?? 0)} ms`;
  if (isAnswered(before)) return [broken('cooked twice', `${at} though the first was answered`)];
  if (!isInDoubt(before)) return [];
  const doubtMs = before.endedAtMs ?? 0;
  if (cook.sentAtMs - doubtMs < lookUpMs - 100) return [broken('cooked again too soon', at)];
  const last = looks.findLast(({ sentAtMs }) => sentAtMs < cook.sentAtMs);
  if (last === undefined || last.sentAtMs < doubtMs + 20_000) {
    return [broken('cooked again without a look', at)];
  }
  // It may have had to wait for a place after its own last look, while others went on looking.
  const placeMs = 1_000;
  const own = looks.findLast(({ sentAtMs }) => sentAtMs < cook.sentAtMs - placeMs) ?? last;
  const listed = jobs.find(({ listedAtMs, takenAtMs }) => {
    return takenAtMs < cook.sentAtMs && listedAtMs <= firstPageMs(own, looks);
  });
  return listed === undefined ? [] : [broken('cooked twice', `${at} though ${listed.uuid} shows`)];
}

// A page of a look-up may be as old as its first one.
function firstPageMs(last: Sent, looks: readonly Sent[]): number {
  const first = looks.findLast(
    ({ search, sentAtMs }) => sentAtMs <= last.sentAtMs && /(?:^|&)page=1(?:&|$)/.test(search),
  );
  return first?.takenAtMs ?? last.takenAtMs ?? 0;
}

function checkTold(life: PlayedLife, step: PlayedStep, job: SimulatedJob): readonly Violation[] {
  const wasSeen = life.sent.some(({ by, shows }) => isOf(step, by) && shows.includes(job.uuid));
  const said = [...saidBy(step.main), ...saidBy(step.post)];
  if (!wasSeen || said.some((text) => names(text, job))) return [];
  return [broken('duplicate not told', job.uuid)];
}

/** The next model is cooked only when the job before has ended without a start. */
function checkTries(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const own = life.service.jobs().filter(({ cookedBy }) => cookedBy === step.main.name);
  return own.flatMap((next) => {
    const sentAtMs = cookOf(life, next)?.sentAtMs ?? next.takenAtMs;
    const place = placeOf(step, next);
    const before = own.filter(
      (job) => job.takenAtMs < next.takenAtMs && job.gpuName !== next.gpuName,
    );
    return before.flatMap((job) => {
      if (place === null || placeOf(step, job) !== place) return [];
      if (!hasEnded(job, sentAtMs))
        return [broken('two models at once', `${job.uuid}, ${next.uuid}`)];
      if (job.reasonAt(sentAtMs) === stoppedByPerson)
        return [broken('tried again though a person cancelled', job.uuid)];
      return job.hadStarted(sentAtMs) ? [broken('tried again after a start', job.uuid)] : [];
    });
  });
}

function isOf(step: PlayedStep, by: string): boolean {
  return by === step.main.name || by === step.post?.name;
}

function checkCooksAfterEnd(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { main, plan } = step;
  // One that had left may be refused, and signed once more.
  const endMs = Math.min(main.signalMs ?? Infinity, main.startMs + plan.policy.timeoutMs) + 3_500;
  const late = sentBy(life, main.name).filter((each) => {
    return each.kind === 'cook' && each.sentAtMs > endMs;
  });
  return late.map((each) => broken('cooks after the end', `${each.sentAtMs - endMs} ms after`));
}

function checkParallel(life: PlayedLife, step: PlayedStep): readonly Violation[] {
  const { maxParallel } = step.plan.policy;
  if (maxParallel === 0) return [];
  const groups = jobsByEntry(life, step);
  return groups.flatMap(([job]) => {
    const sentAtMs = job === undefined ? undefined : cookOf(life, job)?.sentAtMs;
    if (job === undefined || sentAtMs === undefined) return [];
    const others = groups.filter(([other]) => {
      return other !== undefined && other.uuid !== job.uuid && isOpen(life, other, sentAtMs);
    });
    if (others.length + 1 <= maxParallel) return [];
    return [broken('more than max-parallel', `${others.length + 1} of ${maxParallel}`)];
  });
}

// Whether its step knows of an unfinished job.
function isOpen(life: PlayedLife, job: SimulatedJob, atMs: number): boolean {
  if (hasEnded(job, atMs) || mayBeLost(life, job.cookedBy, job)) return false;
  // The end of one that was cancelled is waited for for half a minute.
  if (job.cancels.some(({ atMs: cancelledMs }) => cancelledMs < atMs - 29_000)) return false;
  return sentBy(life, job.cookedBy).some(
    ({ kind, shows, endedAtMs }) =>
      kind === 'cook' && shows.includes(job.uuid) && (endedAtMs ?? Infinity) < atMs,
  );
}

// A job has 20 s to stop, after a cancel at the last moment.
const graceMs = 25_000;

/** Running at the end is what is wanted, and only that. */
function checkFate(life: PlayedLife, job: SimulatedJob): readonly Violation[] {
  const wish = wishFor(life, job);
  const cancels = job.cancels.filter(({ isLate }) => !isLate);
  if (wish === 'keep' && cancels.length > 0) {
    return [broken('cancelled though wanted', `${job.uuid} by ${cancels[0]?.by}`)];
  }
  const strangers = cancels.filter(({ by }) => !isCheck(by) && !concerns(life, by, job));
  if (strangers.length > 0) {
    return [broken("another step's job cancelled", `${job.uuid} by ${strangers[0]?.by}`)];
  }
  if (wish !== 'end' || hasEnded(job, life.endMs + graceMs)) return [];
  const owners = life.steps.filter((step) => wishOfStep(life, step, job) === 'end');
  if (owners.every((step) => isExcused(life, step, job))) return [];
  const wasIgnored = cancels.length > 0 && cancels.length <= life.plan.service.ignoredCancels;
  const check = wasIgnored ? 'left running, its cancel ignored' : 'left running';
  return [broken(check, `${job.uuid}, cooked by ${job.cookedBy}`)];
}

function concerns(life: PlayedLife, by: string, job: SimulatedJob): boolean {
  return life.steps.some((step) => isOf(step, by) && wishOfStep(life, step, job) !== null);
}

/** A re-run that attaches cooks nothing anew that is there to be taken over. */
function checkAttach(life: PlayedLife): readonly Violation[] {
  if (life.plan.weather.blips > 0 || life.plan.weather.outages.length > 0) return [];
  if (life.plan.weather.strikes.length > 0) return [];
  const reruns = life.steps.filter(({ plan, attempt }) => {
    return plan.policy.onRerun === 'attach' && attempt === 2 && plan.command === 'cook';
  });
  return reruns.flatMap((step) => {
    const before = life.service.jobs().filter(({ cookedBy }) => cookedBy.endsWith('1.main'));
    return jobsByEntry(life, step).flatMap(([job]) => {
      if (job === undefined) return [];
      const free = before.filter((each) => isFree(each, job, step));
      const sameStep = life.steps.filter(({ attempt }) => attempt === 1);
      if (free.length !== 1 || sameStep.length !== 1 || !isDistinct(step)) return [];
      return [broken('not attached', `${free[0]?.uuid} was there, ${job.uuid} was cooked`)];
    });
  });
}

function isDistinct({ plan }: PlayedStep): boolean {
  return new Set(plan.entries.map(({ recipeUuid }) => recipeUuid)).size === plan.entries.length;
}

function isFree(before: SimulatedJob, job: SimulatedJob, step: PlayedStep): boolean {
  if (before.recipeUuid !== job.recipeUuid || before.listedAtMs > step.main.startMs) return false;
  const status = before.statusAt(job.takenAtMs);
  const isThere = ['PENDING', 'ASSIGNED', 'PREPARING', 'RUNNING', 'COMPLETED'].includes(status);
  return isThere && before.statusAt(step.main.startMs) !== 'FAILED';
}
